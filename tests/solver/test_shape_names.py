import time
from dataclasses import replace

import numpy as np
import pytest

from capture.errors import ModelError, UsageError
from solver.face_model import ARKIT, FaceModel
from solver.rig_model import LEVEL
from solver.shape_names import (
    arkit_name,
    guess_names,
    names_found,
    names_lines,
    read_names,
    rename_shapes,
    short_name,
    write_names,
)
from tests.synthetic import small_face

FACESHIFT = {
    "EyeBlink_L": "eyeBlinkLeft", "EyeSquint_R": "eyeSquintRight", "EyeDown_L": "eyeLookDownLeft",
    "EyeOpen_R": "eyeWideRight", "BrowsD_L": "browDownLeft", "BrowsU_C": "browInnerUp", "BrowsU_R": "browOuterUpRight",
    "JawFwd": "jawForward", "LipsTogether": "mouthClose", "LipsFunnel": "mouthFunnel", "Sneer_L": "noseSneerLeft",
    "Puff": "cheekPuff", "ChinLowerRaise": "mouthShrugLower", "LipsStretch_R": "mouthStretchRight"}
META_SIDED = {
    "browLowerer": "browDown", "cheekRaiser": "cheekSquint", "dimpler": "mouthDimple", "eyesClosed": "eyeBlink",
    "eyesLookDown": "eyeLookDown", "eyesLookUp": "eyeLookUp", "lidTightener": "eyeSquint",
    "lipCornerDepressor": "mouthFrown", "lipCornerPuller": "mouthSmile", "lipPressor": "mouthPress",
    "lipStretcher": "mouthStretch", "lowerLipDepressor": "mouthLowerDown", "noseWrinkler": "noseSneer",
    "outerBrowRaiser": "browOuterUp", "upperLidRaiser": "eyeWide", "upperLipRaiser": "mouthUpperUp"}
META = {
    "lipsToward": "mouthClose", "jawDrop": "jawOpen", "innerBrowRaiserL": "browInnerUp",
    "innerBrowRaiserR": "browInnerUp",
    "chinRaiserB": "mouthShrugLower", "chinRaiserT": "mouthShrugUpper", "jawSidewaysLeft": "jawLeft",
    "jawSidewaysRight": "jawRight", "jawThrust": "jawForward", "cheekPuffL": "cheekPuff", "cheekPuffR": "cheekPuff",
    "eyesLookLeftL": "eyeLookOutLeft", "eyesLookRightL": "eyeLookInLeft", "eyesLookLeftR": "eyeLookInRight",
    "eyesLookRightR": "eyeLookOutRight", "lipPuckerL": "mouthPucker", "lipPuckerR": "mouthPucker",
    "lipFunnelerLB": "mouthFunnel", "lipFunnelerLT": "mouthFunnel", "lipFunnelerRB": "mouthFunnel",
    "lipFunnelerRT": "mouthFunnel", "lipSuckLB": "mouthRollLower", "lipSuckRB": "mouthRollLower",
    "lipSuckLT": "mouthRollUpper", "lipSuckRT": "mouthRollUpper", "mouthLeft": "mouthLeft", "mouthRight": "mouthRight",
    "tongueOut": "tongueOut",
    **{f"{own}{mark}": f"{meaning}{side}" for own, meaning in META_SIDED.items()
       for mark, side in (("L", "Left"), ("R", "Right"))}}
"""All of Meta's face tracking that has a meaning in ARKit; what has none (cheekSuck, lipTightener, tongues) stays."""
VRM = {"blinkLeft": "eyeBlinkLeft", "Blink_R": "eyeBlinkRight", "BrowDownLeft": "browDownLeft", "JawOpen": "jawOpen"}
"""VRM's own presets but for the blinks are moods and vowels; its "perfect sync" has ARKit's in PascalCase."""


@pytest.mark.parametrize("spell", [
    lambda name: name, lambda name: name[0].upper() + name[1:], str.upper,
    lambda name: name.replace("Left", "_L").replace("Right", "_R"), lambda name: f"blendShape1.{name}",
    lambda name: f"Head:{name.replace('Left', '_left').replace('Right', '_right')}",
    lambda name: "".join("_" + c.lower() if c.isupper() else c for c in name),
])
def test_all_of_arkit_is_known_in_every_usual_spelling(spell):
    assert [arkit_name(spell(name)) for name in ARKIT] == list(ARKIT)


@pytest.mark.parametrize(("own", "meaning"), [*FACESHIFT.items(), *META.items(), *VRM.items(),
                                              ("L_eyeBlink", "eyeBlinkLeft"), ("Head:eyeBlink.L", "eyeBlinkLeft"),
                                              ("smile.r", "mouthSmileRight"), ("cheekPuff_R", "cheekPuff")])
def test_other_conventions_are_known(own, meaning):
    assert arkit_name(own) == meaning


def test_meta_covers_arkit() -> None:
    assert set(META.values()) == set(ARKIT)


@pytest.mark.parametrize("own", ["cheekSuckL", "lipTightenerR", "Joy", "happy",
                                 "Basis", "aa", "Blink", "mouthSmile", "Sneer", "viseme_PP", "", "left", "_L"])
def test_what_has_no_side_or_meaning_is_not_guessed(own):
    assert arkit_name(own) is None


def test_a_name_without_its_deformer():
    assert short_name("blendShape1.browDown_L") == "browDown_L"
    assert short_name("a|b:c.d") == "d"
    assert short_name("ends.") == "ends."
    assert short_name("head:smile.L") == "smile.L"  # Blender's sides, and its copies
    assert short_name("smile.R.001") == "smile.R.001"
    assert short_name("blendShape1.L") == "L"  # a mouth's shape


