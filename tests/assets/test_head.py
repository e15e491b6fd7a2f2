"""The built-in head: whole, adult, symmetric, and every shape anatomically sound. Lengths in millimetres here."""

import numpy as np
import pytest
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import cKDTree

import assets
from assets.make_head import head as build
from assets.make_head import lips
from assets.make_head.__main__ import ORIGIN, make
from assets.make_head.head import Head
from assets.make_head.identity import ONE_SIDED
from assets.make_head.lids import RADIUS, about
from assets.make_head.skin import EYE_RINGS, MOUTH_RINGS
from solver.face_model import ARKIT, FaceModel, deform
from solver.model_file import ARRAYS, load_model

LEFT_ONLY = [name for name in ARKIT if not name.endswith("Right")]
CONTACT = MOUTH_RINGS + len(lips.UPPER) - 1
THROUGH = 0.3  # mm: how far lips or lids may press into one another


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return load_model(assets.path("head.npz"))


@pytest.fixture(scope="module")
def head() -> Head:
    return build.build()


@pytest.fixture(scope="module")
def neutral(model: FaceModel) -> np.ndarray:
    return model.neutral.astype(np.float64) * 1e3


def posed(model: FaceModel, mix: dict[str, float], identity: np.ndarray | None = None) -> np.ndarray:
    weights = np.zeros(len(model.shape_names))
    for name, value in mix.items():
        weights[model.shape_names.index(name)] = value
    return deform(model, weights, identity) * 1e3


def alone(name: str) -> dict[str, float]:
    """A shape at 1; the lips can close only over a jaw that is open."""
    return {name: 1.0, "jawOpen": 1.0} if name == "mouthClose" else {name: 1.0}


def normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    across = np.cross(points[triangles[:, 1]] - points[triangles[:, 0]],
                      points[triangles[:, 2]] - points[triangles[:, 0]])
    return across / np.linalg.norm(across, axis=1, keepdims=True)


def both_sides(head: Head, left: np.ndarray) -> np.ndarray:
    return np.unique(np.concatenate([left, head.twin[left]]))


def part(model: FaceModel, *names: str) -> np.ndarray:
    """The vertices of some parts."""
    faces = model.faces[np.isin(model.face_part, [model.part_names.index(name) for name in names])]
    return np.unique(faces[faces >= 0])


def test_the_shipped_file_is_what_the_script_makes(model):
    assert assets.path("head.npz").stat().st_size < 2_000_000  # compressed
    made = make()
    assert made.part_names == model.part_names
    assert made.identity_names == model.identity_names
    for name in ARRAYS:
        np.testing.assert_allclose(getattr(made, name), getattr(model, name), rtol=0, atol=1e-6, err_msg=name)
    for mine, shipped in zip(made.eyes, model.eyes, strict=True):
        np.testing.assert_array_equal(mine.vertices, shipped.vertices)


def test_it_is_a_whole_head_of_quads(model):
    assert 4_000 <= len(model.neutral) <= 15_000
    assert {"skin", "lips", "mouth", "teeth", "gums", "tongue", "eyeLeft", "eyeRight", "iris", "pupil", "brows",
            "eye rim"} <= set(model.part_names)
    assert (model.faces[:, 3] < 0).sum() <= 2  # where the mouth's bag ends
    used = np.unique(model.faces[model.faces >= 0])
    assert len(used) == len(model.neutral)


def test_neighbours_agree_which_side_is_outside(model):
    """Each edge runs once in each direction at most: no face is turned over, no edge has three faces."""
    edges = []
    for face in model.faces.tolist():
        corners = [vertex for vertex in face if vertex >= 0]
        edges += zip(corners, corners[1:] + corners[:1], strict=True)
    assert len(set(edges)) == len(edges)


@pytest.mark.parametrize("name", ["eyeLeft", "eyeRight", "teeth", "tongue"])
def test_pieces_show_their_outside(model, neutral, name):
    """Counter-clockwise seen from outside: what a piece encloses is positive."""
    members = part(model, name) if name in ("teeth", "tongue") else model.eyes[name == "eyeRight"].vertices
    triangles = model.triangles[np.isin(model.triangles, members).all(1)]
    local = neutral - neutral[members].mean(0)
    a, b, c = (local[triangles[:, corner]] for corner in range(3))
    assert np.einsum("ij,ij->i", a, np.cross(b, c)).sum() > 0


