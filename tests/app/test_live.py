"""`mien live` on a face that plays as if a camera saw it: weights, what is sent on, what is recorded."""

import json
import socket
import struct

import jsonschema
import numpy as np
import pytest

from app.live_frames import Newest
from app.live_take import live_performance, write_live
from capture.record import Recorded, clock_timecode
from capture.shoot import find_takes
from exporters.to_json import read
from solver.live import LiveFrame
from tests.app.command import ROOT, mien_here
from tests.synthetic import small_face


@pytest.fixture
def receiver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(2)
        yield heard


def test_a_face_is_shown_sent_and_recorded(demo, tmp_path, receiver):
    ended = mien_here("live", "--camera", f"camA=loop:{demo / 'takes/T001/camA.mp4'}", "--to", "livelink", "--port",
                      receiver.getsockname()[1], "--record", tmp_path / "shoot", "--slate", "sc04", "--seconds", "6",
                      "--events", "--pictures")
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    schema = json.loads((ROOT / "assets/events.schema.json").read_text())
    for event in events:
        jsonschema.validate(event, schema)
    names = next(event["names"] for event in events if event["event"] == "shapes")
    frames = [event for event in events if event.get("state") == "tracking"]
    assert len(frames) > 5
    assert all(len(event["weights"]) == len(names) and len(event["points"]) == 2 * 478 for event in frames)
    assert frames[-1]["latency_ms"] > 0
    packet = receiver.recv(4000)
    values = struct.unpack(">61f", packet[-244:])
    assert packet[0] == 6
    assert max(values[:52]) > 0.05
    take = find_takes(tmp_path / "shoot")[0]
    assert take.name == "sc04_t01"
    performance = read(take.folder / "live.mien.json")
    assert performance.frames == take.settings["recording"]["camA"]["frames"]
    solved = [row for row, words in zip(performance.weights, performance.flags, strict=True) if not words]
    assert len(solved) > 5


def test_vmc_gets_it_too(demo, receiver):
    mien_here("live", "--camera", f"camA=loop:{demo / 'takes/T001/camA.mp4'}", "--to", "vmc", "--port",
              receiver.getsockname()[1], "--seconds", "2")
    assert receiver.recv(4000).startswith(b"#bundle\0")


@pytest.mark.parametrize(("words", "said"), [
    (["--camera", "camA=clip:nowhere.mp4"], "camA (nowhere.mp4) cannot be opened"),
    (["--camera", "camA=loop:x", "--camera", "camB=loop:y"], "looks through one camera"),
    (["--camera", "camA=loop:x", "--to", "vmc", "--host", "no such host"], "nothing can be sent to no such host"),
])
def test_bad_input_is_a_sentence(words, said):
    ended = mien_here("live", *words, "--seconds", "1", check=None)
    assert ended.returncode != 0
    assert said in ended.stderr


def made(value: float) -> LiveFrame:
    return LiveFrame(np.full(len(small_face().shape_names), value), np.eye(3), np.zeros(3), np.zeros((2, 2)))


def test_pictures_that_were_left_out_are_held_and_flagged(tmp_path):
    face, times = small_face(), 5.0 + np.arange(6) / 30
    part = Recorded("camA", tmp_path / "camA.mkv", 6, 0, 30, 100.0, 1.0, 0.0, "", times)
    live = [(times[0] - 1.0, made(0.9)), (times[1], made(0.1)), (times[2], made(0.2)), (times[4], made(0.4))]
    path = write_live(tmp_path, live, part, clock_timecode(36000.0, part.rate), face, np.zeros(len(face.identity)), "")
    found = read(path)
    assert found.weights[:, 0].tolist() == pytest.approx([0.1, 0.1, 0.2, 0.2, 0.4, 0.4])
    assert found.flags == (("unseen", "held"), (), (), ("unseen", "held"), (), ("unseen", "held"))
    assert write_live(tmp_path, live[:1], part, clock_timecode(36000.0, part.rate), face,
                      np.zeros(len(face.identity)), "") is None


def test_the_newest_is_what_a_slow_reader_gets():
    slot = Newest()
    for number in range(5):
        slot.put(number)
    assert (slot.take(0), slot.missed) == (4, 4)
    assert slot.take(0) is None


def test_one_live_frame_is_a_performance():
    face = small_face()
    found = live_performance([made(0.5)], ((),), face, np.zeros(len(face.identity)), 30, "10:00:00:00", "live", "", "c")
    assert found.weights.tolist() == [[0.5] * len(face.shape_names)]