@pytest.mark.parametrize("own", ["h_{}", "blendShape2.h_{}", "head_geo__{}", "A{:02d}_{}", "hero - {}"])
def test_a_beginning_that_all_names_share_does_not_count(own):
    names = tuple(own.format(*((name,) if own.count("{") == 1 else (index, name))) for index, name in enumerate(ARKIT))
    assert list(guess_names(names).values()) == list(ARKIT)


def test_two_beginnings_are_no_parts_of_one_shape():
    """The second head's funnel would be added to the first's; and of its other shapes nothing would be said."""
    names = (*(f"a_{name}" for name in ARKIT), *(f"b_{name}" for name in ARKIT))
    assert guess_names(names) == {f"a_{name}": name for name in ARKIT}
    assert names_found(names, guess_names(names)).ambiguous == {f"b_{name}": name for name in ARKIT}
    parts = ("h_jawOpen", "h_mouthClose", "h_browInnerUp_L", "h_browInnerUp_R", "h_cheekPuff", "h_cheekPuff_L")
    assert guess_names(parts) == dict(zip(parts[:5], ("jawOpen", "mouthClose", "browInnerUp", "browInnerUp",
                                                      "cheekPuff"), strict=True))


def test_what_shapes_do_together_is_none_of_them():
    both = tuple(f"{start}{name}" for start in ("jawOpen_", "fix_jawOpen_", "fix_jaw_open_") for name in ARKIT)
    assert guess_names(both) == {}
    assert set(guess_names((*ARKIT, *both))) == set(ARKIT)


def test_sides_are_summed_but_synonyms_are_not():
    assert guess_names(("browInnerUp_L", "browInnerUp_R")) == {"browInnerUp_L": "browInnerUp",
                                                               "browInnerUp_R": "browInnerUp"}
    assert guess_names(("browInnerUp_L", "browInnerUp")) == {"browInnerUp": "browInnerUp"}
    assert guess_names(("jawDrop", "jawOpen")) == {"jawOpen": "jawOpen"}
    assert guess_names(("smile_L", "lipCornerPullerL")) == {"smile_L": "mouthSmileLeft"}


def test_names_are_sorted_for_the_user_to_look_over(tmp_path):
    own = ("jawOpen", "jawDrop", "puffL", "puffR", "viseme_PP", "gone", "blinkL")
    found = names_found(own, {**guess_names(own), "gone": "", "blinkL": "shut"})
    assert found.matched == {"jawOpen": ("jawOpen",), "cheekPuff": ("puffL", "puffR")}
    assert found.ambiguous == {"jawDrop": "jawOpen"}
    assert (found.unknown, found.left_out, found.renamed) == (("viseme_PP",), ("gone",), {"blinkL": "shut"})
    assert len(found.missing) == 50
    text = "\n".join(names_lines(found))
    assert "puffL + puffR  stands for  cheekPuff" in text
    assert "ambiguous: jawDrop may stand for jawOpen, but so does jawOpen" in text
    assert "left out: gone" in text
    write_names(tmp_path / "names.toml", own, guess_names(own))
    assert '# "jawDrop" = "jawDrop"  # or jawOpen, as another' in (tmp_path / "names.toml").read_text()
    assert read_names(tmp_path / "names.toml") == guess_names(own)


def renamed(names: tuple[str, ...], table: dict[str, str]) -> tuple[FaceModel, np.ndarray]:
    model = small_face()
    kept = model.shapes[:len(names)]
    return rename_shapes(replace(model, shape_names=names, shapes=kept), table), kept


def test_arkits_come_first_and_parts_are_summed():
    model, shapes = renamed(("extra", "puffL", "puffR", "blinkL", "gone"),
                            {"puffL": "cheekPuff", "puffR": "cheekPuff", "blinkL": "eyeBlinkLeft", "gone": ""})
    assert model.shape_names == ("eyeBlinkLeft", "cheekPuff", "extra")
    np.testing.assert_array_equal(model.shapes, [shapes[3], shapes[1] + shapes[2], shapes[0]])


def test_the_table_comes_back_from_its_file(tmp_path):
    own = ("jawOpen", 'odd "name" \\ 口\n', "Basis")
    table = {"jawOpen": "jawOpen", own[1]: "mouthClose"}
    write_names(tmp_path / "names.toml", own, table)
    assert read_names(tmp_path / "names.toml") == table
    assert '# "Basis" = "Basis"' in (tmp_path / "names.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["[names", "names = 3", "[names]\na = 3\n", "\udcff"])
def test_a_damaged_table_gets_a_sentence(tmp_path, text):
    path = tmp_path / "names.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError, match="delete it and add the model again"):
        read_names(path)


def test_a_table_for_another_model_gets_a_sentence():
    with pytest.raises(UsageError, match="no shape named 'absent'"):
        rename_shapes(small_face(), {"absent": "jawOpen"})
    with pytest.raises(UsageError, match="leaves out all"):
        rename_shapes(small_face(), dict.fromkeys(ARKIT, ""))


@pytest.mark.parametrize("long", [20_000 * "a_" + "jawOpen", 20_000 * ".1" + "x", 50_000 * "_", 9_000 * "blendShape1."])
def test_a_name_of_any_length_is_looked_at_in_no_time(long):
    start = time.process_time()
    assert guess_names((long, "jawOpen")) == {"jawOpen": "jawOpen"}
    assert LEVEL.search(long) is None
    assert time.process_time() - start < 2
