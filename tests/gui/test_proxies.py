"""Scrubbing by proxies: a coarse picture of the very frame at once, the frame itself when the hand rests."""

from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from PySide6.QtGui import QImage

from app.gui import frame_loader, jobs, proxies
from app.gui.picture_cache import PictureCache
from capture.errors import MienError
from tests.clips import read_number


@pytest.fixture
def with_proxies(opened, qtbot):
    """The window on a take whose proxies were made by its own child process."""
    opened.grid.proxies._delay.setInterval(0)
    opened.session.select_take("T002")
    qtbot.waitUntil(lambda: len(opened.grid.proxies.clips) == 2 and None not in opened.grid.proxies.clips,
                    timeout=30_000)
    qtbot.waitUntil(lambda: all(pane.picture is not None for pane in opened.grid.panes))
    return opened


def number_in(picture: QImage) -> int:
    """Of a picture of either size."""
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    rgb = rows[:, :picture.width() * 3].reshape(picture.height(), picture.width(), 3)
    return read_number(rgb if picture.width() == 192 else rgb.repeat(2, axis=0).repeat(2, axis=1))


def test_a_far_frame_comes_coarse_then_fine_and_is_always_that_frame(with_proxies, qtbot):
    grid, seen = with_proxies.grid, []
    grid.loader.loaded.connect(lambda response: seen.append(
        (response.coarse, response.request.frame, [number_in(picture) for picture in response.pictures])))
    for frame in (27, 14):  # far from one another, and from what is decoded beforehand
        seen.clear()
        with_proxies.session.seek(frame)
        qtbot.waitUntil(lambda: bool(seen) and not seen[-1][0])
        assert [answer[0] for answer in seen] == [True, False]
        assert all(answer[1:] == (frame, [frame, frame]) for answer in seen)
        assert [number_in(pane.picture) for pane in grid.panes] == [frame, frame]


def test_the_next_frame_comes_fine_at_once(with_proxies, qtbot):
    seen = []
    with_proxies.session.seek(11)
    qtbot.waitUntil(lambda: with_proxies.grid.panes[0].shown_frame == 11)
    qtbot.wait(400)
    with_proxies.grid.loader.loaded.connect(lambda response: seen.append(response.coarse))
    with_proxies.session.step(1)
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [False], "no flicker between coarse and fine while stepping"


def test_what_is_decoded_far_away_keeps_nobody_waiting(with_proxies, qtbot):
    clips, busy = with_proxies.session.data.clips, Future()  # a decoder that never ends
    footage = frame_loader._Footage(clips, PictureCache())
    with ThreadPoolExecutor(2) as pool:
        here = frame_loader.Request(1, clips, 3, with_proxies.grid.proxies.clips)
        footage.finish(here, footage.begin(here, pool))
        footage._coming[0, 28] = busy
        assert not footage.is_far(here)
        assert len(footage.finish(here, footage.begin(here, pool)).pictures) == 2
        given_up = [False]
        there = frame_loader.Request(2, clips, 20, with_proxies.grid.proxies.clips)
        assert footage.is_far(there)
        footage._reader(0).given_up = lambda mine=footage._round: given_up.append(footage._round != mine)
        assert footage.coarse(there, pool).coarse
        footage._reader(0).given_up()
        assert given_up[-1], "the processor belongs to what is looked at now"
        busy.set_exception(MienError("given up"))
        footage.close()


def test_overlays_lie_where_they_did_on_a_coarse_picture(with_proxies):
    pane = with_proxies.grid.panes[0]
    before = pane.source(), pane.target()
    pane.show_picture(pane.picture.scaled(96, 80), 0)
    assert (pane.source(), pane.target()) == before


def test_a_shoot_that_cannot_be_written_is_scrubbed_without_proxies(opened, shoot, qtbot):
    (shoot / "takes/T002/.mien").write_text("in the way")
    opened.grid.proxies._delay.setInterval(0)
    opened.session.select_take("T002")
    qtbot.waitUntil(lambda: opened.grid.proxies.problem != "", timeout=30_000)
    assert "cannot be written" in opened.grid.proxy_words.toolTip()
    opened.session.seek(17)
    qtbot.waitUntil(lambda: opened.grid.panes[0].picture is not None and opened.grid.panes[0].shown_frame == 17)


def test_leaving_the_take_stops_the_making(opened, qtbot, monkeypatch):
    watched = opened.grid.proxies
    watched._delay.setInterval(0)
    opened.session.select_take("T002")
    qtbot.waitUntil(lambda: watched._job is not None, timeout=10_000)
    job = watched._job
    opened.session.select_take("T001")
    qtbot.waitUntil(lambda: job.state in jobs.ENDED, timeout=10_000)
    assert watched._job is not job


def test_damaged_proxies_are_no_matter(with_proxies, qtbot, shoot):
    for path in (shoot / "takes/T002/.mien").glob("proxy.*"):
        path.write_bytes(b"torn")
    with_proxies.session.select_take("T001")
    with_proxies.session.select_take("T002")
    qtbot.waitUntil(lambda: with_proxies.grid.panes[0].picture is not None)
    with_proxies.session.seek(21)
    qtbot.waitUntil(lambda: number_in(with_proxies.grid.panes[0].picture) == 21)
    assert proxies.DELAY_MS >= 1000, "what the user opened comes first"
