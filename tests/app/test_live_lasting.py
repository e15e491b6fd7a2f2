"""`mien live` when something goes wrong midway: a camera, a disk, a receiver, an impatient user. No network is read."""

import json
import os
import signal
import socket
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from app import live
from app.cli import build_parser
from app.live_frames import Picture
from app.progress import Lines
from app.recording import GIB
from app.recording_take import TOML
from app.unhurried import unhurried
from capture.errors import OutputError
from capture.record import LIVE, LOST
from capture.record_sources import parse_source
from capture.shoot import find_takes
from exporters.live import no_face
from exporters.to_json import read
from solver.live import LiveFrame
from tests.clips import numbered, write_clip
from tests.synthetic import small_face

FRAMES, RATE = 15, 30


class Solver:
    """Numbers its frames by their weights, in thousandths."""

    count = 0

    def __init__(self, size: tuple[int, int], *rest: object) -> None:
        self.camera = SimpleNamespace(size=size, matrix=np.eye(3))
        self.identity, self.person_known = np.zeros(len(small_face().identity)), False

    def next(self, look: object, seconds: float) -> LiveFrame:
        Solver.count += 1
        return LiveFrame(np.full(len(small_face().shape_names), Solver.count / 1000), np.eye(3), np.zeros(3),
                         np.zeros((2, 2)))

    def lose(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def no_networks(monkeypatch):
    Solver.count = 0
    landmarker = SimpleNamespace(embedding=lambda model: None, reader=None, detector=SimpleNamespace(scheme="none"))
    monkeypatch.setattr(live, "landmarker_named", lambda *names: landmarker)
    monkeypatch.setattr(live, "model_named", lambda name: small_face())
    monkeypatch.setattr(live, "LiveLandmarks", lambda device: SimpleNamespace(next=lambda picture: "a face"))
    monkeypatch.setattr(live, "LiveSolver", Solver)


@pytest.fixture
def clip(tmp_path):
    return write_clip(tmp_path / "mjpeg.avi", numbered(FRAMES), RATE, codec="mjpeg", pix_fmt="yuvj420p")


def asked(*words: object):
    return build_parser().parse_args(["live", *map(str, words), "--events"])


def events(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_camera_that_comes_back_is_recorded_again_and_each_take_has_its_own_weights(clip, tmp_path, capsys):
    shoot = tmp_path / "shoot"
    assert live.run(asked("--camera", f"camA=clip:{clip}", "--record", shoot, "--keep-free", 0, "--seconds", 2.6)) == 1
    takes = find_takes(shoot)
    assert len(takes) > 1
    assert "gives no more pictures" in takes[0].settings["recording"]["camA"]["problem"]
    first, second = (read(take.folder / "live.mien.json").weights for take in takes[:2])
    assert first.max() < second.min()
    told = events(capsys)
    assert (told[-1]["exit_code"], told[-1]["failed"] > 0) == (1, True)
    gone = [event["text"] for event in told if event["event"] == "note" and "no more pictures" in event["text"]]
    assert len(gone) <= len(takes), "said once each time"


def test_without_room_nothing_is_recorded_and_midway_the_take_is_cut(clip, tmp_path, capsys, monkeypatch):
    shoot = tmp_path / "shoot"
    monkeypatch.setattr(live, "free_bytes", lambda folder: GIB // 2)
    with pytest.raises(OutputError, match="too little to record"):
        live.run(asked("--camera", f"camA=loop:{clip}", "--record", shoot, "--seconds", 1))
    assert list((shoot / "takes").iterdir()) == []
    full = time.monotonic() + 1.0
    monkeypatch.setattr(live, "free_bytes", lambda folder: 9 * GIB if time.monotonic() < full else GIB)
    assert live.run(asked("--camera", f"camA=loop:{clip}", "--record", shoot, "--seconds", 4)) == 1
    take = next(event for event in events(capsys) if event["event"] == "take")
    assert "no more than 1.0 GiB left" in take["error"]
    assert take["outputs"][0] == str(shoot / "takes/T001/camA.mkv")


def test_a_take_that_cannot_be_noted_down_is_told_with_its_clip(clip, tmp_path, capsys, monkeypatch):
    def full(*_: object) -> None:
        raise OutputError(f"{TOML} cannot be written: the disk is full")

    monkeypatch.setattr(live, "end_take", full)
    assert live.run(asked("--camera", f"camA=loop:{clip}", "--record", tmp_path / "shoot", "--keep-free", 0,
                          "--seconds", 1)) == 1
    take = next(event for event in events(capsys) if event["event"] == "take")
    assert take["error"] == "take.toml cannot be written: the disk is full"
    assert take["outputs"] == [str(tmp_path / "shoot/takes/T001/camA.mkv")]


def test_a_camera_that_comes_back_with_another_size_is_solved_anew(clip):
    engine = live.Live(asked("--camera", f"camA=loop:{clip}"), parse_source(f"camA=loop:{clip}"), Lines(), None)
    try:
        sizes = []
        for size in ((48, 64), (48, 64), (64, 48)):
            engine._solve(Picture(np.zeros((*size, 3), np.uint8), 0.0, 0.0), "a face")
            sizes.append((engine._solver.camera.size, id(engine._solver)))
        assert [size for size, _ in sizes] == [(64, 48), (64, 48), (48, 64)]
        assert sizes[0] == sizes[1]
    finally:
        engine.close()


def test_a_camera_that_goes_away_within_a_step_is_waited_for(clip, tmp_path, monkeypatch):
    """It was live when the step began to look after it, and lost when its problem was asked for."""
    shoot = tmp_path / "shoot"
    options = build_parser().parse_args(["live", "--camera", f"camA=loop:{clip}", "--record", str(shoot),
                                         "--keep-free", "0"])
    engine = live.Live(options, parse_source(f"camA=loop:{clip}"), Lines(), None)
    real, states = engine._camera, [LIVE]
    try:
        engine.obey("record")
        status = replace(real.status(), state=LOST, problem="gone")
        engine._camera = SimpleNamespace(
            problem="gone", status=lambda: replace(status, state=states.pop() if states else LOST), cut=real.cut,
            rate=real.rate, source=real.source)
        engine.step()
        assert (engine._folder, engine._again) == (None, True)
    finally:
        engine._camera = real
        engine.close()


def test_a_receiver_is_told_that_no_face_is_seen(clip, monkeypatch):
    monkeypatch.setattr(live, "LiveLandmarks", lambda device: SimpleNamespace(next=lambda picture: None))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        live.run(asked("--camera", f"camA=loop:{clip}", "--to", "livelink", "--subject", "anna", "--port",
                       receiver.getsockname()[1], "--seconds", 1))
        packet = receiver.recv(4000)
    assert packet == no_face("anna")
    assert packet[-4:] == b"anna"
    assert len(packet) == 1 + 4 + 36 + 4 + 4


def test_a_second_interrupt_does_not_cut_the_end_short():
    with unhurried():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_impatient_user_loses_no_weights(clip, tmp_path, monkeypatch):
    write = live.write_live

    def interrupted(*arguments: object) -> object:
        signal.raise_signal(signal.SIGINT)
        return write(*arguments)

    monkeypatch.setattr(live, "write_live", interrupted)
    live.run(asked("--camera", f"camA=loop:{clip}", "--record", tmp_path / "shoot", "--keep-free", 0, "--seconds", 1))
    assert (tmp_path / "shoot/takes/T001/live.mien.json").is_file()
