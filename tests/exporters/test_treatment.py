import csv
import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from exporters import FORMATS, WRITERS
from exporters.cleanup import dead_zone, resample, smooth
from exporters.metahuman import LABEL, convert
from exporters.retarget import swap_sides
from exporters.scene import bare_scene, make_scene
from exporters.treatment import Treatment, treat
from tests.synthetic import made_performance, small_face

MODEL = small_face()
PERFORMANCE = made_performance(MODEL, 30)


def test_nothing_asked_is_nothing_done():
    same, notes = treat(PERFORMANCE, Treatment())
    assert same is PERFORMANCE
    assert notes == ()


def test_each_change_is_made_in_order_and_reported():
    out, notes = treat(PERFORMANCE, Treatment(smooth=0.1, dead_zone=0.05, mirror=True, frame_rate=Fraction(24)))
    expected = resample(dead_zone(smooth(PERFORMANCE, 0.1)[0], 0.05)[0], Fraction(24))[0]
    np.testing.assert_array_equal(out.weights, swap_sides(expected).weights)
    assert [note.split(" changed ")[0] for note in notes] == ["smoothing", "the dead zone", "the new frame rate"]
    assert all("in frame" in note for note in notes)


def test_only_names_change_sides():
    out, notes = treat(PERFORMANCE, Treatment(swap_sides=True))
    np.testing.assert_array_equal(out.weights, swap_sides(PERFORMANCE, head=False).weights)
    np.testing.assert_array_equal(out.head_rotation, PERFORMANCE.head_rotation)
    assert notes == ()


def test_moving_shapes_whose_other_side_is_not_found_are_named():
    names = tuple({"mouthSmileLeft": "Smile.L", "mouthSmileRight": "Grin.R", "jawLeft": "asideL"}.get(name, name)
                  for name in PERFORMANCE.shape_names)
    weights = PERFORMANCE.weights.copy()
    weights[:, [names.index("Smile.L"), names.index("Grin.R")]] = 0.5
    weights[:3] = 0.0  # a take that begins at rest
    weights[:, [names.index("asideL"), names.index("jawRight")]] = 0.0  # says nothing of what stays still
    odd = dataclasses.replace(PERFORMANCE, shape_names=names, weights=weights)
    for asked in (Treatment(mirror=True), Treatment(swap_sides=True)):
        _, notes = treat(odd, asked)
        assert notes == ("no shape is called as the other side of Smile.L, Grin.R: left where they are",)


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_every_writer_takes_the_model_and_bare_curves_twice_alike(tmp_path, suffix):
    model = dataclasses.replace(MODEL, eyes=())
    for name, scene in (("face", make_scene(model, PERFORMANCE)), ("bare", bare_scene(convert(PERFORMANCE)))):
        for copy in "ab":
            WRITERS[suffix](scene, tmp_path / f"{name}_{copy}{suffix}")
        first, second = ((tmp_path / f"{name}_{copy}{suffix}").read_bytes() for copy in "ab")
        assert first == second
        assert len(first) > 1000


def test_every_format_has_a_writer():
    assert set(FORMATS.values()) <= set(WRITERS)


def test_the_metahuman_table_says_what_it_is(tmp_path):
    WRITERS[".metahuman.csv"](make_scene(MODEL, PERFORMANCE), tmp_path / "T001.metahuman.csv")
    with (tmp_path / "T001.metahuman.csv").open() as file:
        assert file.readline() == f"# {LABEL}\n"
        rows = list(csv.DictReader(file))
    assert len(rows) == 30
    assert rows[7]["Timecode"] == "10:00:00:07"
    expected = convert(PERFORMANCE)
    for index, name in enumerate(expected.shape_names):
        assert float(rows[7][name]) == pytest.approx(expected.weights[7, index], abs=1e-6)


def test_odd_names_keep_their_columns_in_the_metahuman_table(tmp_path):
    names = ("CTRL_expressions_a,b", 'CTRL_expressions_x\n"y"', *(f"CTRL_expressions_{k}" for k in range(50)))
    model = dataclasses.replace(MODEL, name="two\nlines", shape_names=names)
    scene = make_scene(model, dataclasses.replace(PERFORMANCE, model_name="two\nlines", shape_names=names))
    WRITERS[".metahuman.csv"](scene, tmp_path / "T001.metahuman.csv")
    with (tmp_path / "T001.metahuman.csv").open(newline="") as file:
        assert file.readline() == "# MetaHuman controls, solved from the deformation of two lines\n"
        header, *rows = csv.reader(file)
    assert header[2:54] == list(names)
    assert {len(row) for row in rows} == {len(header)}
