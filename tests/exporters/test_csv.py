import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from capture.errors import DataError
from exporters import to_csv
from exporters.scene import make_scene
from tests.material import shared
from tests.synthetic import made_performance, small_face

MODEL = small_face()
HEADER = (
    "Timecode,BlendShapeCount,EyeBlinkLeft,EyeLookDownLeft,EyeLookInLeft,EyeLookOutLeft,EyeLookUpLeft,EyeSquintLeft,"
    "EyeWideLeft,EyeBlinkRight,EyeLookDownRight,EyeLookInRight,EyeLookOutRight,EyeLookUpRight,EyeSquintRight,"
    "EyeWideRight,JawForward,JawRight,JawLeft,JawOpen,MouthClose,MouthFunnel,MouthPucker,MouthRight,MouthLeft,"
    "MouthSmileLeft,MouthSmileRight,MouthFrownLeft,MouthFrownRight,MouthDimpleLeft,MouthDimpleRight,MouthStretchLeft,"
    "MouthStretchRight,MouthRollLower,MouthRollUpper,MouthShrugLower,MouthShrugUpper,MouthPressLeft,MouthPressRight,"
    "MouthLowerDownLeft,MouthLowerDownRight,MouthUpperUpLeft,MouthUpperUpRight,BrowDownLeft,BrowDownRight,BrowInnerUp,"
    "BrowOuterUpLeft,BrowOuterUpRight,CheekPuff,CheekSquintLeft,CheekSquintRight,NoseSneerLeft,NoseSneerRight,"
    "TongueOut,HeadYaw,HeadPitch,HeadRoll,LeftEyeYaw,LeftEyePitch,LeftEyeRoll,RightEyeYaw,RightEyePitch,RightEyeRoll")


def written(tmp_path, performance, model=MODEL):
    path = tmp_path / "T001.csv"
    to_csv.write(make_scene(model, performance), path)
    return path


def test_the_text_is_the_recorders(tmp_path):
    lines = written(tmp_path, made_performance(MODEL, 3)).read_bytes().decode().split("\n")
    assert lines[0] == HEADER
    assert len(lines) == 5
    assert lines[-1] == ""
    assert [line[:18] for line in lines[1:4]] == ["10:00:00:00.000,61", "10:00:00:02.000,61", "10:00:00:04.000,61"]
    assert all(len(line.split(",")) == 63 for line in lines[:-1])
    assert all(len(value.split(".")[1]) == 10 for value in lines[2].split(",")[2:])


def test_values_come_back_by_name(tmp_path):
    performance = made_performance(MODEL, 40, 24)
    table = to_csv.read(written(tmp_path, performance))
    np.testing.assert_allclose(table.weights(MODEL.shape_names), performance.weights, atol=5.1e-11)
    column = to_csv.COLUMNS.index("JawRight")
    np.testing.assert_allclose(table.values[:, column], performance.weights[:, MODEL.shape_names.index("jawRight")],
                               atol=5.1e-11)
    assert table.timecodes[1] == "10:00:00:02.500"  # 60 / 24


def test_drop_frame_labels_are_kept(tmp_path):
    performance = dataclasses.replace(made_performance(MODEL, 3, Fraction(30000, 1001)), start_timecode="00:00:59;28")
    table = to_csv.read(written(tmp_path, performance))
    assert table.timecodes == ("00:00:59:56.000", "00:00:59:58.000", "00:01:00:04.000")


def test_angles_follow_the_measured_signs(tmp_path):
    performance = made_performance(MODEL, 3)
    turns = Rotation.from_euler("YXZ", [[0.3, 0, 0], [0, 0.2, 0], [0, 0, 0.1]]).as_quat()
    gaze = np.zeros((3, 2, 2))
    gaze[0, 0] = [0.5, 0.0]  # the left eye to the face's own left: out
    gaze[1, 1] = [0.0, 0.4]  # the right eye up
    values = to_csv.read(written(tmp_path, dataclasses.replace(performance, head_rotation=turns, gaze=gaze))).values
    np.testing.assert_allclose(values[:, 52:55], [[-0.3, 0, 0], [0, 0.2, 0], [0, 0, 0.1]], atol=1e-9)
    np.testing.assert_allclose(values[:, 55:], [[-0.5, 0, 0, 0, 0, 0], [0, 0, 0, 0, -0.4, 0], [0] * 6], atol=1e-9)


