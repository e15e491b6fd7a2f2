"""Colours of a face's vertices: clay tinted by its parts, and light on it."""

import numpy as np

from solver.face_model import FaceModel

CLAY = np.array([0.84, 0.81, 0.78])


class Tints:
    """Remembers the colours of the last model: they are the same for all actors on one."""

    def __init__(self) -> None:
        self._faces: np.ndarray | None = None
        self._colours = np.zeros((0, 3))

    def of(self, model: FaceModel) -> np.ndarray:
        """(V, 3), as `part_colours` gives them."""
        if self._faces is not model.faces:
            self._faces, self._colours = model.faces, part_colours(model)
        return self._colours


def part_colours(model: FaceModel) -> np.ndarray:
    """(V, 3) sRGB: clay, tinted by what each part is: eyes stay white, lips a little redder."""
    colours = np.tile(CLAY, (len(model.neutral), 1))
    for part, name in enumerate(model.part_names):
        linear = np.clip(model.albedo[part].astype(float), 0.0, 1.0)
        srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
        own = 0.25 if name.lower().startswith(("skin", "head", "face")) else 0.8
        corners = np.unique(model.triangles[model.triangle_part == part])
        colours[corners] = (1 - own) * CLAY + own * srgb
    return colours


def lit(colours: np.ndarray, normals: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """(V, 3) colours under a soft light that stands in the direction `towards` (3,), in the space of the normals."""
    towards = towards / np.linalg.norm(towards)
    facing = np.abs(normals @ towards)
    return np.clip(colours * (0.32 + 0.68 * facing)[:, None], 0.0, 1.0)
