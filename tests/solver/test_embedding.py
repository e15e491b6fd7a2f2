from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from capture.arrays import save_arrays
from capture.camera import project
from capture.errors import ModelError
from solver import embedding as embedding_module
from solver.embedding import Embedding, closest_on_triangles, embed
from solver.embedding_brows import brow_line, brows
from solver.embedding_picture import embedding_picture
from solver.embedding_views import SIDE, face_box, mirror_partners, posed, view_cameras
from solver.face_model import FaceModel, deform
from solver.mediapipe_runtime import SCHEME, find_face
from solver.model_file import load_model
from solver.model_import import import_model
from solver.render import vertex_normals
from tests.closed import close
from tests.material import shared
from tests.synthetic import small_face

# Multi-PIE's points 17 to 67 as the README of ICT-FaceKit gives them, and MediaPipe's points of the same names.
MULTI_PIE = [268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140, 2075, 1147, 4269,
             3360, 1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732, 5708, 5695, 2081, 0, 4275,
             6200, 6213, 6346, 6461, 5518, 5957, 5841, 5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966]
MEDIAPIPE = [70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 98, 97, 2, 326, 327, 33, 160, 158, 133, 153,
             144, 362, 385, 387, 263, 373, 380, 61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91, 78, 81, 13, 311,
             308, 402, 14, 178]
UPPER_INNER_LIP, LOWER_INNER_LIP = (81, 82, 13, 312, 311), (178, 87, 14, 317, 402)
JAW_SIDES = (234, 93, 132, 58, 172, 454, 323, 361, 288, 397)


@pytest.fixture(scope="module")
def on_ict(ict: FaceModel) -> Embedding:
    return embed(ict, find_face, SCHEME)


def weights(model: FaceModel, **shapes: float) -> np.ndarray:
    return np.array([shapes.get(name, 0.0) for name in model.shape_names])


def test_landmarks_lie_where_icts_own_do(ict, on_ict):
    assert on_ict.known.sum() >= 475
    points = on_ict.points(ict, ict.neutral)
    off = np.linalg.norm(points[MEDIAPIPE] - ict.neutral[MULTI_PIE], axis=1)
    assert np.median(off) < 0.003
    eyes_and_mouth = off[19:]
    assert eyes_and_mouth.max() < 0.006


def test_upper_and_lower_lip_part_when_the_jaw_opens(ict, on_ict):
    open_mouth = on_ict.points(ict, deform(ict, weights(ict, jawOpen=1.0)))
    gap = open_mouth[list(UPPER_INNER_LIP), 1] - open_mouth[list(LOWER_INNER_LIP), 1]
    assert gap.min() > 0.02


def test_lids_meet_when_the_eye_closes(ict, on_ict):
    upper, lower = [385, 386, 387], [380, 374, 373]
    rest = on_ict.points(ict, ict.neutral)
    closed = on_ict.points(ict, deform(ict, weights(ict, eyeBlinkLeft=1.0)))
    assert (rest[upper, 1] - rest[lower, 1]).min() > 0.006
    assert np.abs(closed[upper, 1] - closed[lower, 1]).max() < 0.003


def test_iris_points_turn_with_the_eyes(ict, on_ict):
    rest = on_ict.points(ict, ict.neutral)
    turned = on_ict.points(ict, deform(ict, weights(ict), gaze=np.array([[0.3, 0.0], [0.0, 0.2]])))
    left, right = slice(473, 478), slice(468, 473)
    assert (turned - rest)[left, 0].min() > 0.003
    assert (turned - rest)[right, 1].min() > 0.002
    assert np.abs(np.delete(turned - rest, range(468, 478), axis=0)).max() == 0.0
    iris = np.unique(ict.triangles[ict.triangle_part == ict.part_names.index("irisLeft")])
    np.testing.assert_allclose(rest[473], ict.neutral[iris].mean(axis=0), atol=0.0035)


def test_left_and_right_agree(ict, on_ict):
    points = on_ict.points(ict, ict.neutral)
    mirrored = points * [-1, 1, 1]
    partner = mirror_partners(cdist(points, mirrored))
    pairs = partner >= 0
    assert pairs.sum() > 460
    assert np.median(np.linalg.norm(points - mirrored[partner], axis=1)[pairs]) < 0.001


def test_the_jaws_sides_are_contours_and_the_mouth_is_none(on_ict):
    assert on_ict.contour[list(JAW_SIDES)].mean() > 0.8
    assert not on_ict.contour[MEDIAPIPE].any()
    assert not on_ict.contour[468:].any()


def test_spreads_are_those_of_a_detector(on_ict):
    assert 0.0005 < np.median(on_ict.spread_m) < 0.003
    assert (on_ict.spread_m > 0).all()


