"""`mien export` and `mien stream` on a made performance of the built-in head."""

import contextlib
import dataclasses
import json
import os
import socket
from fractions import Fraction

import numpy as np
import pytest

from app import cli, export_options
from app.gui.take_data import read_solved
from app.models import model_named
from app.streaming import performance_at, results_in
from capture.errors import ModelError
from exporters import FORMATS
from exporters.live import live_link, vmc
from exporters.scene import make_scene
from exporters.to_json import read, write
from solver.model_file import save_model
from tests.exporters.fbx_file import Read
from tests.material import shared
from tests.synthetic import made_performance

MODEL = model_named("mien")
PERFORMANCE = made_performance(MODEL, 12)


@pytest.fixture
def take(tmp_path):
    path = tmp_path / "solved" / "T001.mien.json"
    write(make_scene(MODEL, PERFORMANCE), path)
    return path


def mien(*arguments, code=0):
    assert cli.main([str(argument) for argument in arguments]) == code


def test_the_command_knows_every_format():
    assert FORMATS.keys() | {"cptake"} == set(export_options.FORMATS)
    assert set(cli.FORMATS) == set(FORMATS)


def test_every_format_is_written(take, tmp_path):
    mien("export", take, "--out", tmp_path / "out", "--format", ",".join(FORMATS))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"T001{suffix}" for suffix in FORMATS.values()}
    assert (tmp_path / "out" / "T001.mien.json").read_bytes() == take.read_bytes()


def test_curves_are_cleaned_resampled_and_mirrored_and_each_change_is_told(take, tmp_path, capsys):
    mien("export", take, "--out", tmp_path / "out", "--format", "json", "--rate", "60", "--dead-zone", "0.02",
         "--mirror", "--events")
    out = read(tmp_path / "out" / "T001.mien.json")
    assert out.frame_rate == Fraction(60)
    assert out.frames == 23
    left, right = (MODEL.shape_names.index(f"mouthSmile{side}") for side in ("Left", "Right"))
    np.testing.assert_allclose(out.weights[::2, left], np.maximum(PERFORMANCE.weights[:, right] - 0.02, 0) / 0.98,
                               atol=1e-12)
    notes = [event["text"] for event in map(json.loads, capsys.readouterr().out.splitlines())
             if event["event"] == "note"]
    assert [note.split(" changed ")[0] for note in notes] == ["the dead zone", "the new frame rate"]


def test_each_programs_fbx(take, tmp_path):
    for program in ("maya", "unity", "unreal", "blender"):
        mien("export", take, "--out", tmp_path / program, "--format", "fbx,unity", "--for", program)
    mien("export", take, "--out", tmp_path / "curves", "--format", "fbx", "--curves-only", "--key-tolerance", "0.01")
    assert {path.parent.name: "path: Head/EyeLeft\n" in path.read_text() for path in tmp_path.glob("*/*.anim")} == {
        "maya": False, "unity": True, "unreal": False, "blender": False}
    sizes = {path.parent.name: path.stat().st_size for path in tmp_path.glob("*/T001.fbx")}
    assert sizes["curves"] < 0.1 * sizes["maya"]
    assert Read(tmp_path / "unreal" / "T001.fbx").named("Model", "Head", "LimbNode")


def test_another_rigs_curves_by_a_map(take, tmp_path):
    (tmp_path / "rig.toml").write_text("version = 1\n[targets.Smile]\nfrom = { mouthSmileLeft = 0.5 }\n")
    mien("export", take, "--out", tmp_path / "out", "--format", "json,fbx,csv", "--map", tmp_path / "rig.toml")
    out = read(tmp_path / "out" / "T001.mien.json")
    assert out.shape_names == ("Smile",)
    assert (out.model_name, out.model_sha256, len(out.identity)) == ("rig", "", 0)
    np.testing.assert_allclose(out.weights[:, 0],
                               0.5 * PERFORMANCE.weights[:, MODEL.shape_names.index("mouthSmileLeft")])


def test_another_model_with_the_same_vertices(take, tmp_path, capsys):
    other = dataclasses.replace(MODEL, name="half", shapes=2 * MODEL.shapes,
                                shape_names=tuple(f"shape {number}" for number in range(len(MODEL.shapes))))
    save_model(other, tmp_path / "half.npz")
    mien("export", take, "--out", tmp_path / "out", "--format", "json", "--rig", tmp_path / "half.npz")
    out = read(tmp_path / "out" / "T001.mien.json")
    assert out.shape_names == other.shape_names
    np.testing.assert_allclose(out.weights, PERFORMANCE.weights / 2, atol=0.02)
    assert "half follows mien to 0.0" in capsys.readouterr().err


def test_a_users_own_rig_by_its_shapes_names(take, tmp_path, capsys):
    mien("export", take, "--out", tmp_path / "out", "--format", "json,fbx,glb", "--rig",
         shared("models", "facecap", "FaceCapLiveModeAvatar.fbx"))
    out = read(tmp_path / "out" / "T001.mien.json")
    assert "51 of FaceCapLiveModeAvatar's 51 shapes found by name" in capsys.readouterr().err
    for name in ("jawOpen", "browInnerUp", "mouthSmileLeft"):
        np.testing.assert_array_equal(out.weights[:, out.shape_names.index(name)],
                                      PERFORMANCE.weights[:, MODEL.shape_names.index(name)])
    assert (tmp_path / "out" / "T001.fbx").is_file()