def test_it_has_an_adults_measures(model, neutral, head):
    """Within two standard deviations of the adult mean of men and women together (sources: assets/README.md)."""
    points = neutral + ORIGIN
    skin = head.skin
    eyes = [points[eye.vertices].mean(0) for eye in model.eyes]
    edge = points[skin.eye[EYE_RINGS]]
    face = points[head.skin.grid[head.skin.grid >= 0]]
    measures = {
        "pupil to pupil": (eyes[0][0] - eyes[1][0], 63, 3.6),
        "eye opening": (np.ptp(edge[:, 1]), 10.8, 1.2),
        "eye length": (np.ptp(edge[:, 0]), 30, 1.8),
        "head breadth": (2 * face[face[:, 1] > 20][:, 0].max(), 150, 6),
        "head length": (face[face[:, 1] > 10][:, 2].max() - face[:, 2].min(), 192, 8),
        "chin to crown": (points[skin.crown][:, :, 1].max() - -113.0, 223, 10),
        "mouth width": (2 * points[skin.mouth[MOUTH_RINGS]][:, 0].max(), 51, 3.6),
        "height of the upper lip's red": (np.ptp(points[skin.mouth[MOUTH_RINGS:CONTACT + 1, -1]][:, 1]), 8, 1.5),
        "height of the lower lip's red": (np.ptp(points[skin.mouth[MOUTH_RINGS:CONTACT + 1, 0]][:, 1]), 9.5, 1.7),
    }
    wrong = {name: found for name, (found, mean, sd) in measures.items() if abs(found - mean) > 2 * sd}
    assert not wrong


def test_left_and_right_mirror_each_other(model, neutral, head):
    mirror = np.array([-1, 1, 1])
    assert np.abs(neutral[head.twin] * mirror - neutral).max() < 0.1
    for row, name in enumerate(model.shape_names):
        other = name.replace("Left", "Right") if "Left" in name else name.replace("Right", "Left")
        assert np.abs(model.shapes[model.shape_names.index(other)][head.twin] * mirror
                      - model.shapes[row]).max() < 1e-4, name
    for name, mode in zip(model.identity_names, model.identity, strict=True):
        sign = -1.0 if name in ONE_SIDED else 1.0
        assert np.abs(sign * mode[head.twin] * mirror - mode).max() < 1e-7, name


def test_every_shape_is_real_and_like_no_other(model):
    flat = model.shapes.reshape(len(ARKIT), -1).astype(np.float64)
    length = np.linalg.norm(flat, axis=1)
    assert model.shape_names == ARKIT
    assert np.linalg.norm(model.shapes, axis=2).max(1).min() > 0.5e-3  # each moves something by half a millimetre
    alike = flat @ flat.T / np.outer(length, length) - np.eye(len(flat))
    first, second = np.unravel_index(alike.argmax(), alike.shape)
    assert alike.max() < 0.95, f"{ARKIT[first]} and {ARKIT[second]}"


@pytest.mark.parametrize("name", LEFT_ONLY)
def test_no_shape_turns_a_triangle_over(model, neutral, name):
    before, after = (normals(points, model.triangles) for points in (neutral, posed(model, alone(name))))
    assert not ((before * after).sum(1) < 0).any()


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_a_blink_shuts_the_eye(model, neutral, head, side):
    skin = head.skin
    ring = skin.eye[EYE_RINGS] if side == "Left" else head.twin[skin.eye[EYE_RINGS]]
    count = len(ring) // 2
    lower, upper = ring[1:count], ring[:count:-1]
    shut = posed(model, {f"eyeBlink{side}": 1.0})
    gap = np.linalg.norm(shut[upper] - shut[lower], axis=1).max()
    assert gap < 0.02 * np.linalg.norm(neutral[upper] - neutral[lower], axis=1).max()


@pytest.mark.parametrize("name", LEFT_ONLY)
def test_lids_stay_on_the_eyeball(model, head, name):
    points = posed(model, {name: 1.0})
    for lids, eye in ((head.skin.eye, model.eyes[0]), (head.twin[head.skin.eye], model.eyes[1])):
        middle = points[eye.vertices].mean(0)
        assert np.linalg.norm(points[np.unique(lids)] - middle, axis=1).min() > RADIUS


@pytest.mark.parametrize("name", LEFT_ONLY)
def test_lids_do_not_pass_one_another(model, neutral, head, name):
    points = posed(model, {name: 1.0})
    ring = head.skin.eye[EYE_RINGS]
    count = len(ring) // 2
    above = points[ring[:count:-1], 1] - points[ring[1:count], 1]
    assert above.min() > -THROUGH


@pytest.mark.parametrize("squint", [0.3, 0.6, 1.0])
def test_a_shut_upper_lid_lies_over_a_squinting_lower_one(model, head, squint):
    """Both raise the lower lid, further than the upper one's edge: it must go under it; a lash may show."""
    points = posed(model, {"eyeBlinkLeft": 1.0, "eyeSquintLeft": squint}) + ORIGIN
    rings = head.skin.eye[EYE_RINGS - 4:EYE_RINGS + 1]
    count = rings.shape[1] // 2
    upper = about(points[rings[:, count + 1:]].reshape(-1, 3))
    edge, lashes = rings[-1, 1:count], head.lashes[1].ravel()
    lower = about(points[np.concatenate([edge, lashes])])
    over = LinearNDInterpolator(np.column_stack([upper.along, 14 * upper.angle]), upper.radius)
    deep = over(lower.along, 14 * lower.angle) - lower.radius  # NaN beside the upper lid
    assert np.isfinite(deep).sum() > 30 * squint
    assert np.nanmin(deep[:len(edge)]) > -THROUGH
    assert np.nanmin(deep) > -0.5  # mm
    middle = points[model.eyes[0].vertices].mean(0)
    assert np.linalg.norm(points[np.unique(rings)] - middle, axis=1).min() > RADIUS