def test_the_second_time_comes_from_the_cache(ict, on_ict):
    again = embed(ict, lambda _: pytest.fail("the detector was asked again"), SCHEME)
    for name in ("triangle", "barycentric", "spread_m", "contour", "known"):
        np.testing.assert_array_equal(getattr(again, name), getattr(on_ict, name))


def test_the_picture_shows_three_views(ict, on_ict):
    picture = embedding_picture(ict, on_ict, 160)
    assert picture.shape == (160, 480, 3)
    without = embedding_picture(ict, replace(on_ict, known=np.zeros(478, dtype=bool)), 160)
    changed = (picture != without).any(axis=2)
    assert all(changed[:, start:start + 160].sum() > 200 for start in (0, 160, 320))


def test_the_built_in_head_takes_all_landmarks():
    path = Path(__file__).parents[2] / "assets" / "head.npz"
    model = load_model(path)
    found = embed(model, find_face, SCHEME)
    assert found.known.sum() >= 470
    points = found.points(model, model.neutral)
    for eye, iris in zip(model.eyes, (473, 468), strict=True):
        centre = eye.centre(model.neutral)
        np.testing.assert_allclose(points[iris, :2], centre[:2], atol=0.004)
        assert points[iris, 2] > centre[2]
    open_mouth = found.points(model, deform(model, weights(model, jawOpen=1.0)))
    assert (open_mouth[list(UPPER_INNER_LIP), 1] - open_mouth[list(LOWER_INNER_LIP), 1]).min() > 0.01


@pytest.mark.parametrize("name", ["FaceCapHeadGeneric.fbx", "FaceCapLiveModeAvatar.fbx"])
def test_a_users_rig_takes_all_landmarks_by_itself(name):
    model = import_model(shared("models", "facecap", name), "rig")
    found = embed(model, find_face, SCHEME)
    assert found.known.sum() >= 470
    points = found.points(model, model.neutral)
    for eye, iris in zip(model.eyes, (473, 468), strict=True):
        assert np.linalg.norm((points[iris] - eye.centre(model.neutral))[:2]) < 0.005
    open_mouth = found.points(model, deform(model, weights(model, jawOpen=1.0)))
    assert (open_mouth[list(UPPER_INNER_LIP), 1] - open_mouth[list(LOWER_INNER_LIP), 1]).min() > 0.01
    assert found.contour[list(JAW_SIDES)].mean() > 0.5
    assert found.spread_m[~found.contour].max() < 0.010  # those on the outline, seen on cheek or ear, scatter further


def made_detector(model: FaceModel, triangles: np.ndarray, partner: np.ndarray, noise_px: float
                  ) -> Callable[[np.ndarray], np.ndarray]:
    """A detector that knows where the middles of `triangles` are in each picture that `sight` will show it.

    It has a bias of 1.5 px to the right, as a crop without its half pixel gives.
    """
    random = np.random.default_rng(5)
    shown = []
    for vertices in posed(model):
        middles = vertices[model.triangles[triangles]].mean(axis=1)
        for camera in view_cameras(model):
            pixels = project(camera, middles)
            shown += [pixels, (pixels * [-1, 1] + [SIDE - 1, 0])[partner]]
    answers = iter(shown)
    bias = np.array([1.5, 0.0])
    return lambda _: next(answers) + bias + random.normal(0, noise_px, (len(triangles), 2))


@pytest.mark.parametrize("cache", ["cache", "a file/cache"])
def test_points_of_a_perfect_detector_come_back_and_a_bias_cancels(tmp_path, monkeypatch, cache):
    (tmp_path / "a file").write_text("no cache can be kept below it")
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / cache))
    model = small_face()
    low, high = face_box(model)
    middles = model.neutral[model.triangles].mean(axis=1)
    normals = vertex_normals(model.neutral, model.triangles)[model.triangles].mean(axis=1)
    framed = (middles > low).all(axis=1) & (middles < high).all(axis=1)
    skin = (model.triangle_part == 0) & (normals[:, 2] > 0.6) & framed
    # Eyeballs in front of the skin would hide it, so points near them are left out; the eyes' own are added.
    away = np.linalg.norm(middles[:, None, :2] - [[[0.032, 0.03], [-0.032, 0.03]]], axis=2).min(axis=1) > 0.02
    on_skin = np.flatnonzero(skin & away)
    on_ball = np.flatnonzero((model.triangle_part > 0) & (normals[:, 2] > 0.7))
    chosen = np.concatenate([on_skin, on_ball])
    partner = mirror_partners(cdist(middles[chosen], middles[chosen] * [-1, 1, 1]))
    assert (partner >= 0).all()
    assert len(on_skin) > 15
    assert len(on_ball) > 5
    monkeypatch.setitem(embedding_module.EYE_POINTS, "made", range(len(on_skin), len(chosen)))
    found = embed(model, made_detector(model, chosen, partner, 0.3), "made")
    assert found.known.all()
    off = np.linalg.norm(found.points(model, model.neutral) - middles[chosen], axis=1)
    assert np.median(off) < 0.0003  # a pixel is 0.5 to 1 mm here
    assert off.max() < 0.002
    assert not found.contour[:len(on_skin)].any()
    assert found.spread_m.max() < 0.003


