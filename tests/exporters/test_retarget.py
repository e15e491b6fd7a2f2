import dataclasses

import numpy as np
import pytest

import assets
from capture.errors import DataError
from exporters.retarget import Coupling, RetargetMap, Target, apply, identity_map, swap_sides
from exporters.retarget_file import load
from solver.face_model import ARKIT, deform
from solver.performance import matrices
from tests.synthetic import made_performance, small_face

MODEL = small_face()
PERFORMANCE = made_performance(MODEL, 30)


def column(performance, name):
    return performance.weights[:, performance.shape_names.index(name)]


def test_gains_offsets_curves_couplings_and_limits_by_hand():
    smile, jaw = column(PERFORMANCE, "mouthSmileLeft"), column(PERFORMANCE, "jawOpen")
    out = apply(RetargetMap((
        Target("sum", (("mouthSmileLeft", 0.5), ("jawOpen", 2.0)), offset=0.1),
        Target("bent", (("jawOpen", 1.0),), curve=((0.0, 0.0), (0.5, 0.2), (1.0, 1.0))),
        Target("held", (("jawOpen", 3.0),), limit=(0.0, 1.0)),
        Target("both", couplings=(Coupling(("jawOpen", "mouthSmileLeft"), gain=0.5),)),
        Target("least", couplings=(Coupling(("jawOpen", "mouthSmileLeft"), "min"),)))), PERFORMANCE)
    assert out.shape_names == ("sum", "bent", "held", "both", "least")
    np.testing.assert_allclose(column(out, "sum"), 0.1 + 0.5 * smile + 2 * jaw)
    np.testing.assert_allclose(column(out, "bent"), np.where(jaw < 0.5, 0.4 * jaw, 0.2 + 1.6 * (jaw - 0.5)))
    np.testing.assert_allclose(column(out, "held"), np.minimum(3 * jaw, 1))
    np.testing.assert_allclose(column(out, "both"), 0.5 * jaw * smile)
    np.testing.assert_allclose(column(out, "least"), np.minimum(jaw, smile))
    np.testing.assert_array_equal(out.head_rotation, PERFORMANCE.head_rotation)


def test_sigma_is_carried_to_first_order():
    sigma = dict(zip(PERFORMANCE.shape_names, PERFORMANCE.sigma.T, strict=True))
    out = apply(RetargetMap((
        Target("sum", (("mouthSmileLeft", 0.5), ("jawOpen", 2.0))),
        Target("both", couplings=(Coupling(("jawOpen", "mouthSmileLeft")),)))), PERFORMANCE)
    expected = np.hypot(0.5 * sigma["mouthSmileLeft"], 2 * sigma["jawOpen"])
    np.testing.assert_allclose(out.sigma[:, 0], expected, rtol=1e-6)
    expected = np.hypot(sigma["jawOpen"] * column(PERFORMANCE, "mouthSmileLeft"),
                        sigma["mouthSmileLeft"] * column(PERFORMANCE, "jawOpen"))
    np.testing.assert_allclose(out.sigma[:, 1], expected, atol=1e-9)


def test_a_shape_that_the_performance_lacks_is_named():
    with pytest.raises(DataError, match="'Smile' from 'grin'"):
        apply(RetargetMap((Target("Smile", (("grin", 1.0),)),)), PERFORMANCE)


@pytest.mark.parametrize("rename", [
    lambda name: name, str.lower, lambda name: name[0].upper() + name[1:],
    lambda name: name.replace("Left", "_L").replace("Right", "_R"),
    lambda name: name.replace("Left", "_left").replace("Right", "_right")])
def test_the_usual_spellings_are_found_by_name(rename):
    # A word that ends in a direction, as mouthLeft, keeps it in every spelling.
    targets = [name if name in ("jawLeft", "jawRight", "mouthLeft", "mouthRight") else rename(name) for name in ARKIT]
    found, missing = identity_map(ARKIT, targets)
    if rename is str.lower:  # "left" glued to a word in lower case cannot be told from the word's end
        assert set(missing) <= {name.lower() for name in ARKIT if name.endswith(("Left", "Right"))}
        return
    assert missing == ()
    np.testing.assert_array_equal(apply(found, PERFORMANCE).weights, PERFORMANCE.weights)


