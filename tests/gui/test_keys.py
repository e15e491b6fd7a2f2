import numpy as np
import pytest

from app.corrections import load_layer, save_layer
from app.gui import keys
from capture.errors import DataError
from solver import corrections
from solver.corrections import REACH, Key, Layer

SOLVED = 0.4 + 0.2 * np.sin(np.arange(100) / 9.0)


def layer(*spots: tuple[str, int, float]) -> Layer:
    out = Layer()
    for shape, frame, value in spots:
        out = keys.with_keys(out, shape, [Key(frame, value)])
    return out


def test_a_lone_key_is_met_exactly_and_fades_to_the_solve():
    curve = corrections.corrected_curve((Key(50, 0.9),), SOLVED)
    assert curve[50] == pytest.approx(0.9)
    away = np.abs(np.arange(100) - 50) >= REACH
    np.testing.assert_array_equal(curve[away], SOLVED[away])
    assert (np.diff(curve[40:51] - SOLVED[40:51]) > 0).all(), "it rises steadily towards the key"


def test_keys_far_apart_leave_the_solve_between_them_alone():
    curve = corrections.corrected_curve((Key(20, 0.9), Key(70, 0.1)), SOLVED)
    assert (curve[20], curve[70]) == (pytest.approx(0.9), pytest.approx(0.1))
    np.testing.assert_array_equal(curve[31:60], SOLVED[31:60])


def test_keys_close_together_never_overshoot():
    curve = corrections.offset((Key(40, SOLVED[40] + 0.3), Key(46, SOLVED[46] + 0.3), Key(52, SOLVED[52])), SOLVED)
    assert curve.max() <= 0.3 + 1e-12
    assert curve.min() >= -1e-12


def test_a_free_tangent_is_the_corrected_curves_slope():
    fine = np.linspace(0.3, 0.5, 4001)  # so fine that a difference is a slope
    slope = 2e-4
    curve = fine + corrections.offset((Key(2000, float(fine[2000]), slope, slope),), fine)
    assert (curve[2001] - curve[1999]) / 2 == pytest.approx(slope, rel=0.35)


def test_corrected_weights_stay_within_what_is_possible():
    weights = np.stack([SOLVED, SOLVED], axis=1)
    out = corrections.corrected(layer(("jawOpen", 30, 1.0), ("jawOpen", 33, 1.0)), weights, ("jawOpen", "browInnerUp"))
    assert out[:, 0].max() <= 1.0
    np.testing.assert_array_equal(out[:, 1], SOLVED)


def test_a_key_stays_right_when_the_take_is_solved_again():
    table = layer(("jawOpen", 30, 0.8))
    for again in (SOLVED, SOLVED * 0.5, 1 - SOLVED):
        assert corrections.corrected(table, again[:, None], ("jawOpen",))[30, 0] == pytest.approx(0.8)


def test_moving_stops_at_the_takes_ends_as_a_group():
    table = layer(("jawOpen", 5, 0.5), ("jawOpen", 10, 0.6))
    moved, spots = keys.moved(table, table.spots(), -20, 0.1, 99)
    assert spots == {("jawOpen", 0), ("jawOpen", 5)}
    assert [key.value for key in moved.keys["jawOpen"]] == pytest.approx([0.6, 0.7])


def test_a_moved_key_replaces_the_one_it_lands_on():
    table = layer(("jawOpen", 5, 0.5), ("jawOpen", 10, 0.6))
    moved, _ = keys.moved(table, frozenset([("jawOpen", 5)]), 5, 0.0, 99)
    assert moved.keys["jawOpen"] == (Key(10, 0.5),)


def test_mirror_copy_paste_scale_smooth_delete():
    table = layer(("mouthSmileLeft", 5, 0.2), ("mouthSmileLeft", 9, 0.8), ("jawOpen", 9, 0.4))
    names = ("mouthSmileLeft", "mouthSmileRight", "jawOpen")
    mirrored, spots = keys.mirrored(table, table.spots(), names)
    assert mirrored.keys["mouthSmileRight"] == table.keys["mouthSmileLeft"]
    assert spots == {("mouthSmileRight", 5), ("mouthSmileRight", 9)}, "jawOpen has no other side"
    pasted, _ = keys.pasted(table, keys.copied(table, frozenset([("mouthSmileLeft", 9)])), 20, 99)
    assert pasted.key(("mouthSmileLeft", 20)).value == 0.8
    assert keys.pasted(table, keys.copied(table, table.spots()), 97, 99)[0].key(("mouthSmileLeft", 101)) is None
    scaled = keys.scaled(table, frozenset([("mouthSmileLeft", 5), ("mouthSmileLeft", 9)]), 0.5, 0.2)
    assert [key.value for key in scaled.keys["mouthSmileLeft"]] == pytest.approx([0.2, 0.5])
    smooth = keys.smoothed(table, frozenset([("mouthSmileLeft", 9)]))
    assert smooth.key(("mouthSmileLeft", 9)).value == pytest.approx((0.2 + 3 * 0.8) / 4)
    assert smooth.key(("mouthSmileLeft", 5)) == table.key(("mouthSmileLeft", 5))
    assert "jawOpen" not in keys.deleted(table, [("jawOpen", 9)]).keys


def test_a_layer_reads_back_and_equal_layers_give_equal_bytes(tmp_path):
    table = keys.marked(layer(("jawOpen", 5, 0.25), ("browInnerUp", 7, 1.0)), 7, True)
    table = keys.sloped(table, frozenset([("jawOpen", 5)]), 0.0, -0.125)
    table = table.pointed(("camB", 3), (7.5, 9.0)).pointed(("camA", 12), (402.5, 311.0))
    assert list(table.faces) == [("camA", 12), ("camB", 3)]
    save_layer(table, tmp_path / "a.json")
    assert load_layer(tmp_path / "a.json") == table
    save_layer(load_layer(tmp_path / "a.json"), tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert load_layer(tmp_path / "none.json") == Layer()


HEAD = '{"format": "mien.corrections", "version": 1, "right": [], "keys": '


@pytest.mark.parametrize("text", [
    "", "[]", "{}", HEAD.replace("1", "5") + "{}}", HEAD + '{}, "faces": [["camA", -1, 2, 3]]}',
    HEAD + '{}, "faces": [["camA", 1, 2]]}', HEAD + '{}, "faces": [[1, 1, 2, 3]]}', HEAD + '{"a": [[1]]}}',
    HEAD + '{"a": [[-1, 0.5, null, null]]}}',
    HEAD + '{"a": [[1, NaN, null, null]]}}', HEAD + '{"a": 3}}', "[" * 100000])
def test_damaged_layers_are_told_and_left(tmp_path, text):
    path = tmp_path / "corrections.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"corrections\.json"):
        load_layer(path)
    assert path.read_text() == text