def test_a_model_without_a_face_gets_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="no face is found in pictures of the model 'small'"):
        embed(small_face(), lambda _: None, "made")
    assert not any(tmp_path.rglob("*.npz"))


def test_a_cache_that_may_not_be_looked_into_holds_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "theirs" / "cache"))
    close(monkeypatch, tmp_path / "theirs")
    assert embedding_module.cached_embedding(small_face(), "made") is None


def test_a_damaged_embedding_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path))
    path = embedding_module._cached(small_face(), "made")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PK\x03\x04 cut short")
    asked = []
    with pytest.raises(ModelError):
        embed(small_face(), lambda picture: asked.append(picture), "made")
    assert asked


@pytest.mark.parametrize("poison", [
    lambda arrays: arrays.update(triangle=arrays["triangle"] + 10**6),
    lambda arrays: arrays.update(triangle=arrays["triangle"] * 1.0),
    lambda arrays: arrays.update(barycentric=arrays["barycentric"][:, :2]), lambda arrays: arrays.pop("known"),
    lambda arrays: arrays.update(barycentric=arrays["barycentric"] * 5),
    lambda arrays: arrays.update(known=arrays["known"][:-1]),
    lambda arrays: arrays.update(spread_m=arrays["spread_m"] * np.nan),
    lambda arrays: arrays.update(contour=arrays["contour"].astype("U1")),
    lambda arrays: arrays.update({name: array[0] for name, array in arrays.items()})])
def test_an_embedding_that_others_wrote_into_the_cache_is_not_believed(tmp_path, monkeypatch, poison):
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path))
    face = small_face()
    arrays = {"triangle": np.arange(9), "barycentric": np.full((9, 3), 1 / 3), "spread_m": np.full(9, 1e-3),
              "contour": np.zeros(9, bool), "known": np.ones(9, bool)}
    save_arrays(embedding_module._cached(face, "made"), arrays | {"offset": np.zeros(2)})
    assert embedding_module.cached_embedding(face, "made").offset is None
    poison(arrays)
    save_arrays(embedding_module._cached(face, "made"), arrays)
    assert embedding_module.cached_embedding(face, "made") is None


def test_the_closest_point_beats_all_others():
    random = np.random.default_rng(2)
    corners, points = random.normal(size=(40, 3, 6)), random.normal(size=(40, 6))
    shares, distance = closest_on_triangles(corners, points)
    assert shares.min() >= 0
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    reached = np.einsum("ns,nsd->nd", shares, corners)
    np.testing.assert_allclose(np.linalg.norm(reached - points, axis=1), distance)
    tried = random.dirichlet([0.5, 0.5, 0.5], 3000)  # (3000, 3)
    others = np.linalg.norm(np.einsum("ts,nsd->ntd", tried, corners) - points[:, None], axis=2).min(axis=1)
    assert (distance <= others + 1e-12).all()
    assert (others - distance).max() < 0.2


def test_painted_brows_bring_the_detectors_brows_to_icts(ict, on_ict):
    points = on_ict.points(ict, ict.neutral)
    higher = points[MEDIAPIPE[:10], 1] - ict.neutral[MULTI_PIE[:10], 1]
    assert np.abs(higher).max() < 0.003  # on bare skin they are 4 to 6 mm too low


def test_brows_are_found_where_the_built_in_head_has_its_own():
    model = load_model(Path(__file__).parents[2] / "assets" / "head.npz")
    assert brows(model) is None
    own = np.unique(model.triangles[model.triangle_part == model.part_names.index("brows")])
    for side, sign in ((0, 1), (1, -1)):
        line = brow_line(model, side)
        hair = model.neutral[own[np.sign(model.neutral[own, 0]) == sign]]
        for x, y in line[2:-3]:
            near = hair[np.abs(hair[:, 0] - x) < 0.004]
            assert abs((near[:, 1].min() + near[:, 1].max()) / 2 - y) < 0.003


def test_painted_pieces_follow_the_face(ict):
    painted = brows(ict)
    assert painted.covered.sum() > 100
    raised = deform(ict, weights(ict, browInnerUp=1.0))
    rest, moved = (painted.mesh(ict, vertices).vertices for vertices in (ict.neutral.astype(float), raised))
    np.testing.assert_allclose(painted.barycentric.sum(axis=1), 1)
    assert (moved - rest)[:, 1].max() > 0.004
    dark = painted.colours.sum(axis=(1, 2)) < 0.5 * painted.colours.sum(axis=(1, 2)).max()
    assert 0.05 < dark.mean() < 0.6
    assert brows(replace(ict, eyes=())) is None
