"""Any sane performance, written and read back in every format; any turn of a head. The same examples each time."""

import dataclasses
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from exporters import WRITERS
from exporters.rotations import continuous, euler_xyz, yaw_pitch_roll
from exporters.scene import make_scene
from solver.performance import Performance, matrices
from tests.exporters.live_link_csv import read as read_csv
from tests.exporters.test_every_format import SEEN
from tests.fuzz.corpus import tiny_face
from tests.synthetic import made_performance

MODEL = tiny_face()
RATES = (Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(50),
         Fraction(60000, 1001), Fraction(60), Fraction(120))
angles = st.floats(-6.2, 6.2)


@st.composite
def performances(draw: st.DrawFn) -> Performance:
    frames = draw(st.integers(1, 6))
    base = made_performance(MODEL, frames, draw(st.sampled_from(RATES)), draw(st.integers(0, 10**6)))
    weight = st.one_of(st.floats(0, 1), st.floats(-0.5, 2, width=32), st.sampled_from([0.0, 1.0, 1e-12]))
    weights = draw(st.lists(weight, min_size=3 * frames, max_size=3 * frames))
    turns = draw(st.lists(st.tuples(angles, angles, angles), min_size=frames, max_size=frames))
    return dataclasses.replace(
        base, weights=np.reshape(weights, (frames, 3)), head_rotation=Rotation.from_rotvec(turns).as_quat(),
        start_timecode=f"{draw(st.integers(0, 22)):02}:{draw(st.integers(0, 59)):02}:{draw(st.integers(0, 59)):02}:00")


@pytest.mark.parametrize("suffix", SEEN)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(performance=performances())
def test_what_is_written_comes_back(suffix: str, performance: Performance) -> None:
    """Every weight to a millionth, and the last frame when it was."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"T001{suffix}"
        WRITERS[suffix](make_scene(MODEL, performance), path)
        if suffix == ".csv":  # its clock tells the time of day
            seen, last = dict(zip(MODEL.shape_names, read_csv(path).shapes(MODEL.shape_names).T, strict=True)), None
        else:
            seen, last = SEEN[suffix](path)
        first = path.read_bytes()
        WRITERS[suffix](make_scene(MODEL, performance), path)
        assert path.read_bytes() == first
    for name, weights in zip(MODEL.shape_names, performance.weights.T, strict=True):
        np.testing.assert_allclose(seen[name], weights, rtol=1e-6, atol=1e-6)
    if last is not None:
        assert last == pytest.approx((performance.frames - 1) / float(performance.frame_rate), abs=2e-6)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(angles, angles, angles), min_size=1, max_size=20))
def test_any_turns_come_back_from_every_kind_of_angle(turns: list[tuple[float, float, float]]) -> None:
    rotation = Rotation.from_rotvec(turns)
    quaternions = continuous(rotation.as_quat())
    assert ((quaternions[1:] * quaternions[:-1]).sum(axis=1) >= -1e-12).all()
    np.testing.assert_allclose(matrices(quaternions), rotation.as_matrix(), atol=1e-12)
    euler = Rotation.from_euler("xyz", euler_xyz(quaternions))
    assert (euler * rotation.inv()).magnitude().max() < 1e-7
    yaw, pitch, roll = yaw_pitch_roll(quaternions).T
    again = Rotation.from_euler("YXZ", np.stack([yaw, -pitch, roll], axis=-1))
    assert (again * rotation.inv()).magnitude().max() < 1e-7
