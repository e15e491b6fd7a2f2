"""Other people's rigs: what their shapes are taken for, and what is left out as others make it."""

import re
import time

import pytest

from solver.face_model import ARKIT
from solver.shape_extras import BOTH, PART, SOUND, correctives, made_by_others
from solver.shape_names import first_table, guess_names, names_found, names_lines
from solver.vocabularies import VISEMES, VOCABULARIES, ways

WITHOUT = {  # what a vocabulary has none of
    "unified": set(), "cc4": set(), "genesis8.1": set(), "genesis9": {"eyeWideLeft", "eyeWideRight", "tongueOut"}}


def all_names(key: str, first: bool) -> tuple[str, ...]:
    """Every shape of a vocabulary, by its first ways or by its last."""
    found = ways(VOCABULARIES[key])
    return tuple(dict.fromkeys(name for alternatives in found.values()
                               for name in alternatives[0 if first else -1]))


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("key", VOCABULARIES)
@pytest.mark.parametrize("spell", [str, "hero:{}".format, "head_bs.{}".format])
def test_each_vocabulary_is_told_from_its_own_names(key, first, spell):
    table = guess_names(tuple(map(spell, all_names(key, first))))
    assert {own: ARKIT.index(meaning) for own, meaning in table.items()}  # ARKit's, all of them
    for meaning, alternatives in ways(VOCABULARIES[key]).items():
        for part in alternatives[0 if first else -1]:
            assert table[spell(part)] == meaning
    assert set(ARKIT) - set(table.values()) == WITHOUT.get(key, set(ARKIT) - set(table.values()))


def test_names_of_a_vocabulary_do_not_contradict_anothers():
    said: dict[tuple[str, ...], str] = {}
    for vocabulary in VOCABULARIES.values():
        for meaning, alternatives in ways(vocabulary).items():
            for parts in alternatives:
                assert said.setdefault(parts, meaning) == meaning


@pytest.mark.parametrize(("own", "meaning"), [
    ("Eye_L_Look_L", "eyeLookOutLeft"), ("Eye_L_Look_R", "eyeLookInLeft"), ("Eye_R_Look_L", "eyeLookInRight"),
    ("Eye_Right_Right", "eyeLookOutRight"), ("Eye_Left_Right", "eyeLookInLeft"),
    ("Genesis8_1Female__facs_bs_MouthSmileLeft_div2", "mouthSmileLeft"), ("facs_jnt_JawOpen", "jawOpen"),
    ("Genesis8Male__eCTRLEyesClosedL", "eyeBlinkLeft"), ("Face.M_F00_000_00_Fcl_EYE_Close_R", "eyeBlinkRight"),
    ("EyeClosedLeft", "eyeBlinkLeft"), ("Brow_Drop_R", "browDownRight"), ("JawForeward", "jawForward")])
def test_names_that_are_easily_turned_round(own, meaning):
    assert guess_names((own,)) == {own: meaning}


def test_parts_stand_for_a_shape_only_together():
    four = ("LipFunnelUpperLeft", "LipFunnelUpperRight", "LipFunnelLowerLeft", "LipFunnelLowerRight")
    assert guess_names(four) == dict.fromkeys(four, "mouthFunnel")
    assert guess_names(four[:3]) == {}
    assert guess_names((*four, "LipFunnel")) == {"LipFunnel": "mouthFunnel"}
    assert guess_names(("BrowLowererLeft", "BrowPinchLeft")) == dict.fromkeys(("BrowLowererLeft", "BrowPinchLeft"),
                                                                             "browDownLeft")
    assert guess_names(("BrowLowererLeft",)) == {"BrowLowererLeft": "browDownLeft"}  # Meta's, which has no pinch
    assert guess_names(("BrowPinchLeft",)) == {}


@pytest.mark.parametrize("own", ["Mouth_Ape_Shape", "Mouth_Sad_Left", "BrowsUp_Left", "MouthNarrow_Left", "Jaw_Down",
                                 "eCTRLBrowInnerUp-DownL", "Fcl_MTH_Up", "LookLeft", "Open", "Mouth_Plosive",
                                 "CTRL_expressions_jawOpen"])
def test_what_is_not_certain_is_not_guessed(own):
    assert guess_names((own,)) == {}