@pytest.mark.parametrize(("arguments", "code", "sentence"), [
    (["--smooth", "3"], 2, "--smooth: 3 is not within"), (["--dead-zone", "nan"], 2, "--dead-zone nan"),
    (["--rate", "fast"], 2, "--rate: frame rate 'fast'"), (["--map", "none.toml"], 3, "none.toml cannot be read"),
    (["--smooth", "ears=0.1"], 2, "ears=0.1 is not within"), (["--unit", "furlong"], 2, "invalid choice"),
    (["--format", "cptake"], 2, "are not beside"), (["--force"], 2, "unrecognized arguments"),
    (["--mirror", "--format", "json"], 2, "is the solve itself")])
def test_mistakes_get_a_sentence(take, capsys, arguments, code, sentence):
    before = take.read_bytes()
    mien("export", take, *arguments, code=code)
    assert sentence in capsys.readouterr().err
    assert take.read_bytes() == before


@pytest.fixture
def folder(tmp_path):
    """A take's folder in a shoot, with its solve."""
    folder = tmp_path / "shoot" / "takes" / "T001"
    folder.mkdir(parents=True)
    (folder / "camA.mp4").touch()
    for path in (folder / ".mien" / "solve.json", tmp_path / "shoot" / "solved" / "T001.mien.json"):
        write(make_scene(MODEL, PERFORMANCE), path)
    return folder


def test_changed_curves_of_a_takes_folder_do_not_replace_its_solve(folder, tmp_path, capsys):
    solve = tmp_path / "shoot" / "solved" / "T001.mien.json"
    before = solve.read_bytes()
    for where in ([], ["--out", solve.parent]):
        mien("export", folder, "--mirror", "--format", "json", *where, code=2)
        assert "is the solve itself" in capsys.readouterr().err
        assert solve.read_bytes() == before
    mien("export", folder, "--mirror", "--format", "json", "--out", tmp_path / "out")
    mien("export", folder, "--format", "json")
    assert solve.read_bytes() == before


def test_two_takes_of_one_name_do_not_replace_one_another(take, tmp_path, capsys):
    other = tmp_path / "other" / "T001.mien.json"
    write(make_scene(MODEL, made_performance(MODEL, 12, seed=5)), other)
    sources = take.read_bytes(), other.read_bytes()
    assert sources[0] != sources[1]
    mien("export", take, other, "--format", "json,csv", "--out", tmp_path / "out", code=1)
    assert "called 'T001' too and would replace it; export them apart" in capsys.readouterr().err
    assert (tmp_path / "out" / "T001.mien.json").read_bytes() == sources[0]
    mien("export", take, other, "--format", "json", "--out", other.parent, code=1)  # over the one that comes next
    assert (take.read_bytes(), other.read_bytes()) == sources
    mien("export", take, take, other, "--format", "csv")
    assert (tmp_path / "other" / "T001.csv").is_file()


def test_a_models_name_in_a_take_is_never_opened_as_a_path(take, tmp_path, capsys, monkeypatch):
    save_model(MODEL, tmp_path / "hero.npz")
    os.mkfifo(tmp_path / "pipe")
    document = json.loads(take.read_text())
    monkeypatch.chdir(tmp_path)
    for name in ("hero.npz", str(tmp_path / "hero.npz"), "pipe", "/dev/zero", "/", "."):
        take.write_text(json.dumps(document | {"model": document["model"] | {"name": name}}))
        mien("export", take, "--format", "csv", code=3)
        assert f"there is no model {name!r}" in capsys.readouterr().err
        with pytest.raises(ModelError, match="there is no model"):
            read_solved(take)
    mien("export", take, "--format", "csv", "--model", "hero.npz")
    mien("export", take, "--format", "csv", "--model", "pipe", code=3)
    assert "there is no model 'pipe'" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["--port", "0"], "0 is no port"), (["--port", "70000"], "70000 is no port, a whole number from 1 to 65535"),
    (["--port", "-1"], "--port"), (["--subject", 157 * "\u9854"], "is longer than the 468 bytes that Unreal takes")])
def test_what_no_receiver_could_get_is_refused(take, capsys, arguments, sentence):
    for command in (["stream", take], ["live", "--camera", "camA=loop:none.mp4"]):
        mien(*command, "--to", "livelink", *arguments, code=2)
        assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(("to", "packets"), [("livelink", live_link(PERFORMANCE, "anna")), ("vmc", vmc(PERFORMANCE))])
def test_a_take_is_streamed(take, to, packets):
    expected = [data for frame in range(12) for data in packets(frame)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        mien("stream", take, "--to", to, "--port", receiver.getsockname()[1], "--subject", "anna")
        receiver.settimeout(0.3)
        received = []
        with contextlib.suppress(TimeoutError):
            while True:
                received.append(receiver.recv(4000))
    # A busy machine may leave frames out, never change their order or content.
    assert received[0] == expected[0]
    left = iter(expected)
    assert all(data in left for data in received)


def test_a_folder_of_results_is_as_good_as_its_take(take, tmp_path, capsys):
    assert performance_at(take.parent).take == PERFORMANCE.take
    mien("export", take.parent, "--out", tmp_path / "out", "--format", "csv")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["T001.csv"]
    mien("export", take.parent, "--format", "csv")
    assert (take.parent / "T001.csv").is_file()
    (take.parent / "T002.mien.json").write_bytes(take.read_bytes())
    mien("stream", take.parent, code=2)
    assert "holds 2 solved takes; give one of them, such as" in capsys.readouterr().err
    # Beside footage lies a live take's, which is no solve.
    folder = tmp_path / "T003"
    folder.mkdir()
    (folder / "live.mien.json").write_bytes(take.read_bytes())
    (folder / "camA.mp4").write_bytes(b"")
    assert results_in(folder) == []
