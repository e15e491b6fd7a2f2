"""The actor's face among several: longest and largest."""

import numpy as np
import pytest

from solver.crop import Roi
from solver.network_actor import longest_and_largest, rivals


def track(*films: dict[int, tuple[float, float]]) -> object:
    """What is chosen of faces that are at (x, side) in some frames of 60; a picture is its own number."""

    def find(picture: np.ndarray) -> list[Roi]:
        return [Roi((film[int(picture)][0], 50.0), film[int(picture)][1]) for film in films if int(picture) in film]

    return longest_and_largest((np.array(frame) for frame in range(60)), 5, find)


def test_one_that_stays_wins_over_one_that_is_large_for_a_moment():
    chosen = track(dict.fromkeys(range(60), (100.0, 80.0)), dict.fromkeys(range(20), (300.0, 200.0)))
    assert chosen.frames == list(range(0, 60, 5))
    assert chosen.at(33) == pytest.approx([100, 50])


def test_of_two_that_stay_the_larger_wins():
    chosen = track(dict.fromkeys(range(60), (100.0, 80.0)), dict.fromkeys(range(60), (300.0, 110.0)))
    assert chosen.at(0) == pytest.approx([300, 50])


def test_a_face_that_walks_and_is_hidden_for_a_while_is_one_track():
    walks = {frame: (100.0 + 4 * frame, 80.0) for frame in range(60) if not 20 <= frame < 35}
    chosen = track(walks, dict.fromkeys(range(30), (500.0, 80.0)))
    assert chosen.frames == [0, 5, 10, 15, 35, 40, 45, 50, 55]
    assert chosen.at(25) == pytest.approx([200, 50])


def test_small_faces_are_nobodys_rivals():
    near, far, beside = Roi((0.0, 0.0), 100.0), Roi((50.0, 0.0), 40.0), Roi((90.0, 0.0), 60.0)
    assert rivals([near, far, beside]) == [near, beside]
    assert rivals([]) == []