def test_what_others_make_is_left_out():
    """Solved beside them, lips' sounds and smiles of both sides took a share of each weight."""
    extras = {"mouthSmile": BOTH, "eyesClosed": BOTH, "eyesLookUp": BOTH, "viseme_aa": SOUND, "vrc.v_oh": SOUND,
              "jawOpen_mouthSmileLeft": "jawOpen and mouthSmileLeft at once", "LipFunnelUpperLeft": PART,
              "browInnerUp_L": PART, "Jaw": None, "noseFlare": None, "jawDrop": None}
    names = (*ARKIT, *extras)
    assert made_by_others(names, guess_names(names)) == {own: what for own, what in extras.items() if what}
    table = first_table(names)
    assert {own for own, meaning in table.items() if not meaning} == {own for own, what in extras.items() if what}
    text = "\n".join(names_lines(names_found(names, table)))
    assert "left out, as others of its shapes make it (a sound): viseme_aa, vrc.v_oh" in text
    assert names_found(names, {**table, "viseme_aa": "viseme_aa"}).unknown == ("viseme_aa", "Jaw", "noseFlare")


def test_what_a_corrective_corrects():
    names = (*ARKIT, "jawOpen_mouthFunnel_mouthLeft", "mouthSmile", "jawOpen_mouthFunnel", "MouthSad", "viseme_aa",
             "jaw_open_eye_blink_left", "jawOpen_jawOpen")
    assert correctives(names, guess_names(names)) == {
        "jawOpen_mouthFunnel_mouthLeft": ("jawOpen", "mouthFunnel", "mouthLeft"),
        "jawOpen_mouthFunnel": ("jawOpen", "mouthFunnel"), "jaw_open_eye_blink_left": ("jawOpen", "eyeBlinkLeft")}


def test_correctives_are_told_behind_a_beginning():
    names = (*(f"h_{name}" for name in ARKIT), "h_jawOpen_mouthFunnel")
    assert correctives(names, guess_names(names)) == {"h_jawOpen_mouthFunnel": ("h_jawOpen", "h_mouthFunnel")}


def test_what_corrects_a_shape_that_is_left_out_is_solved():
    """Its product would be 0 in each frame."""
    names = (*ARKIT, "mouthSmile", "jawOpen_mouthSmile")
    assert made_by_others(names, guess_names(names)) == {"mouthSmile": BOTH}
    assert correctives(names, guess_names(names)) == {}


def test_arkits_own_words_count_before_another_conventions():
    """Character Creator 3 has both; `Mouth_Pucker_Open` is a funnel there and `Open` a sound."""
    apple = tuple(f"A{index:02}_" + re.sub("([A-Z])", r"_\1", name).title() for index, name in enumerate(ARKIT))
    names = (*(set(all_names("cc3", first=True)) - {"Mouth_Pucker"}), *apple, "Open", "Mouth_Pucker_Open")
    assert guess_names(names) == dict(zip(apple, ARKIT, strict=True))
    assert guess_names(names[::-1]) == dict(zip(apple, ARKIT, strict=True))
    assert not {"Open", "Mouth_Pucker_Open"} & set(first_table(names))
    assert BOTH not in made_by_others(names, guess_names(names)).values()  # Cheek_Raise_R is no CheekRaiser


def test_a_second_of_a_whole_shape_is_no_part_of_it():
    names = (*ARKIT, "mouth_funnel", "Jaw_Open", "cheek_puff")
    assert first_table(names) == dict(zip(ARKIT, ARKIT, strict=True))
    assert set(names_found(names, first_table(names)).ambiguous) == {"mouth_funnel", "Jaw_Open", "cheek_puff"}


def test_sounds_stay_where_a_rigs_lips_have_nothing_else():
    lips = ("viseme_PP", "viseme_O", "viseme_U")
    face = tuple(name for name in ARKIT if name.startswith(("eye", "brow", "cheekSquint", "nose", "mouthSmile", "jaw")))
    assert len(face) > 26
    assert not set(lips) & set(first_table((*face, *lips)))
    assert set(lips) <= set(first_table((*face, "mouthPucker", *lips)))


def test_a_rigs_only_shapes_are_not_left_out():
    assert made_by_others(VISEMES, {}) == {}  # a VRM of sounds and moods is solved in these
    few = (*ARKIT[:20], "viseme_aa", "mouthSmile")
    assert made_by_others(few, guess_names(few)) == {}
    assert guess_names(("Mouth_L", "Mouth_R", "Mouth")) == {"Mouth_L": "mouthLeft", "Mouth_R": "mouthRight"}


def test_five_thousand_strange_names_take_no_time():
    names = tuple(f"shape_{index}_of_{index * 7 % 911}_and_more_words_口_{index % 13}" for index in range(5000))
    start = time.process_time()
    assert first_table((*ARKIT, *names)) == dict(zip(ARKIT, ARKIT, strict=True))
    long = 20_000 * "jawOpen_" + "x"
    assert long not in first_table((*ARKIT, long))
    assert long not in first_table((*ARKIT, "genesis" + long))
    assert time.process_time() - start < 5