def test_the_signs_are_those_of_a_real_recording():
    table = to_csv.read(shared("livelinkface", "alex_rom_3.csv"))

    def grows_with(angle, shape):
        column = table.values[:, to_csv.COLUMNS.index(angle)]
        return np.corrcoef(column, table.values[:, to_csv.COLUMNS.index(shape)])[0, 1]

    # The face's own right is "in" to the left eye; `table` writes minus mien's yaw (to the left) and pitch (up).
    assert grows_with("LeftEyeYaw", "EyeLookInLeft") > 0.6
    assert grows_with("RightEyeYaw", "EyeLookOutRight") > 0.6
    assert grows_with("LeftEyePitch", "EyeLookDownLeft") > 0.9


def test_shapes_that_the_model_lacks_are_zero(tmp_path):
    few = dataclasses.replace(MODEL, shape_names=("jawOpen", "whistle"), shapes=MODEL.shapes[:2])
    values = to_csv.read(written(tmp_path, made_performance(few, 20), few)).values
    assert values[:, to_csv.COLUMNS.index("JawOpen")].any()
    assert np.count_nonzero(values[:, :52].any(axis=0)) == 1


def test_a_real_recording_reads_and_writes_back_byte_for_byte(tmp_path):
    source = shared("livelinkface", "alex_rom_3.csv")
    table = to_csv.read(source)
    assert table.values.shape == (4030, 61)
    assert table.values.max() > 1.0
    assert table.timecodes[0] == "13:13:04:31.652"
    to_csv.write_table(table, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == source.read_bytes()
    again = to_csv.read(tmp_path / "again.csv")
    assert again.timecodes == table.timecodes
    np.testing.assert_array_equal(again.values, table.values)
    assert not set(source.parent.glob("*.csv")) - {source}  # a new recording wants its own test


def test_both_spellings_a_byte_mark_and_other_orders_are_read(tmp_path):
    path = written(tmp_path, made_performance(MODEL, 3))
    first = to_csv.read(path)
    text = path.read_text()
    rows = [line.split(",") for line in text.splitlines()]
    turned = "\r\n".join(",".join([*row[:2], *row[:1:-1]]) for row in rows).replace("BlendShape", "Blendshape")
    path.write_bytes(b"\xef\xbb\xbf" + turned.encode())
    again = to_csv.read(path)
    np.testing.assert_array_equal(again.values, first.values)
    assert again.timecodes == first.timecodes


@pytest.mark.parametrize(("change", "match"), [
    (lambda text: "", "first line"),
    (lambda text: "a,b\n1,2\n", "first line"),
    (lambda text: text.split("\n")[0] + "\n", "no frames"),
    (lambda text: text.replace("TongueOut", "TongueIn"), "no column TongueOut"),
    (lambda text: text[:-20], "line 4"),
    (lambda text: text.replace("10:00:00:02.000", "10:00:61:02.000"), "line 3.*no time of day"),
    (lambda text: text.replace("10:00:00:02.000", "0.066"), "line 3.*not a Live Link Face timecode"),
    (lambda text: text.replace("10:00:00:02.000,61,0.", "10:00:00:02.000,61,x."), "line 3.*could not convert"),
    (lambda text: text.replace("10:00:00:02.000,61,0.", "10:00:00:02.000,61,1e999+0."), "line 3"),
])
def test_damage_is_named(tmp_path, change, match):
    path = written(tmp_path, made_performance(MODEL, 3))
    path.write_text(change(path.read_text()))
    with pytest.raises(DataError, match=match):
        to_csv.read(path)


def test_binary_absent_and_infinite_are_refused(tmp_path):
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 9)
    with pytest.raises(DataError, match="no CSV text"):
        to_csv.read(tmp_path / "binary.csv")
    with pytest.raises(DataError, match="cannot be read"):
        to_csv.read(tmp_path / "absent.csv")
    path = written(tmp_path, made_performance(MODEL, 1))
    head, row = path.read_text().strip().split("\n")
    path.write_text(head + "\n" + ",".join([*row.split(",")[:-1], "inf"]))
    with pytest.raises(DataError, match="line 2 has a value that is not finite"):
        to_csv.read(path)
