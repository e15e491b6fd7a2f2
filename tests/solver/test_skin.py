"""What an actor's skin looks like, against heads whose paint is known."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from app.film import ring_of_cameras
from app.models import model_named
from solver.face_model import FaceModel
from solver.parts import INSIDE, is_part
from solver.performance import Performance
from solver.posed import posed
from solver.render import Look, Renderer, face_mesh
from solver.skin import SEEN, skin_of, together

EVEN = Look((), (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (0, 255, 0))
"""Light from everywhere: what is seen is the paint."""
RIG = ring_of_cameras({"left": -0.5, "right": 0.5}, 0.6, (320, 320), 640.0)


def resting(model: FaceModel, frames: int = 3) -> Performance:
    weights = np.zeros((frames, len(model.shape_names)))
    weights[1:, model.shape_names.index("jawOpen")] = 0.8
    turn = np.tile([0.0, 0.0, 0.0, 1.0], (frames, 1))
    return Performance("T001", "", model.name, model.sha256, Fraction(30), "00:00:00:00", ("left", "right"),
                       model.shape_names, weights, turn, np.zeros((frames, 3)), np.zeros((frames, 2, 2)),
                       np.zeros(len(model.identity)), np.zeros_like(weights), np.zeros(frames), np.ones(frames),
                       ((),) * frames)


@pytest.fixture(scope="module")
def painted() -> tuple[FaceModel, Performance, np.ndarray, np.ndarray]:
    """A head with a stripe, its performance, its paint (V, 3) sRGB, and two cameras' pictures (2, T, H, W, 3), of which
    the second is darker."""
    model = model_named("mien")
    performance = resting(model)
    linear = np.where((np.abs(model.neutral[:, 1] + 0.02) < 0.01)[:, None], [0.6, 0.1, 0.1], [0.5, 0.35, 0.25])
    pictures = np.empty((2, performance.frames, 320, 320, 3), np.uint8)
    with Renderer(320, 320) as renderer:
        for index, camera in enumerate(RIG.cameras):
            for frame in range(performance.frames):
                mesh = face_mesh(model, posed(model, performance, frame), linear)
                mesh = replace(mesh, gloss=np.zeros_like(mesh.gloss))
                pictures[index, frame] = renderer.colours(camera, [mesh], EVEN)
    pictures[1] = (pictures[1] * 0.7).astype(np.uint8)
    shades = np.unique(pictures[0, 0].reshape(-1, 3), axis=0, return_counts=True)
    skin = shades[0][np.argsort(shades[1])][::-1]
    plain = next(one for one in skin.astype(int) if one[1] < 250 and abs(one[0] - one[1]) < 60)
    return model, performance, linear, pictures, plain


def test_the_skin_is_coloured_as_it_was_painted(painted):
    model, performance, linear, pictures, plain = painted
    skin = skin_of(lambda camera, frames: (pictures[camera, frame] for frame in frames), performance,
                   np.ones((2, 3), bool), RIG, model)
    assert skin.shape == (len(model.neutral), 4)
    seen = skin[:, 3] == SEEN
    front = model.neutral[:, 2] > np.quantile(model.neutral[:, 2], 0.8)
    assert 0.2 < seen.mean() < 0.7
    assert not seen[model.neutral[:, 2] < np.quantile(model.neutral[:, 2], 0.1)].any()  # the back of the head
    inside = np.unique(model.triangles[np.array([is_part(name, INSIDE) for name in model.part_names])[
        model.triangle_part]])
    assert seen[inside].mean() < 0.25  # teeth and tongue lie behind the lips
    red = linear[:, 0] > 0.55
    height = np.abs(np.abs(model.neutral[:, 1] + 0.02) - 0.01)  # from the stripe's edges
    clear = seen & front & (height > 0.003) & ~np.isin(np.arange(len(seen)), inside)
    off = np.abs(skin[clear & ~red, :3].astype(int) - plain)
    assert np.median(off) <= 3
    assert np.quantile(off, 0.9) < 12
    assert np.median(skin[clear & red, 0].astype(int) - skin[clear & red, 1]) > 60


def test_a_second_take_fills_in_what_the_first_did_not_see():
    first, second = (np.tile(np.array([[100, 80, 60, SEEN]], np.uint8), (6, 1)) for _ in range(2))
    first[4:] = 0
    second[:, :3] //= 2  # filmed darker
    second[5] = 0
    both = together([first, second])
    assert (both[:5] == [100, 80, 60, SEEN]).all()
    assert not both[5].any()


def test_where_the_face_was_never_found_nothing_is_known():
    model = model_named("mien")
    skin = skin_of(lambda camera, frames: iter(()), resting(model), np.zeros((2, 3), bool), RIG, model)
    assert not skin.any()


def test_a_model_without_eyes_has_a_skin(painted):
    model, performance, _, pictures, _ = painted
    skin = skin_of(lambda camera, frames: (pictures[camera, frame] for frame in frames), performance,
                   np.ones((2, 3), bool), RIG, replace(model, eyes=()))
    assert (skin[:, 3] == SEEN).mean() > 0.2
