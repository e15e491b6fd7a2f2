"""The demo's take, a take on ICT-FaceKit and one on a FaceCap rig: every reader agrees with their mien.json."""

from fractions import Fraction
from pathlib import Path

import pytest

from app import cli
from app.models import model_named
from exporters import WRITERS
from exporters.scene import make_scene
from exporters.to_json import read
from solver.face_model import FaceModel
from tests.consumers.ask import assert_eyes, assert_sees
from tests.consumers.readers import READERS, seen_by_all
from tests.material import shared
from tests.synthetic import made_performance


@pytest.fixture(scope="module")
def takes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """Name -> the folder with T001 in all formats, made when asked for."""
    def exported(source: Path, name: str, *options: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        assert cli.main(["export", str(source), "--out", str(folder), "--format", "json,fbx,glb,usd", *options]) == 0
        return folder

    def of_ict() -> Path:
        folder = tmp_path_factory.mktemp("ict")
        ict: FaceModel = request.getfixturevalue("ict")
        scene = make_scene(ict, made_performance(ict, 24, Fraction(24)))
        for suffix in (".mien.json", ".fbx", ".glb", ".usdc"):
            WRITERS[suffix](scene, folder / f"T001{suffix}")
        return folder

    def of_facecap() -> Path:
        head = model_named("mien")
        source = tmp_path_factory.mktemp("solved") / "T001.mien.json"
        WRITERS[".mien.json"](make_scene(head, made_performance(head, 25, Fraction(25))), source)
        return exported(source, "facecap", "--rig", str(shared("models", "facecap", "FaceCapLiveModeAvatar.fbx")))

    def of_demo() -> Path:
        demo: Path = request.getfixturevalue("demo")
        return exported(demo / "solved" / "T001.mien.json", "demo")

    makers = {"demo": of_demo, "ict": of_ict, "facecap": of_facecap}
    made: dict[str, tuple] = {}

    def take(name: str):
        if name not in made:
            folder = makers[name]()
            truth = read(folder / "T001.mien.json")
            made[name] = truth, seen_by_all(folder, "T001", float(truth.frame_rate))
        return made[name]

    return take


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["demo", "ict", "facecap"])
def test_every_reader_agrees(takes, name: str, reader: str) -> None:
    truth, seen = takes(name)
    found = seen[reader]()
    assert_sees(found, truth, READERS[reader].metres, head="Head" if READERS[reader].places else None)
    if READERS[reader].places and "EyeLeft" in found["transforms"]:
        assert_eyes(found, truth)
