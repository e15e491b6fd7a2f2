"""Hour-long takes at NTSC's rates end on the right tick, as ufbx and our own reader see them."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
import ufbx

from exporters import to_fbx
from exporters.scene import bare_scene
from solver.performance import Performance
from tests.exporters.fbx_file import Read, setting, value
from tests.synthetic import made_performance, small_face


def hour(rate: Fraction) -> Performance:
    frames = int(3600 * rate) + 1
    short = made_performance(small_face(), 2, rate)
    turns = np.tile([[0.0, 0.0, 0.0, 1.0]], (frames, 1))
    weights = np.abs(np.sin(np.arange(frames) / 9))[:, None]
    return dataclasses.replace(
        short, shape_names=("jawOpen",), weights=weights, sigma=np.zeros((frames, 1)), head_rotation=turns,
        head_translation=np.zeros((frames, 3)), gaze=np.zeros((frames, 2, 2)), identity=np.zeros(0),
        residual_px=np.zeros(frames), seen=np.ones(frames), flags=((),) * frames)


@pytest.mark.parametrize(("rate", "last"), [(Fraction(30000, 1001), 107892), (Fraction(24000, 1001), 86313)])
def test_an_hour_ends_on_its_tick(tmp_path, rate, last):
    performance = hour(rate)
    assert performance.frames == last + 1
    to_fbx.write(bare_scene(performance), tmp_path / "T001.fbx")
    file = Read(tmp_path / "T001.fbx")
    exact = Fraction(last) * 46186158000 / rate
    times, _ = file.curve(file.named("Deformer", "jawOpen", "BlendShapeChannel"), "DeformPercent", "DeformPercent")
    assert abs(int(times[-1]) - exact) <= Fraction(1, 2)
    assert setting(file.objects[file.named("AnimationStack", "T001")], "LocalStop") == times[-1]
    assert value(file.top["Takes"].first("Take"), "LocalTime") == 0
    scene = ufbx.load_file(str(tmp_path / "T001.fbx"))
    curves = list(scene.anim_curves)
    longest = max(curves, key=lambda curve: len(curve.keyframes))
    assert len(longest.keyframes) == last + 1
    assert abs(longest.max_time - last / float(rate)) < 1 / 46186158000 + 1e-9