def test_a_shape_split_by_side_takes_the_whole_and_the_whole_takes_the_mean():
    found, missing = identity_map(("browInnerUp", "smile_L", "smile_R"),
                                  ("browInnerUp_L", "browInnerUp_R", "Smile", "whistle"))
    assert missing == ("whistle",)
    assert [target.terms for target in found.targets] == [
        (("browInnerUp", 1.0),), (("browInnerUp", 1.0),), (("smile_L", 0.5), ("smile_R", 0.5)), ()]


def test_a_jaw_to_the_left_is_no_half_of_a_jaw():
    found, missing = identity_map(ARKIT, ("Jaw", "Mouth", "mouth_L", "jaw_open", "CTRL_jaw"))
    assert missing == ("Jaw", "Mouth", "CTRL_jaw")
    assert [target.terms for target in found.targets] == [
        (), (), (("mouthLeft", 1.0),), (("jawOpen", 1.0),), ()]
    assert identity_map(("Jaw", "Mouth"), ("jawLeft", "mouthRight"))[1] == ("jawLeft", "mouthRight")


def test_a_mirror_shows_the_same_face_from_the_other_side():
    symmetric = mirrored_model()
    out = swap_sides(PERFORMANCE)
    assert out.shape_names == PERFORMANCE.shape_names
    for frame in (3, 20):
        def world(performance, frame=frame):
            points = deform(symmetric, performance.weights[frame])
            return points @ matrices(performance.head_rotation)[frame].T + performance.head_translation[frame]

        mirror = world(PERFORMANCE) * [-1, 1, 1]
        again = world(out)
        np.testing.assert_allclose(again[[1, 0, 2]], mirror, atol=1e-12)
    np.testing.assert_allclose(out.gaze[:, 0], PERFORMANCE.gaze[:, 1] * [-1, 1])
    back = swap_sides(out)
    np.testing.assert_allclose(back.weights, PERFORMANCE.weights)
    np.testing.assert_allclose(back.head_rotation, PERFORMANCE.head_rotation, atol=1e-12)


@pytest.mark.parametrize("pair", [
    ("CTRL_expressions_eyeBlinkL", "CTRL_expressions_eyeBlinkR"), ("L_smile", "R_smile"), ("smile.L", "smile.R"),
    ("smile_l", "smile_r"), ("head|Left_smile", "head|Right_smile"), ("eyeblinkleft", "eyeblinkright"),
    ("CTRL_expressions_mouthFunnelDL", "CTRL_expressions_mouthFunnelDR"), ("mouthPressLeftX", "mouthPressRightX"),
    # In a mirror the left eye's look to the right is the right eye's look to the left.
    ("CTRL_expressions_eyeLookRightL", "CTRL_expressions_eyeLookLeftR"), ("jawLeft", "jawRight")])
def test_a_mirror_finds_the_other_side_in_every_usual_spelling(pair):
    names = (*pair, "jawOpen", "CTRL_expressions_eyeLookRightR", "smile", "Rim", "lower_Lip_CTRL", "upright",
             "L", "R")  # mouths that say these
    moving = dataclasses.replace(PERFORMANCE, shape_names=names, weights=PERFORMANCE.weights[:, :len(names)],
                                 sigma=PERFORMANCE.sigma[:, :len(names)])
    out = swap_sides(moving)
    np.testing.assert_array_equal(out.weights, moving.weights[:, [1, 0, *range(2, len(names))]])


