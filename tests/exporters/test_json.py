import dataclasses
import json
from fractions import Fraction

import jsonschema
import numpy as np
import pytest

import assets
from capture.errors import DataError, OutputError
from exporters import to_json
from exporters.scene import make_scene
from solver.performance import Performance
from tests.synthetic import made_performance, small_face

MODEL = small_face()
PERFORMANCE = made_performance(MODEL, 12, Fraction(30000, 1001))


def assert_equal(a: Performance, b: Performance):
    for field in dataclasses.fields(Performance):
        x, y = getattr(a, field.name), getattr(b, field.name)
        if isinstance(x, np.ndarray):
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x, y, strict=True)
        else:
            assert x == y, field.name


@pytest.fixture
def document(tmp_path):
    to_json.write(make_scene(MODEL, PERFORMANCE), tmp_path / "T001.mien.json")
    return json.loads((tmp_path / "T001.mien.json").read_text())


def refused(tmp_path, document, match):
    path = tmp_path / "bad.mien.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    with pytest.raises(DataError, match=match) as caught:
        to_json.read(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_every_number_comes_back_equal(tmp_path):
    path = tmp_path / "T001.mien.json"
    to_json.write(make_scene(MODEL, PERFORMANCE), path)
    again = to_json.read(path)
    assert_equal(PERFORMANCE, again)
    first = path.read_bytes()
    to_json.write(make_scene(MODEL, again), path)
    assert path.read_bytes() == first


def test_awkward_numbers_and_names_come_back_equal(tmp_path):
    weights = PERFORMANCE.weights.copy()
    weights[0, :5] = [5e-324, -0.0, 0.1 + 0.2, 999999.9999999999, 1 / 3]
    odd = dataclasses.replace(PERFORMANCE, weights=weights, take='Zoë "2"\n\udc80', actor="", steps={})
    to_json.write(make_scene(MODEL, odd), tmp_path / "odd.mien.json")
    again = to_json.read(tmp_path / "odd.mien.json")
    assert_equal(odd, again)
    assert np.signbit(again.weights[0, 1])


def test_it_is_the_contracts_document_and_satisfies_the_schema(document):
    jsonschema.Draft202012Validator.check_schema(json.loads(assets.path("performance.schema.json").read_text()))
    jsonschema.validate(document, json.loads(assets.path("performance.schema.json").read_text()))
    assert list(document) == ["format", "version", "generator", "take", "actor", "model", "frame_rate",
                              "start_timecode", "frames", "units", "cameras", "shapes", "weights", "head", "eyes",
                              "identity", "sigma", "quality", "steps"]
    assert document["frame_rate"] == [30000, 1001]
    assert document["units"] == {"length": "m", "angle": "rad", "up": "Y"}
    assert document["quality"]["residual_px"][6] is None
    assert document["quality"]["flags"][6] == ["unseen", "interpolated"]
    assert document["steps"]["solve"] == {"key": "1" * 64}
    assert document["eyes"]["right"][3] == PERFORMANCE.gaze[3, 1].tolist()


def test_one_frame_is_one_line(tmp_path):
    lines = to_json.dumps(PERFORMANCE).splitlines()
    row = json.dumps(PERFORMANCE.weights[4].tolist())
    assert row + "," in lines


def test_a_performance_with_a_hole_in_a_curve_is_not_written():
    weights = PERFORMANCE.weights.copy()
    weights[2, 17] = np.nan
    with pytest.raises(OutputError, match="jawOpen in frame 2"):
        to_json.dumps(dataclasses.replace(PERFORMANCE, weights=weights))


def test_what_others_leave_out_is_filled_in(tmp_path, document):
    for key in ("generator", "actor", "cameras", "identity", "sigma", "quality", "steps"):
        del document[key]
    document["frames"], document["frame_rate"] = 12.0, [30000.0, 1001.0]
    (tmp_path / "lean.mien.json").write_text(json.dumps(document))
    lean = to_json.read(tmp_path / "lean.mien.json")
    assert lean.frames == 12
    assert lean.frame_rate == PERFORMANCE.frame_rate
    assert not lean.sigma.any()
    assert np.isnan(lean.residual_px).all()
    np.testing.assert_array_equal(lean.weights, PERFORMANCE.weights)


def test_files_that_are_no_performance_are_refused(tmp_path, document):
    refused(tmp_path, "", "not valid JSON")
    refused(tmp_path, json.dumps(document)[:-300], "not valid JSON")
    refused(tmp_path, "[" * 100_000, "not valid JSON")
    refused(tmp_path, json.dumps(document).replace(repr(document["weights"][0][0]), "NaN", 1), "holds NaN")
    refused(tmp_path, "[1, 2]", "not a performance")
    refused(tmp_path, '{"format": "other"}', "not a performance")
    (tmp_path / "binary.mien.json").write_bytes(bytes(range(256)))
    with pytest.raises(DataError, match="not valid JSON"):
        to_json.read(tmp_path / "binary.mien.json")
    with pytest.raises(DataError, match="cannot be read"):
        to_json.read(tmp_path / "absent.mien.json")
    with pytest.raises(DataError, match="cannot be read"):
        to_json.read(tmp_path)


def test_a_newer_version_is_refused_in_words(tmp_path, document):
    refused(tmp_path, document | {"version": 2}, "newer mien .* update mien")


@pytest.mark.parametrize("take", ["", ".", "..", "../../precious", "/tmp/precious", "a/b", "a\0b"])
def test_a_takes_name_that_leads_to_another_folder_is_refused(tmp_path, document, take):
    refused(tmp_path, document | {"take": take}, "is no name of a file")


@pytest.mark.parametrize(("change", "match"), [
    (lambda d: d.pop("weights"), "'weights' is a required property"),
    (lambda d: d.update(frames=13), "weights is not a table of 13 by 52"),
    (lambda d: d.update(frames=10**15), "weights is not a table"),
    (lambda d: d.update(frames=0), "frames: 0 is less than"),
    (lambda d: d.update(frame_rate=[30, 0]), "frame_rate/1"),
    (lambda d: d.update(frame_rate=[30]), "frame_rate"),
    (lambda d: d.update(frame_rate=[10**400, 1]), "frame_rate is no number"),
    (lambda d: d.update(units={"length": "cm", "angle": "rad", "up": "Y"}), "units/length"),
    (lambda d: d["shapes"].append("jawOpen"), "shapes: .*non-unique"),
    (lambda d: d["shapes"].pop(), "weights is not a table of 12 by 51"),
    (lambda d: d["weights"][7].pop(), "weights is not a table"),
    (lambda d: d["weights"].__setitem__(7, "no"), "weights is not a table"),
    (lambda d: d["weights"][7].__setitem__(3, "0.5"), "weights is not a table"),
    (lambda d: d["weights"][7].__setitem__(3, True), "weights is not a table"),
    (lambda d: d["weights"][7].__setitem__(3, None), "weights is not a table"),
    (lambda d: d["weights"][7].__setitem__(3, 10**400), "weights is not a table"),
    (lambda d: d["weights"][1].__setitem__(3, "0.5"), "weights/1/3:"),
    (lambda d: d["head"]["rotation"].__setitem__(5, [0, 0, 0, 0]), "frame 5 is a quaternion of length 0"),
    (lambda d: d["head"]["translation"].pop(), "head/translation"),
    (lambda d: d.update(head=[]), "head: "),
    (lambda d: d["quality"]["flags"].pop(), "quality/flags has 11 entries"),
    (lambda d: d["quality"].pop("seen"), "quality: 'seen' is a required"),
    (lambda d: d.update(identity=[10**400]), "identity is not a table"),
    (lambda d: d.update(start_timecode="noon"), "start_timecode"),
    (lambda d: d.update(start_timecode="10:00:00:45"), "start_timecode: .*has frame 45"),
    (lambda d: d.update(start_timecode="25:00:00:00"), "start_timecode: .*no time of day"),
    (lambda d: d["quality"]["seen"].__setitem__(9, 5.0), "quality/seen in frame 9 is 5, no share"),
    (lambda d: d["quality"]["seen"].__setitem__(9, -0.5), "quality/seen in frame 9 is -0.5, no share"),
    (lambda d: d.update(sigma=[]), "sigma is not a table"),
])
def test_damage_is_named(tmp_path, document, change, match):
    change(document)
    refused(tmp_path, document, match)
