"""Proxies for scrubbing, and decoding ahead."""

import itertools
import threading
import time
from fractions import Fraction

import numpy as np
import pytest

from capture.ahead import MEMORY_BYTES, MOST, ahead, depth
from capture.errors import Cancelled, ClipError
from capture.proxy import ProxyPictures, make_proxy, open_proxy, proxy_path
from capture.video import frames, probe
from tests.clips import numbered, read_number, write_clip

COUNT = 60
UNEVEN = [Fraction(sum(1 if i % 3 else 3 for i in range(index)), 30) for index in range(COUNT)]


@pytest.mark.parametrize("options", [{"options": {"bf": "3", "g": "24"}}, {"times": UNEVEN},
                                     {"pixel_aspect": Fraction(2, 1)}])
def test_a_proxys_frames_have_the_clips_numbers(options, tmp_path):
    pictures = numbered(COUNT, (384, 128)).repeat(2, axis=1).repeat(2, axis=2)  # numbers twice as large: half is whole
    clip = probe(write_clip(tmp_path / "camA.mp4", pictures, **options))
    proxy = open_proxy(clip, make_proxy(clip, tmp_path / ".mien", "abc"))
    assert proxy.size == (clip.size[0] // 2, clip.size[1] // 2)
    assert (proxy.camera, proxy.frames, proxy.frame_rate) == ("camA", COUNT, clip.frame_rate)
    np.testing.assert_array_equal(proxy.times, clip.times)
    assert len(proxy.index.keys) == COUNT  # each frame by itself
    wide = 2 if "pixel_aspect" in options else 1
    assert [read_number(frame.rgb[:, ::wide]) for frame in frames(proxy)] == list(range(COUNT))
    pictures = ProxyPictures(proxy)
    for index in (0, 41, 59, 3):
        decoded = next(frames(proxy, index)).rgb
        assert read_number(decoded[:, ::wide]) == index
        alone = pictures.rgb(index)
        assert read_number(alone[:, ::wide]) == index
        assert np.abs(alone.astype(int) - decoded).mean() < 6, "the same picture but for how colours are spread"
    pictures.close()


def test_a_proxy_is_used_again_until_its_clip_changes(tmp_path):
    clip = probe(write_clip(tmp_path / "camA.mp4", numbered(10)))
    calls = []
    path = make_proxy(clip, tmp_path / "p", "abc", lambda done, total: calls.append((done, total)))
    assert calls[-1] == (10, 10)
    state = path.stat().st_mtime_ns, path.read_bytes()
    assert make_proxy(clip, tmp_path / "p", "abc", lambda done, total: calls.append("again")) == path
    assert "again" not in calls
    assert (path.stat().st_mtime_ns, path.read_bytes()) == state
    assert proxy_path(clip, tmp_path / "p", "other") != path
    other = probe(write_clip(tmp_path / "camB.mp4", numbered(11)))
    with pytest.raises(ClipError, match="10 frames and camB"):
        open_proxy(other, path)


def test_a_damaged_proxy_is_refused_picture_by_picture(tmp_path):
    clip = probe(write_clip(tmp_path / "camA.mp4", numbered(10)))
    path = make_proxy(clip, tmp_path / "p", "abc")
    proxy = open_proxy(clip, path)
    pictures = ProxyPictures(proxy)
    with pytest.raises(ClipError, match="has no frame 10"):
        pictures.rgb(10)
    place, size = pictures._places[4]
    with path.open("r+b") as file:
        file.seek(place)
        file.write(bytes(size))
    with pytest.raises(ClipError, match=r"frame 4 .* is damaged; delete it"):
        pictures.rgb(4)
    assert pictures.rgb(5).shape == (*proxy.size[::-1], 3)
    pictures.close()
    path.write_bytes(b"torn")
    with pytest.raises(ClipError, match="cannot be read; delete it"):
        ProxyPictures(proxy)


def test_decoding_is_given_up_on_the_way_from_a_keyframe(tmp_path):
    clip, asked = probe(write_clip(tmp_path / "camA.mp4", numbered(COUNT), options={"g": "60"})), []

    def given_up() -> bool:
        asked.append(1)
        return len(asked) > 5

    with pytest.raises(Cancelled):
        next(frames(clip, 50, given_up=given_up))
    assert len(asked) == 6
    assert next(frames(clip, 50, given_up=lambda: False)).index == 50


def test_a_cancelled_proxy_leaves_nothing(tmp_path):
    clip = probe(write_clip(tmp_path / "camA.mp4", numbered(10)))

    def cancel(done: int, total: int) -> None:
        if done == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        make_proxy(clip, tmp_path / "p", "abc", cancel)
    assert list((tmp_path / "p").iterdir()) == []


def test_ahead_gives_the_same_and_fetches_no_more_than_it_may():
    fetched = []

    def source():
        for number in range(20):
            fetched.append(number)
            yield number

    running = ahead(source(), 3)
    assert next(running) == 0
    time.sleep(0.3)
    assert len(fetched) <= 1 + 3 + 1  # given, waiting, in the fetcher's hand
    assert [0, *running] == list(range(20))


def test_ahead_hands_errors_on_and_stops_with_its_reader():
    def broken():
        yield 1
        raise ClipError("cut off")

    running = ahead(broken(), 2)
    assert next(running) == 1
    with pytest.raises(ClipError, match="cut off"):
        next(running)
    endless = ahead(itertools.count(), 2)
    assert next(endless) == 0
    endless.close()
    assert not any(thread.name == "decode ahead" for thread in threading.enumerate())


def test_memory_bounds_how_far_ahead():
    frame = 8192 * 4320 * 3
    assert depth(frame, 4) == 1
    assert depth(1920 * 1080 * 3, 4) * 4 * 1920 * 1080 * 3 <= MEMORY_BYTES
    assert depth(10) == MOST