@pytest.mark.parametrize("amount", [0.3, 0.7, 1.0])
def test_lips_meet_when_mouth_close_equals_jaw_open(model, head, amount):
    points = posed(model, {"jawOpen": amount, "mouthClose": amount})
    contact = head.skin.mouth[CONTACT]
    corner = len(contact) // 2
    gap = np.linalg.norm(points[contact[:corner]] - points[contact[:corner:-1]], axis=1)
    assert gap.max() < 0.3
    open_gap = np.linalg.norm(np.subtract(*posed(model, {"jawOpen": amount})[contact[[0, -1]]]))
    assert open_gap > 25 * amount


@pytest.mark.parametrize("name", LEFT_ONLY)
def test_lips_do_not_pass_through_one_another(model, head, name):
    points = posed(model, alone(name))
    corner = head.skin.mouth.shape[1] // 2
    red = head.skin.mouth[MOUTH_RINGS:CONTACT + 3]
    lower, upper = both_sides(head, red[:, :corner - 1].ravel()), both_sides(head, red[:, corner + 2:].ravel())
    outwards = np.zeros_like(points)
    for k in range(3):
        np.add.at(outwards, model.triangles[:, k], normals(points, model.triangles))
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    for one, other in ((lower, upper), (upper, lower)):
        near = other[cKDTree(points[other]).query(points[one])[1]]
        deep = ((points[one] - points[near]) * outwards[near]).sum(1)
        assert deep.min() > -THROUGH


@pytest.mark.parametrize("amount", [0.2, 0.35, 0.5, 0.7, 1.0])
def test_the_tongue_comes_out_between_the_lips_and_not_through_the_chin(model, head, amount):
    points = posed(model, {"tongueOut": amount})
    red = points[head.skin.mouth[MOUTH_RINGS:CONTACT + 1, 0]]  # the lower lip's middle, from its border to the contact
    out = points[head.tongue]
    out = out[out[:, 2] > points[head.skin.mouth[MOUTH_RINGS - 3, 0], 2]]
    assert len(out) == 0 or out[:, 1].min() > red[:, 1].min()
    assert amount < 0.9 or out[:, 2].max() > red[:, 2].max() + 20  # mm


def test_the_jaw_opens_as_far_as_a_jaw_can(model, neutral, head):
    """Maximal opening between the incisors' edges is 35 to 50 mm in healthy adults."""
    opened = posed(model, {"jawOpen": 1.0})
    edges = [teeth[24:32] for teeth in (head.teeth["upper"], head.teeth["lower"])]  # the first tooth's edge
    rest, wide = (np.linalg.norm(points[edges[0]].mean(0) - points[edges[1]].mean(0)) for points in (neutral, opened))
    assert rest < 4
    assert 35 < wide < 50


def test_the_jaw_is_one_bone(model, neutral, head):
    """The lower teeth move as a rigid piece: a linear shape's full turn keeps their distances."""
    teeth = head.teeth["lower"]
    opened = posed(model, {"jawOpen": 1.0})
    lengths = [np.linalg.norm(points[teeth] - points[teeth].mean(0), axis=1) for points in (neutral, opened)]
    np.testing.assert_allclose(*lengths, atol=0.01)
    still = head.teeth["upper"]
    np.testing.assert_allclose(opened[still], neutral[still], atol=1e-6)


def test_eyeballs_turn_about_their_middle(model):
    gaze = np.radians([[20.0, -15.0], [20.0, -15.0]])
    points = deform(model, np.zeros(len(ARKIT)), gaze=gaze) * 1e3
    for eye, (yaw, pitch) in zip(model.eyes, gaze, strict=True):
        ball = points[eye.vertices]
        np.testing.assert_allclose(np.linalg.norm(ball - ball.mean(0), axis=1), RADIUS, atol=0.01)
        pupil = np.intersect1d(eye.vertices, part(model, "pupil"))
        looks = points[pupil].mean(0) - ball.mean(0)
        wanted = [np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)]
        np.testing.assert_allclose(looks / np.linalg.norm(looks), wanted, atol=0.01)


def test_texture_coordinates_cover_the_square_once(model):
    assert model.uv_faces.shape == model.faces.shape
    assert model.uv.min() >= 0
    assert model.uv.max() <= 1
    skin = np.flatnonzero(model.face_part == model.part_names.index("skin"))
    a, b, c, d = (model.uv[model.uv_faces[skin, k]].astype(np.float64) for k in range(4))
    first, second = c - a, d - b
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    assert (np.sign(area) == np.sign(area[0])).all()
    assert area.sum() / 2 < 1.0
