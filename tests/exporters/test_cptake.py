import dataclasses
import json
import uuid
from fractions import Fraction

import pytest

from capture.errors import OutputError
from exporters.cptake import Footage, take_number, write

CLIP = Footage("camA", "camA.mov", False, "mov", Fraction(30000, 1001), 60, (1920, 1080), "10:00:00;00")


def test_a_take_is_described(tmp_path):
    pictures = dataclasses.replace(CLIP, name="camB", path="b/frames", folder=True, format="png")
    write(tmp_path / "T012.cptake", "scene 4", "T012", [CLIP, pictures])
    document = json.loads((tmp_path / "T012.cptake").read_text())
    assert document["Version"] == {"Major": 4, "Minor": 2}
    assert uuid.UUID(document["UniqueId"])
    assert document["TakeNumber"] == 12
    assert document["Slate"] == "scene 4"
    assert set(document["Device"]) == {"Type", "Model", "Name"}
    first, second = document["Video"]
    assert first == {"Name": "camA", "Path": "camA.mov", "PathType": "File", "Format": "mov",
                     "FrameRate": 30000 / 1001, "FramesCount": 60, "FrameWidth": 1920, "FrameHeight": 1080,
                     "Orientation": "Original", "TimecodeStart": "10:00:00;00"}
    assert (second["Path"], second["PathType"]) == ("b/frames", "Folder")


def test_the_id_is_the_takes_own(tmp_path):
    for name, take in (("a", "T001"), ("b", "T001"), ("c", "T002")):
        write(tmp_path / f"{name}.cptake", "scene", take, [CLIP])
    a, b, c = ((tmp_path / f"{name}.cptake").read_text() for name in "abc")
    assert a == b
    assert json.loads(a)["UniqueId"] != json.loads(c)["UniqueId"]


@pytest.mark.parametrize("path", ["../camA.mov", "/camA.mov", "..\\camA.mov"])
def test_paths_that_lead_out_are_refused(tmp_path, path):
    with pytest.raises(OutputError, match="its own folder"):
        write(tmp_path / "T001.cptake", "s", "T001", [dataclasses.replace(CLIP, path=path)])


def test_take_numbers():
    assert [take_number(name) for name in ("T012", "anna_3_take7", "smile")] == [12, 7, 1]
