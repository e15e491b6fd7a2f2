"""What keeps the window from standing still and its memory from growing: caches with bounds, work in turns."""

import dataclasses
import gc
import os
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from app.gui import known_clips, take_data
from app.gui.frame_loader import Request, _Footage
from app.gui.pane_faces import PaneFaces
from app.gui.picture_cache import PictureCache
from app.gui.turns import Turns
from capture.shoot import open_shoot
from tests.gui import faked


def picture(side: int) -> QImage:
    return QImage(side, side, QImage.Format.Format_RGB888)


@pytest.fixture
def probed(monkeypatch) -> list[str]:
    """The names of the clips that are probed from now on."""
    names, real = [], known_clips.probe
    monkeypatch.setattr(known_clips, "_known", type(known_clips._known)())
    monkeypatch.setattr(known_clips, "probe", lambda path, *how: names.append(path.name) or real(path, *how))
    return names


def test_pictures_of_all_takes_have_one_bound_and_the_longest_unused_goes_first(shoot):
    first, second = (take_data.read_take(take).clips.clips[0] for take in open_shoot(shoot).takes)
    each = picture(64).sizeInBytes()
    cache = PictureCache(3 * each)
    for clip, number in ((first, 0), (second, 0), (first, 1)):
        cache.keep(clip, number, picture(64))
    cache.get(first, 0)
    cache.keep(second, 1, picture(64))
    cache.keep(second, 1, picture(64))
    assert [cache.has(*key) for key in ((first, 0), (second, 0), (first, 1), (second, 1))] == [True, False, True, True]
    assert cache.size == 3 * each


def test_footage_that_was_left_is_gone_at_once(shoot):
    clips = take_data.read_take(open_shoot(shoot).takes[0]).clips
    footage, cache = _Footage(clips, PictureCache()), PictureCache()
    gc.disable()
    try:
        with ThreadPoolExecutor(2) as pool:
            request = Request(1, clips, 3)
            footage.cache = cache
            footage.finish(request, footage.begin(request, pool))
        footage.close()
        left = weakref.ref(footage)
        del footage
        assert left() is None, "its decoders would lie about until Python looks for circles"
    finally:
        gc.enable()
    assert cache.has(clips.clips[0], 3)


def test_a_clip_is_probed_once_and_again_when_it_changes(shoot, probed):
    take = open_shoot(shoot).takes[0]
    while known_clips.see_next(take):
        pass
    assert probed == ["camA.mp4", "camB.mp4"]
    once = known_clips.clips_of(take)
    assert [a is b for a, b in zip(once, known_clips.clips_of(take), strict=True)] == [True, True]
    (shoot / "takes/T002/camB.mp4").replace(shoot / "takes/T001/camB.mp4")
    assert known_clips.see_next(take)
    assert probed == ["camA.mp4", "camB.mp4", "camB.mp4"]
    os.truncate(take.clips[0], 40)
    assert not known_clips.see_next(take), "what cannot be read is told by the survey, not tried for ever"


def test_looking_at_the_disk_again_decodes_and_reads_nothing_again(probed, opened, qtbot):
    session = opened.session
    qtbot.waitUntil(lambda: len(session.surveys.known) == 2)
    probed.clear()
    before = session.data
    session.reload()
    assert session.data is not before
    assert session.data.clips is before.clips
    assert session.data.scene is before.scene
    faked.solved(session.shoot.folder, "T001", seed=5)
    session.reload()
    assert session.data.scene is not before.scene, "a new solve is read"
    assert probed == []


def test_other_clocks_are_other_footage(shoot):
    clips = take_data.read_take(open_shoot(shoot).takes[0]).clips
    assert take_data.same_footage(clips, dataclasses.replace(clips))
    assert not take_data.same_footage(clips, dataclasses.replace(clips, numbers=np.roll(clips.numbers, 1, axis=1)))
    assert not take_data.same_footage(clips, None)


def test_each_has_its_turn_and_who_has_gone_is_left_out(qapp, qtbot):
    turns, done = Turns(), []
    names = {name: QObject(turns) for name in "abc"}
    for name in "abca":
        turns.ask(names[name], lambda name=name: done.append(name))
    assert done == []
    turns._next()
    assert done == ["a"], "one in each turn"
    names["b"].deleteLater()
    qtbot.waitUntil(lambda: done == ["a", "c"])
    assert not turns._timer.isActive()


def test_faces_are_drawn_one_by_one_and_stay_until_the_next_are_there(opened, qtbot, monkeypatch):
    drawn, real = [], PaneFaces.draw
    monkeypatch.setattr(PaneFaces, "draw", lambda self, *told: drawn.append(told[2].name) or real(self, *told))
    opened.grid.look.setCurrentText("Shaded face")
    for pane in opened.grid.panes:
        pane.repaint()
    assert drawn == [], "painting waits for no face"
    opened.turns.finish()
    assert sorted(drawn) == ["camA", "camB"]
    pane = opened.grid.panes[0]
    face = pane._face
    opened.session.select_shapes(("jawOpen",))
    opened.session.edit("key", faked.keyed(opened.session, "jawOpen", 0, 0.9))
    pane.repaint()
    assert pane._face is face
    opened.turns.finish()
    assert pane._face is not face
    opened.session.select_take("T002")
    assert all(pane._face.picture is None for pane in opened.grid.panes), "no take shows another's face"
