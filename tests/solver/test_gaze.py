"""What the eyeLook weights that somebody changed do to a gaze."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from solver.gaze import gaze_under
from tests.synthetic import made_performance, small_face

MODEL = small_face()
PERFORMANCE = made_performance(MODEL, 8)
INWARD = {"Left": -1.0, "Right": 1.0}
"""To which side along x, the face's own left, each eye looks when it looks in."""


def changed(**more: float) -> np.ndarray:
    """(T, K) the performance's weights, some of them raised."""
    weights = PERFORMANCE.weights.copy()
    for name, amount in more.items():
        weights[:, MODEL.shape_names.index(name)] += amount
    return weights


def looks(gaze: np.ndarray) -> np.ndarray:
    """(..., 3) where an eye looks that is turned up, then aside."""
    turn = Rotation.from_euler("YX", np.stack([gaze[..., 0], -gaze[..., 1]], axis=-1).reshape(-1, 2))
    return turn.apply([0.0, 0.0, 1.0]).reshape(*gaze.shape[:-1], 3)


@pytest.mark.parametrize("side", ["Left", "Right"])
@pytest.mark.parametrize(("way", "axis"), [("In", 0), ("Out", 0), ("Up", 1), ("Down", 1)])
def test_a_look_turns_its_own_eye_the_way_that_its_name_says(side: str, way: str, axis: int) -> None:
    sign = {"In": INWARD[side], "Out": -INWARD[side], "Up": 1.0, "Down": -1.0}[way]
    eye = ("Left", "Right").index(side)
    gaze = gaze_under(MODEL, PERFORMANCE, changed(**{f"eyeLook{way}{side}": 0.3}))
    assert (np.sign(looks(gaze) - looks(PERFORMANCE.gaze))[:, eye, axis] == sign).all()
    whole = (MODEL.eyes[eye].yaw, MODEL.eyes[eye].pitch)[axis]  # what a weight of 1 means
    np.testing.assert_allclose((gaze - PERFORMANCE.gaze)[:, eye, axis], sign * 0.3 * whole, atol=1e-6)
    gaze[:, eye, axis] = PERFORMANCE.gaze[:, eye, axis]
    np.testing.assert_array_equal(gaze, PERFORMANCE.gaze)  # to the last bit where nobody touched it


def test_one_frame_is_the_same_as_in_all() -> None:
    weights = changed(eyeLookUpLeft=0.2, eyeLookOutRight=0.4)
    np.testing.assert_array_equal(gaze_under(MODEL, PERFORMANCE, weights[5], 5),
                                  gaze_under(MODEL, PERFORMANCE, weights)[5])


@pytest.mark.parametrize(("name", "eye", "axis", "most"), [("eyeLookOutLeft", 0, 0, 60.0),
                                                      ("eyeLookDownRight", 1, 1, -60.0)])
def test_no_eye_turns_farther_than_eyes_do(name: str, eye: int, axis: int, most: float) -> None:
    gaze = gaze_under(MODEL, PERFORMANCE, changed(**{name: 9.0}))
    np.testing.assert_allclose(np.degrees(gaze[:, eye, axis]), most, atol=1e-3)
