"""Corrections that a solve has no place for are told, and no frame is flagged for them."""

import json
from pathlib import Path

from app.corrections import save_layer
from solver.corrections import CORRECTED, Key, Layer, heard
from tests.app.command import mien_here
from tests.app.shoots import FEW, shoot_of

SHAPES, CAMERAS = ("jawOpen", "mouthFunnel"), ("camA", "camB")


def test_what_has_a_place_is_kept_and_the_rest_is_named() -> None:
    layer = Layer({"jawOpen": (Key(2, 0.5), Key(400, 0.5)), "jawopen": (Key(2, 0.5),)}, frozenset([3, 99]),
                  {("camA", 4, 2): (1.0, 2.0), ("front", 4, 2): (1.0, 2.0), ("camB", 999, 2): (1.0, 2.0)}, "made")
    kept, left_out = heard(layer, SHAPES, CAMERAS, "made", 478, 48)
    assert kept == Layer({"jawOpen": (Key(2, 0.5),)}, frozenset([3]), {("camA", 4, 2): (1.0, 2.0)}, "made")
    told = "\n".join(left_out)
    assert all(word in told for word in ("99, 400", "jawopen", "front", "999")), told
    assert heard(kept, SHAPES, CAMERAS, "made", 478, 48) == (kept, ())
    others, left_out = heard(kept, SHAPES, CAMERAS, "others", 478, 48)
    assert not others.drags
    assert not others.scheme
    assert len(left_out) == 1
    assert "made's" in left_out[0]


def test_many_of_them_make_no_long_sentence() -> None:
    layer = Layer({f"shape{number}": (Key(2, 0.5),) for number in range(40)})
    _, (sentence,) = heard(layer, SHAPES, CAMERAS, "made", 478, 48)
    assert "and 35 more" in sentence


def test_a_solve_says_what_it_left_out_and_flags_only_what_it_went_around(demo: Path, tmp_path: Path) -> None:
    shoot = shoot_of(demo, tmp_path, ("T001",))
    save_layer(Layer({"jawOpen": (Key(2, 0.5),), "jawopen": (Key(1, 0.5),)}), shoot / "takes/T001/corrections.json")
    said = mien_here("solve", shoot, *FEW).stderr
    assert "keys of jawopen are of shapes that this model has not: left out" in said
    flags = json.loads((shoot / "solved/T001.mien.json").read_text())["quality"]["flags"]
    assert [frame for frame, words in enumerate(flags) if CORRECTED in words] == [2]
