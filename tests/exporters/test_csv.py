import dataclasses
from fractions import Fraction

import numpy as np
from scipy.spatial.transform import Rotation

from exporters import to_csv
from exporters.scene import make_scene
from tests.exporters.live_link_csv import read
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
    table = read(written(tmp_path, performance))
    np.testing.assert_allclose(table.shapes(MODEL.shape_names), performance.weights, atol=5.1e-11)
    assert table.timecodes[1] == "10:00:00:02.500"  # 60 / 24


def test_drop_frame_labels_are_kept(tmp_path):
    performance = dataclasses.replace(made_performance(MODEL, 3, Fraction(30000, 1001)), start_timecode="00:00:59;28")
    table = read(written(tmp_path, performance))
    assert table.timecodes == ["00:00:59:56.000", "00:00:59:58.000", "00:01:00:04.000"]


def test_angles_follow_the_measured_signs(tmp_path):
    performance = made_performance(MODEL, 3)
    turns = Rotation.from_euler("YXZ", [[0.3, 0, 0], [0, 0.2, 0], [0, 0, 0.1]]).as_quat()
    gaze = np.zeros((3, 2, 2))
    gaze[0, 0] = [0.5, 0.0]  # the left eye to the face's own left: out
    gaze[1, 1] = [0.0, 0.4]  # the right eye up
    columns = read(written(tmp_path, dataclasses.replace(performance, head_rotation=turns, gaze=gaze))).columns
    for name, values in (("HeadYaw", [-0.3, 0, 0]), ("HeadPitch", [0, 0.2, 0]), ("HeadRoll", [0, 0, 0.1]),
                         ("LeftEyeYaw", [-0.5, 0, 0]), ("LeftEyePitch", [0, 0, 0]), ("LeftEyeRoll", [0, 0, 0]),
                         ("RightEyeYaw", [0, 0, 0]), ("RightEyePitch", [0, -0.4, 0]), ("RightEyeRoll", [0, 0, 0])):
        np.testing.assert_allclose(columns[name], values, atol=1e-9, err_msg=name)


def test_the_signs_are_those_of_a_real_recording():
    columns = read(shared("livelinkface", "alex_rom_3.csv")).columns

    def grows_with(angle, shape):
        return np.corrcoef(columns[angle], columns[shape])[0, 1]

    # The face's own right is "in" to the left eye; `write` takes minus mien's yaw (to the left) and pitch (up).
    assert grows_with("LeftEyeYaw", "EyeLookInLeft") > 0.6
    assert grows_with("RightEyeYaw", "EyeLookOutRight") > 0.6
    assert grows_with("LeftEyePitch", "EyeLookDownLeft") > 0.9


def test_shapes_that_the_model_lacks_are_zero(tmp_path):
    few = dataclasses.replace(MODEL, shape_names=("jawOpen", "whistle"), shapes=MODEL.shapes[:2])
    columns = read(written(tmp_path, made_performance(few, 20), few)).columns
    assert [name for name in HEADER.split(",")[2:54] if columns[name].any()] == ["JawOpen"]


def test_a_real_recording_reads_and_writes_back_byte_for_byte(tmp_path):
    source = shared("livelinkface", "alex_rom_3.csv")
    table = read(source)
    assert len(table.timecodes) == 4030
    assert max(values.max() for values in table.columns.values()) > 1.0
    assert table.timecodes[0] == "13:13:04:31.652"
    assert tuple(table.columns) == to_csv.COLUMNS
    to_csv.write_table(table.timecodes, np.stack(list(table.columns.values()), axis=1), tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == source.read_bytes()
    assert not set(source.parent.glob("*.csv")) - {source}  # a new recording wants its own test
