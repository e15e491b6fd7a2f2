"""Residuals by camera and region, against displacements that are known."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from app.film import ring_of_cameras
from app.models import BUILT_IN, model_named
from capture.camera import Rig, project
from solver.embedding import Embedding
from solver.face_model import FaceModel, deform
from solver.landmarks import Landmarks
from solver.performance import Performance
from solver.problem import Priors
from solver.residuals import measured_share, prior_sigma, region_of_landmarks, residuals

FRAMES = 5


@pytest.fixture(scope="module")
def head() -> FaceModel:
    return model_named(BUILT_IN)


@pytest.fixture(scope="module")
def embedding(head: FaceModel) -> Embedding:
    """Landmarks all over the front of the head, at the middles of its triangles."""
    middle = head.neutral[head.triangles].mean(axis=1)
    skin = np.isin(head.triangle_part, [head.part_names.index(name) for name in ("skin", "lips", "iris")])
    front = np.flatnonzero(skin & (middle[:, 2] > 0.04) & (np.abs(middle[:, 1]) < 0.09))[::7]
    count = len(front)
    return Embedding("made", front, np.full((count, 3), 1 / 3), np.zeros(count), np.zeros(count, dtype=bool),
                     np.ones(count, dtype=bool))


def still(head: FaceModel) -> Performance:
    """A face that looks ahead and opens its jaw."""
    weights = np.zeros((FRAMES, len(head.shape_names)))
    weights[:, head.shape_names.index("jawOpen")] = np.linspace(0, 0.8, FRAMES)
    return Performance(
        take="T", actor="", model_name=head.name, model_sha256=head.sha256, frame_rate=Fraction(30),
        start_timecode="00:00:00:00", cameras=("front", "side"), shape_names=head.shape_names, weights=weights,
        head_rotation=np.tile([0.0, 0.0, 0.0, 1.0], (FRAMES, 1)), head_translation=np.zeros((FRAMES, 3)),
        gaze=np.zeros((FRAMES, 2, 2)), identity=np.linspace(-1, 1, len(head.identity)),
        sigma=np.full_like(weights, 0.1), residual_px=np.zeros(FRAMES), seen=np.ones(FRAMES), flags=((),) * FRAMES)


def seen_by(rig: Rig, head: FaceModel, embedding: Embedding, performance: Performance) -> Landmarks:
    """Where every landmark truly appears."""
    xy = np.stack([[project(camera, embedding.points(head, deform(
        head, performance.weights[frame], performance.identity, performance.gaze[frame])))
        for frame in range(FRAMES)] for camera in rig.cameras])
    return Landmarks(rig.names, "made", xy, np.ones(xy.shape[:3]), np.ones(xy.shape[:3], dtype=bool))


@pytest.fixture(scope="module")
def rig() -> Rig:
    front, side = ring_of_cameras({"front": 0.0, "side": np.radians(80.0)}, 0.6, (640, 480), 900.0).cameras
    return Rig((replace(front, distortion=(-0.1, 0.02, 0.0, 0.0, 0.0)), side))


def test_a_known_displacement_is_found_in_its_place(head: FaceModel, embedding: Embedding, rig: Rig) -> None:
    performance = still(head)
    truth = seen_by(rig, head, embedding, performance)
    exact = residuals(performance, head, embedding, rig, truth)
    assert np.nanmax(exact.overall) < 1e-3
    regions, region = region_of_landmarks(head, embedding)
    mouth = regions.index("mouth")
    xy = truth.xy.copy()
    xy[1, 3, region == mouth] += [3.0, 4.0]
    found = residuals(performance, head, embedding, rig, replace(truth, xy=xy))
    assert found.rms[1, 3, mouth] == pytest.approx(5.0, abs=1e-3)
    found.rms[1, 3, mouth] = 0.0
    assert np.nanmax(found.rms) < 1e-3


def test_what_is_turned_away_or_not_found_is_not_seen(head: FaceModel, embedding: Embedding, rig: Rig) -> None:
    performance = still(head)
    truth = seen_by(rig, head, embedding, performance)
    seen, xy = truth.seen.copy(), truth.xy.copy()
    seen[0, 2], xy[0, 2] = False, np.nan
    found = residuals(performance, head, embedding, rig, replace(truth, seen=seen, xy=xy))
    left, right = found.regions.index("left cheek"), found.regions.index("right cheek")
    assert found.sees[1, :, left].min() > 0.9  # the side camera stands at the face's own left
    assert found.sees[1, :, right].max() < 0.1
    assert np.isnan(found.overall[0, 2])
    assert np.isnan(found.rms[0, 2]).all()
    assert not found.sees[0, 2].any()


def test_regions_lie_where_their_names_say(head: FaceModel, embedding: Embedding) -> None:
    regions, region = region_of_landmarks(head, embedding)
    assert regions == ("left brow", "right brow", "left eye", "right eye", "nose", "left cheek", "right cheek",
                       "mouth", "jaw")
    points = embedding.points(head, head.neutral)
    middle = {name: points[region == index].mean(axis=0) for index, name in enumerate(regions)}
    for part in ("brow", "eye", "cheek"):
        assert middle[f"left {part}"][0] > 0.02
        assert middle[f"right {part}"][0] < -0.02
    heights = [middle[name][1] for name in ("left brow", "left eye", "nose", "mouth", "jaw")]
    assert heights == sorted(heights, reverse=True)
    irises = np.isin(head.triangle_part[embedding.triangle], [head.part_names.index("iris")])
    assert irises.any()
    assert {regions[index] for index in region[irises]} == {"left eye", "right eye"}


def test_a_head_beside_its_files_origin_has_the_same_regions(head: FaceModel, embedding: Embedding) -> None:
    beside = replace(head, neutral=head.neutral + np.array([0.3, 0, 0], np.float32))
    names, region = region_of_landmarks(beside, embedding)
    assert names == region_of_landmarks(head, embedding)[0]
    middle = embedding.points(head, head.neutral)[:, 0]
    assert (middle[[names[one].startswith("left") for one in region]] > 0).all()
    assert (middle[[names[one].startswith("right") for one in region]] < 0).all()


def test_a_rig_without_known_names_has_no_regions(head: FaceModel, embedding: Embedding) -> None:
    bare = replace(head, shape_names=tuple(f"ctrl{index}" for index in range(len(head.shape_names))))
    regions, region = region_of_landmarks(bare, embedding)
    assert regions == ()
    assert (region == -1).all()


@pytest.mark.parametrize("rate", [24.0, 30.0, 120.0])
def test_the_prior_is_that_of_the_chain(rate: float) -> None:
    """Against the inverse of the matrix that the solve's priors make of a long take."""
    priors, count = Priors(), 401
    step = priors.weight_step ** -2 * rate / 30.0
    chain = np.diag(np.full(count, priors.weight ** -2 + 2 * step)) - step * (np.eye(count, k=1) + np.eye(count, k=-1))
    assert prior_sigma(rate) == pytest.approx(np.sqrt(np.linalg.inv(chain)[count // 2, count // 2]), rel=1e-6)


def test_how_much_the_pictures_told(head: FaceModel) -> None:
    performance = still(head)
    sigma = np.full_like(performance.sigma, prior_sigma(30.0))
    sigma[:, 1] *= 0.5
    share = measured_share(replace(performance, sigma=sigma))
    assert share[0] == pytest.approx(0.0, abs=1e-9)
    assert share[1] == pytest.approx(0.75)
    assert np.isnan(measured_share(replace(performance, sigma=np.zeros_like(sigma)))).all()
