"""Cameras from a face: on made landmarks whose cameras are known, and on the rendered shoot."""

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch

from capture.camera import Camera, Rig, lone_camera, project
from capture.errors import RigError
from solver.arrow import Arrow, border_covariance
from solver.embedding import Embedding
from solver.face_model import FaceModel, deform
from solver.face_poses import face_poses, mirrored
from solver.landmarks import Landmarks
from solver.rig_check import check_rig, find_bump, find_mirrored, odd_size, refuse_foreign
from solver.rig_turns import find_turned
from solver.self_calibrate import calibrate_from_face, interocular
from tests.directions import directions
from tests.synthetic import small_face

SIZE = (1280, 720)
FOCAL = 1700.0
EYES = 10


def camera(name: str, yaw: float) -> Camera:
    turn = cv2.Rodrigues(np.array([0.0, np.radians(yaw), 0.0]))[0]
    return replace(lone_camera(name, SIZE, FOCAL), rotation=np.diag([1.0, -1.0, -1.0]) @ turn,
                   translation=np.array([0.0, 0.0, 0.75]))


RIG = Rig((camera("camA", 0), camera("camB", -35), camera("camC", 32)))


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return small_face()


@pytest.fixture(scope="module")
def embedding(model: FaceModel) -> Embedding:
    """A point in each triangle on the front of the head, and the last ones on the two eyeballs, half on each."""
    middles = model.neutral[model.triangles].mean(axis=1)
    skin = np.flatnonzero((model.triangle_part == 0) & (middles[:, 2] > 0.02))
    balls = [np.flatnonzero((model.triangle_part == part) & (middles[:, 2] > 0.085))[:EYES // 2] for part in (1, 2)]
    triangle = np.concatenate([skin, *balls])
    count = len(triangle)
    return Embedding("made", triangle, np.full((count, 3), 1 / 3), np.full(count, 0.0005), np.zeros(count, bool),
                     np.ones(count, bool))


def film(model: FaceModel, embedding: Embedding, rig: Rig = RIG, frames: int = 30, noise: float = 0.4,
         seed: int = 3) -> Landmarks:
    """What the rig's cameras see of a head that turns, with noise in px."""
    generator = np.random.default_rng(seed)
    time = np.arange(frames) / 30
    turns = np.radians([14.0, 22.0, 9.0]) * np.sin(time[:, None] * [3.1, 4.3, 2.2] + [0.1, 0.5, 1.0])
    identity = generator.normal(0, 0.7, len(model.identity))
    weights = np.clip(0.5 * np.sin(time[:, None] * generator.uniform(1, 5, len(model.shape_names))
                                   + generator.uniform(0, 6, len(model.shape_names))), 0, 1)
    weights *= generator.uniform(0, 1, weights.shape[1]) < 0.3
    points = np.stack([embedding.points(model, deform(model, weights[frame], identity))
                       @ cv2.Rodrigues(turns[frame])[0].T
                       + 0.02 * np.sin(time[frame] * np.array([2.0, 1.4, 1.1])) for frame in range(frames)])
    xy = np.stack([project(each, points) for each in rig.cameras])
    xy += generator.normal(0, noise, xy.shape)
    return Landmarks(rig.names, "made", xy, np.full(xy.shape[:3], 1.0), np.ones(xy.shape[:3], bool))


def test_cameras_are_found_from_a_face(model, embedding):
    lenses = [lone_camera(name, SIZE, 1.5 * max(SIZE)) for name in RIG.names]
    calls = []
    found = calibrate_from_face(film(model, embedding), lenses, [False] * 3, model, embedding, Fraction(30),
                                report=lambda done, total: calls.append((done, total)))
    assert max(directions(found.rig, RIG)) < 1.5
    assert calls[-1][0] == calls[-1][1]
    assert found.frames == 24
    assert found.interocular_m == 0.063
    assert found.scale_sigma == pytest.approx(0.0038 / 0.063)
    for each, sigma, residual in zip(found.rig.cameras, found.focal_sigma, found.residual_px, strict=True):
        assert abs(np.log(each.matrix[0, 0] / FOCAL)) < max(3 * sigma, 0.05)
        assert residual < 2.0
    assert found.direction_sigma[0] == 0
    assert (found.direction_sigma[1:] > 0).all()


def test_stated_focal_lengths_and_measured_eyes_fix_the_scale(model, embedding):
    lenses = [lone_camera(name, SIZE, FOCAL) for name in RIG.names]
    seen = film(model, embedding)
    small, large = (calibrate_from_face(seen, lenses, [True] * 3, model, embedding, Fraction(30), eyes)
                    for eyes in (0.060, 0.066))
    assert large.scale_sigma < 0.02
    apart = [np.linalg.norm(each.rig.cameras[1].centre - each.rig.cameras[0].centre) for each in (small, large)]
    assert apart[1] / apart[0] == pytest.approx(1.1, rel=1e-6)
    assert all(abs(each.matrix[0, 0] / FOCAL - 1) < 0.06 for each in small.rig.cameras)


def test_a_camera_that_never_sees_the_face_with_others_is_refused(model, embedding):
    seen = film(model, embedding)
    seen.seen[0, 15:], seen.seen[2, :15] = False, False
    seen.seen[1, 15:] = False
    lenses = [lone_camera(name, SIZE, FOCAL) for name in RIG.names]
    with pytest.raises(RigError, match="camC sees the face in 0 frames together"):
        calibrate_from_face(seen, lenses, [True] * 3, model, embedding, Fraction(30))


def test_a_rig_that_fits_is_let_through_and_another_refused_with_the_number(model, embedding):
    seen = film(model, embedding)
    check = check_rig(seen, RIG, embedding)
    assert (check.residual_px < 1.0).all()
    refuse_foreign(check, seen, RIG, model, embedding, "rig.toml")
    turned = cv2.Rodrigues(np.array([0.0, np.radians(4.0), 0.0]))[0]
    off = replace(RIG["camB"], rotation=turned @ RIG["camB"].rotation, translation=turned @ RIG["camB"].translation)
    wrong = Rig((RIG["camA"], off, RIG["camC"]))
    with pytest.raises(RigError, match=r"does not belong to .* lies \d+\.\d px .* once camB is turned by [34]\.\d"):
        refuse_foreign(check_rig(seen, wrong, embedding), seen, wrong, model, embedding, "rig.toml")


def turned(each: Camera, *degrees: float) -> Camera:
    """A camera turned where it stands, about its own axes."""
    turn = cv2.Rodrigues(np.radians(np.array(degrees, float)))[0]
    return replace(each, rotation=turn @ each.rotation, translation=turn @ each.translation)


def part_of(seen: Landmarks, *names: str) -> Landmarks:
    rows = [seen.cameras.index(name) for name in names]
    return Landmarks(names, seen.scheme, seen.xy[rows], seen.sigma[rows], seen.seen[rows])


@pytest.mark.parametrize(("name", "degrees"), [("camB", (0, 0, 5)), ("camC", (0, 0, -5)), ("camA", (0, 0, 5)),
                                               ("camB", (0, 2, 0)), ("camC", (2, 0, 0))])
def test_a_camera_that_is_rolled_or_tilted_is_named_with_its_angle(name, degrees, model, embedding):
    seen = film(model, embedding)
    assert find_turned(seen, RIG, embedding) is None
    wrong = Rig(tuple(turned(each, *degrees) if each.name == name else each for each in RIG.cameras))
    found = find_turned(seen, wrong, embedding)
    assert found.cameras == (name,)
    assert found.degrees == pytest.approx(max(map(abs, degrees)), abs=0.5)
    with pytest.raises(RigError, match=rf"does not belong to this footage: .* once {name} is turned by \d\.\d degrees"):
        refuse_foreign(check_rig(seen, wrong, embedding), seen, wrong, model, embedding, "rig.toml")


def test_a_camera_that_loses_the_face_says_nothing_there(model, embedding):
    """Its landmarks are no numbers then, and none may come of them."""
    seen = film(model, embedding)
    there = seen.seen.copy()
    there[1, ::2] = False
    xy = np.where(there[..., None], seen.xy, np.nan)
    lost = replace(seen, xy=xy, seen=there)
    assert find_turned(lost, RIG, embedding) is None
    wrong = Rig(tuple(turned(each, 0, 2, 0) if each.name == "camB" else each for each in RIG.cameras))
    assert find_turned(lost, wrong, embedding).cameras == ("camB",)


def test_of_two_cameras_a_roll_is_found_and_a_turn_of_the_world_is_none(model, embedding):
    seen = part_of(film(model, embedding), "camA", "camC")
    pair = Rig((RIG["camA"], RIG["camC"]))
    assert find_turned(seen, pair, embedding) is None
    rolled = Rig((pair.cameras[0], turned(pair.cameras[1], 0, 0, 5)))
    assert find_turned(seen, rolled, embedding).cameras == ("camA", "camC")
    with pytest.raises(RigError, match=r"once camA or camC is turned by \d\.\d degrees"):
        refuse_foreign(check_rig(seen, rolled, embedding), seen, rolled, model, embedding, "rig.toml")
    world = cv2.Rodrigues(np.radians([0.0, 0.0, 5.0]))[0]
    aside = Rig(tuple(replace(each, rotation=each.rotation @ world) for each in pair.cameras))
    assert find_turned(seen, aside, embedding) is None


def test_a_wrong_unit_and_a_wrong_square_size_are_told_by_the_eyes(model, embedding, monkeypatch):
    count = len(embedding.triangle)
    for module in ("solver.rig_check", "solver.self_calibrate"):
        monkeypatch.setattr(f"{module}.EYE_POINTS", {"made": range(count - EYES, count)})
    seen = film(model, embedding)

    def scaled(by: float) -> Rig:
        return Rig(tuple(replace(each, translation=by * each.translation) for each in RIG.cameras))

    assert odd_size(check_rig(seen, RIG, embedding)) is None
    assert "mend square_mm" in odd_size(check_rig(seen, scaled(1.35), embedding))
    with pytest.raises(RigError, match="another unit than metres"):
        refuse_foreign(check_rig(seen, scaled(1000.0), embedding), seen, scaled(1000.0), model, embedding, "rig.toml")


def test_a_bumped_camera_is_named_with_its_frame(model, embedding):
    seen = film(model, embedding)
    assert find_bump(seen, RIG, embedding) is None
    for name, axis in (("camB", [0, 1, 0]), ("camC", [1, 0, 0]), ("camA", [0, 1, 0])):
        index, each = RIG.names.index(name), RIG[name]
        turn = cv2.Rodrigues(np.radians(1.5) * np.array(axis, float))[0]
        warp = each.matrix @ turn @ np.linalg.inv(each.matrix)
        xy = seen.xy.copy()
        rays = np.concatenate([xy[index, 17:], np.ones((*xy[index, 17:].shape[:2], 1))], axis=2) @ warp.T
        xy[index, 17:] = rays[..., :2] / rays[..., 2:]
        bump = find_bump(replace(seen, xy=xy), RIG, embedding)
        assert (bump.cameras, bump.frame) == ((name,), 17)


@pytest.mark.parametrize("pair", [("camA", "camB"), ("camB", "camC")])
@pytest.mark.parametrize(("axis", "degrees"), [((0, 1, 0), 1.0), ((1, 0, 0), 1.5), ((0, 0.7, 0.7), 1.5)])
def test_of_two_cameras_the_bumped_one_is_named(pair, axis, degrees, model, embedding):
    """Panned along the line between them, across it, and panned and rolled at once."""
    seen = part_of(film(model, embedding, frames=40), *pair)
    rig = Rig(tuple(RIG[name] for name in pair))
    assert find_bump(seen, rig, embedding) is None
    for index, each in enumerate(rig.cameras):
        warp = each.matrix @ cv2.Rodrigues(np.radians(degrees) * np.array(axis, float))[0] @ np.linalg.inv(each.matrix)
        xy = seen.xy.copy()
        rays = np.concatenate([xy[index, 21:], np.ones((*xy[index, 21:].shape[:2], 1))], axis=2) @ warp.T
        xy[index, 21:] = rays[..., :2] / rays[..., 2:]
        bump = find_bump(replace(seen, xy=xy), rig, embedding)
        assert (bump.cameras, bump.frame) == ((pair[index],), 21)


def test_a_detector_that_errs_in_one_camera_now_and_then_is_no_bump(model, embedding):
    """A face that leaps in one picture and comes back, and one that leaps where the other camera sees no face."""
    seen, rig = part_of(film(model, embedding, frames=40), "camA", "camB"), Rig((RIG["camA"], RIG["camB"]))
    xy = seen.xy.copy()
    xy[1, 14:24, :, 0] += 0.016 * FOCAL
    assert find_bump(replace(seen, xy=xy), rig, embedding) is None
    xy, there = seen.xy.copy(), seen.seen.copy()
    xy[1, 21:, :, 0] += 0.02 * FOCAL
    there[0, 19:23] = False
    assert find_bump(replace(seen, xy=np.where(there[..., None], xy, np.nan), seen=there), rig, embedding) is None


def test_a_mirrored_clip_is_named(model, embedding):
    seen = film(model, embedding)
    points = embedding.points(model, model.neutral)
    partner = np.linalg.norm(points[:, None] * [-1, 1, 1] - points, axis=2).argmin(axis=1)
    xy = seen.xy.copy()
    xy[2] = xy[2][:, partner]
    xy[2, ..., 0] = SIZE[0] - 1 - xy[2, ..., 0]
    flipped = replace(seen, xy=xy)
    assert mirrored(face_poses(seen, RIG.cameras, model, embedding)) == []
    assert mirrored(face_poses(flipped, RIG.cameras, model, embedding)) == [2]
    assert find_mirrored(flipped, RIG, model, embedding) == "camC"
    beside = replace(model, neutral=model.neutral + np.float32([0.3, 0, 0]))
    assert find_mirrored(flipped, RIG, beside, embedding) == "camC"
    with pytest.raises(RigError, match="the clip of camC is mirrored"):
        refuse_foreign(check_rig(flipped, RIG, embedding), flipped, RIG, model, embedding, "rig.toml")


def test_the_distance_between_the_eyes_is_that_of_the_eyeballs(model, embedding):
    assert interocular(model, embedding, np.zeros(4)) == pytest.approx(0.064, abs=1e-6)
    assert np.isnan(interocular(replace(model, eyes=()), embedding, np.zeros(4)))


def test_the_borders_covariance_is_its_block_of_the_inverse():
    generator = torch.Generator().manual_seed(4)
    root = torch.randn(7, 7, generator=generator, dtype=torch.float64)
    dense = root @ root.T + torch.eye(7, dtype=torch.float64)
    arrow = Arrow(dense[:4, :4][None], torch.zeros(0, 4, dtype=torch.float64), dense[:4, 4:][None], dense[4:, 4:])
    torch.testing.assert_close(border_covariance(arrow), torch.linalg.inv(dense)[4:, 4:])
