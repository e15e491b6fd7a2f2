"""`mien net`: a small training goes on and leaves weights and curves; the networks are exported, timed and drawn."""

import numpy as np
import pytest

from app import net, net_plots
from app.cli import build_parser, main
from solver import network_file, network_speed
from solver.embedding import Embedding
from solver.face_model import FaceModel
from tests.synthetic import small_face

PNG = b"\x89PNG"


def embedding_on(model: FaceModel) -> Embedding:
    """478 places on the small face's front: where they are does not matter here, but that they differ."""
    front = np.flatnonzero(model.neutral[model.triangles].mean(axis=1)[:, 2] > 0.02)
    random = np.random.default_rng(0)
    return Embedding("mien478", random.choice(front, 478), random.dirichlet((1, 1, 1), 478), np.zeros(478),
                     np.zeros(478, bool), np.ones(478, bool))


@pytest.mark.parametrize("network", ["parts", "landmarks", "occlusion"])
def test_training_leaves_weights_and_curves_and_goes_on(network, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(net, "model_named", lambda name: small_face())
    monkeypatch.setattr(net, "_points_on", embedding_on)
    command = ["net", "train", network, "--model", "small", "--faces", "3", "--held-out", "2", "--batch", "2",
               "--out", str(tmp_path), "--seed", "3"]
    assert main([*command, "--steps", "1"]) == 0
    assert main([*command, "--steps", "2"]) == 0
    said = capsys.readouterr()
    assert "going on from" in said.err
    assert said.out.splitlines() == [str(tmp_path / f"{network}.npz"), str(tmp_path / f"{network}.png")] * 2
    assert (tmp_path / f"{network}.png").read_bytes().startswith(PNG)
    about = bytes(np.load(tmp_path / f"{network}.npz")["about"]).decode()
    assert '"step": 2' in about
    assert '"seed": 3' in about
    if network == "parts":
        assert set(network_file.load_parts(tmp_path / "parts.npz")) == {"eye", "mouth", "face"}
    elif network == "occlusion":
        network_file.load_occlusion(tmp_path / "occlusion.npz")
    else:
        network_file.load_trained(tmp_path / "landmarks.npz")


def test_exports_name_what_they_wrote(tmp_path, capsys):
    assert main(["net", "export", "--out", str(tmp_path)]) == 0
    written = capsys.readouterr().out.splitlines()
    assert {str(tmp_path / "landmarks.onnx"), str(tmp_path / "occlusion.onnx")} < set(written)


def test_all_networks_are_timed_and_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(network_speed, "LEAST_S", 0.0)
    monkeypatch.setattr(network_speed, "WARM", 0)
    speeds = network_speed.measure((1, 3), compiled=False)
    assert {speed.network for speed in speeds} == {"attention mesh", "plain mesh", "ours", "eye", "mouth", "face",
                                                   "occlusion"}
    assert {speed.way for speed in speeds} == {"torch eager", "onnxruntime"}
    assert all(speed.ms > 0 for speed in speeds)
    assert any(text.startswith("ours: three crops at once cost ") for text in network_speed.ratios(speeds))
    picture = net_plots.bars(speeds, tmp_path / "speed.png").read_bytes()
    assert picture.startswith(PNG)
    assert net_plots.bars(speeds, tmp_path / "again.png").read_bytes() == picture


def test_whole_detectors_are_timed_on_a_filmed_still():
    """The built-in head is a face to all; no figure is judged here."""
    speeds = network_speed.measure_detectors(net._still(None), count=2)
    assert [speed.way for speed in speeds] == ["MediaPipe's own loop", "its weights, our runtime",
                                               "its loop, as --detector", "ours"]
    assert all(speed.ms > 0 for speed in speeds)
    said = network_speed.ratios(speeds)
    assert [text.split(":")[0] for text in said] == [speed.way for speed in speeds[1:]]
    assert all("frames a second on one core" in text for text in said)


def test_a_picture_that_is_none_is_told_before_anything_is_timed(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(network_speed, "measure", lambda *_: pytest.fail("it was timed"))
    assert main(["net", "bench", "--picture", str(tmp_path / "nope.png")]) == 2
    assert "is no picture that can be read" in capsys.readouterr().err


def test_what_cannot_be_done_is_said(tmp_path, capsys):
    assert main(["net"]) == 2
    assert "train, export or bench" in capsys.readouterr().err
    (tmp_path / "no.png").write_bytes(b"nothing")
    with pytest.raises(Exception, match="is no picture that can be read"):
        net._still(tmp_path / "no.png")
    assert main(["net", "export", "--out", str(tmp_path), "--weights", str(tmp_path / "no.npz")]) == 3
    assert build_parser().parse_args(["net", "bench"]).batches == [1, 3, 16]