def mirrored_model():
    """Points at the left, the right and the middle; each shape moves its own side forward and up."""
    neutral = np.array([[0.03, 0.01, 0.1], [-0.03, 0.01, 0.1], [0.0, -0.02, 0.1]])
    shapes = np.zeros((52, 3, 3))
    for index, name in enumerate(ARKIT):
        push = np.array([0.001 * (index % 5), 0.002, 0.003 * (index % 3)])
        if name in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
            shapes[index] = [0.004 if name.endswith("Left") else -0.004, 0, 0]
        elif name.endswith("Left"):
            shapes[index, 0] = push - [0, 0, 0]
            shapes[ARKIT.index(name[:-4] + "Right"), 1] = push * [-1, 1, 1]
        elif not name.endswith("Right"):
            shapes[index] = [[*push], [*(push * [-1, 1, 1])], [0, push[1], 0]]
    return dataclasses.replace(MODEL, neutral=neutral, shapes=shapes, eyes=())


def test_only_the_names_can_be_swapped():
    out = swap_sides(PERFORMANCE, head=False)
    np.testing.assert_array_equal(column(out, "mouthLeft"), column(PERFORMANCE, "mouthRight"))
    np.testing.assert_array_equal(column(out, "jawOpen"), column(PERFORMANCE, "jawOpen"))
    np.testing.assert_array_equal(out.head_rotation, PERFORMANCE.head_rotation)
    np.testing.assert_array_equal(out.gaze, PERFORMANCE.gaze)


def test_a_map_is_read_as_it_is_documented(tmp_path):
    path = tmp_path / "map.toml"
    path.write_text("""
version = 1
[targets.Smile_L]
from = { mouthSmileLeft = 1.0, mouthDimpleLeft = 0.2 }
offset = 0.1
curve = [[0.0, 0.0], [0.5, 0.3], [1.0, 1.0]]
limit = [0.0, 1.0]
[[targets.Smile_L.couplings]]
of = ["jawOpen", "mouthSmileLeft"]
mode = "min"
gain = -0.5
[targets."odd \\"name\\""]
""")
    found = load(path)
    assert found.targets[0] == Target(
        "Smile_L", (("mouthSmileLeft", 1.0), ("mouthDimpleLeft", 0.2)),
        (Coupling(("jawOpen", "mouthSmileLeft"), "min", -0.5),), 0.1, ((0.0, 0.0), (0.5, 0.3), (1.0, 1.0)), (0.0, 1.0))
    assert found.targets[1] == Target('odd "name"')


@pytest.mark.parametrize(("text", "match"), [
    ("version = 2", "version 2"), ("version = 1", "no \\[targets.NAME\\]"), ("= 3", "not a valid TOML"),
    ("version = 1\ntargets = 3", "no \\[targets.NAME\\]"),
    ("version = 1\n[targets]\nA = 3", "is not a table"),
    ("version = 1\n[targets.A]\nform = {}", "'form'"),
    ("version = 1\n[targets.A]\nfrom = ['a']", "from is not"),
    ("version = 1\n[targets.A]\nfrom = { a = 'x' }", "from is not"),
    ("version = 1\n[targets.A]\nfrom = { a = nan }", "from is not"),
    ("version = 1\n[targets.A]\noffset = true", "offset"),
    ("version = 1\n[targets.A]\ncurve = [[0, 0], [0, 1]]", "curve"),
    ("version = 1\n[targets.A]\ncurve = [0, 1]", "curve"),
    ("version = 1\n[targets.A]\nlimit = [1, 0]", "limit"),
    ("version = 1\n[targets.A]\ncouplings = [{ of = [] }]", "coupling"),
    ("version = 1\n[targets.A]\ncouplings = [{ of = ['a'], mode = 'max' }]", "mode"),
])
def test_damage_is_named(tmp_path, text, match):
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(DataError, match=match):
        load(tmp_path / "map.toml")


def test_the_example_that_ships_can_be_used():
    out = apply(load(assets.path("retarget-example.toml")), PERFORMANCE)
    assert out.shape_names == ("Smile_L", "Smile_R", "Blink", "Jaw_Smile_Fix")
    assert np.abs(column(out, "Jaw_Smile_Fix")).max() > 0.05
    assert column(out, "Blink").max() <= 1.0


def test_a_missing_map_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path / "none.toml")
