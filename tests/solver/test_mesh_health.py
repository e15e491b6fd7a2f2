"""Faults of a mesh, each made and told apart."""

from dataclasses import replace

import numpy as np

from solver.mesh_health import complaints
from tests.synthetic import small_face


def test_a_sound_mesh_has_none() -> None:
    assert not [text for text in complaints(small_face()) if "area" in text]


def test_each_fault_is_told() -> None:
    model = small_face()
    flat = model.faces.copy()
    flat[0] = [flat[0, 0], flat[0, 0], flat[0, 1], -1]
    assert any("1 of" in text and "no area" in text for text in complaints(replace(model, faces=flat)))
    alone = replace(model, neutral=np.vstack([model.neutral, [[0, 0, 0]]]).astype(model.neutral.dtype))
    assert any("no triangle" in text for text in complaints(alone))


def test_a_turned_triangle_is_told() -> None:
    square = replace(small_face(), neutral=np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32),
                     faces=np.array([[0, 1, 2, -1], [0, 2, 3, -1]]),
                     face_part=np.zeros(2, int))
    assert complaints(square) == ()
    turned = replace(square, faces=np.array([[0, 1, 2, -1], [0, 3, 2, -1]]))
    assert any("opposite ways" in text for text in complaints(turned))
