"""Recording from clips that stand for cameras: every frame, its times, and what goes wrong midway."""

import io
import itertools
import os
import socket
import threading
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from capture.errors import ClipError, OutputError, UsageError
from capture.record import LIVE, LOST, Camera, clock_timecode
from capture.record_clip import ClipWriter
from capture.record_levels import levels
from capture.record_sources import CLIP, DEVICE, LOOP, NETWORK, Source, opened, packets, parse_source
from capture.video import frames, probe
from tests.clips import numbered, read_number, write_clip


@pytest.fixture(scope="module")
def footage(tmp_path_factory) -> Path:
    """One second of numbered frames, coded as cameras code them."""
    folder, pictures = tmp_path_factory.mktemp("cameras"), numbered(30)
    write_clip(folder / "mjpeg.avi", pictures, 30, codec="mjpeg", pix_fmt="yuvj420p")
    write_clip(folder / "h264.mp4", pictures, 30, options={"g": "10", "bf": "0"})
    write_clip(folder / "raw.avi", pictures, 30, codec="rawvideo")
    write_clip(folder / "slow.avi", pictures[:10], 10, codec="mjpeg", pix_fmt="yuvj420p")
    # Frames 10 to 14 never arrived.
    write_clip(folder / "gap.mkv", np.delete(pictures, range(10, 15), 0), 30, codec="mjpeg", pix_fmt="yuvj420p",
               times=[Fraction(n, 30) for n in range(30) if not 10 <= n < 15])
    return folder


@pytest.fixture
def camera():
    """Starts cameras, and lets them go."""
    started = []

    def start(address: str, name: str = "camA") -> Camera:
        camera = Camera(parse_source(f"{name}={address}"), lambda moment: 36000.0)
        started.append(camera)
        camera.start()
        return camera

    yield start
    for camera in started:
        camera.close()


def until(done, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)


def recorded_numbers(path: Path) -> list[int]:
    return [read_number(frame.rgb) for frame in frames(probe(path))]


@pytest.mark.parametrize("name", ["mjpeg.avi", "h264.mp4", "raw.avi"])
def test_every_frame_is_recorded_as_it_was(footage, tmp_path, camera, name):
    watched = camera(f"loop:{footage / name}")
    until(lambda: watched.status().state == LIVE)
    watched.roll(tmp_path)
    until(lambda: watched.status().frames >= 40)
    part = watched.cut()
    numbers = recorded_numbers(part.path)
    assert len(numbers) == part.frames
    assert all((b - a) % 30 == 1 for a, b in itertools.pairwise(numbers)), "none lost, none twice"
    assert part.dropped == 0
    clip = probe(part.path)
    assert clip.frame_rate == 30
    assert str(clip.start_timecode) == "10:00:00:00"
    assert not clip.warnings


def test_a_second_take_begins_at_its_keyframe_too(footage, tmp_path, camera):
    watched = camera(f"loop:{footage / 'h264.mp4'}")
    for take in ("one", "two"):
        (tmp_path / take).mkdir()
        until(lambda: watched.status().state == LIVE)
        watched.roll(tmp_path / take)
        until(lambda: watched.status().frames >= 12)
        numbers = recorded_numbers(watched.cut().path)
        assert numbers[0] % 10 == 0
        assert all((b - a) % 30 == 1 for a, b in itertools.pairwise(numbers))


def test_a_clip_is_whole_after_every_frame(footage, tmp_path):
    """What is on disk at any moment, as if the process had died there, and in the middle of a write."""
    path, stop, lost = tmp_path / "camA.mkv", threading.Event(), []
    with opened(Source("camA", LOOP, str(footage / "mjpeg.avi"))) as feed:
        writer = ClipWriter(path, feed, Fraction(30), "10:00:00:00")
        for packet, _ in packets(feed, stop):
            writer.add(packet)
            if writer.frames % 10 == 0:
                torn = tmp_path / "torn.mkv"
                torn.write_bytes(path.read_bytes()[:-200])
                lost.append(writer.frames - len(recorded_numbers(torn)))
            if writer.frames == 40:
                break
        writer.close()
    assert max(lost) <= 2, "frames lost of 30 a second"


def test_dropped_frames_are_counted_and_keep_their_times(footage, tmp_path, camera):
    watched = camera(f"loop:{footage / 'gap.mkv'}")
    until(lambda: watched.status().state == LIVE)
    watched.roll(tmp_path)
    until(lambda: watched.status().frames >= 30)
    part = watched.cut()
    assert part.dropped in (5, 10), "5 in each round of the loop"
    clip = probe(part.path)
    assert round(clip.times[-1] * 30) == part.frames - 1 + part.dropped
    assert clip.frame_rate == 30


def test_an_unplugged_camera_keeps_what_it_gave_and_comes_back(footage, tmp_path, camera):
    watched = camera(f"clip:{footage / 'mjpeg.avi'}")
    until(lambda: watched.status().state == LIVE)
    watched.roll(tmp_path)
    until(lambda: watched.status().state == LOST)
    assert "camA gives no more pictures" in watched.problem
    until(lambda: watched.status().state == LIVE)  # plugged in again: for the next take
    part = watched.cut()
    assert part.problem == "camA gives no more pictures; look at its cable and power"
    assert watched.status().problem == "", "that was the take's"
    numbers = recorded_numbers(part.path)
    assert numbers == list(range(30 - part.frames, 30))


def test_a_full_disk_is_a_sentence_and_the_frames_before_stay(footage, tmp_path):
    with opened(Source("camA", LOOP, str(footage / "mjpeg.avi"))) as feed:
        writer = ClipWriter(tmp_path / "camA.mkv", feed, Fraction(30), "10:00:00:00")
        stream = packets(feed, threading.Event())
        for _ in range(5):
            writer.add(next(stream)[0])
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, writer._file.fileno())
        os.close(full)
        with pytest.raises(OutputError, match=r"camA.mkv cannot be written: the disk is full"):
            writer.add(next(stream)[0])
        writer.close()
    assert len(recorded_numbers(tmp_path / "camA.mkv")) >= 4


def test_a_clip_is_never_written_over(footage, tmp_path):
    (tmp_path / "camA.mkv").write_bytes(b"mine")
    with opened(Source("camA", LOOP, str(footage / "mjpeg.avi"))) as feed, pytest.raises(OutputError):
        ClipWriter(tmp_path / "camA.mkv", feed, Fraction(30), "10:00:00:00")
    assert (tmp_path / "camA.mkv").read_bytes() == b"mine"


def test_a_network_stream_is_recorded(footage, tmp_path, camera):
    sent = io.BytesIO()
    with av.open(str(footage / "h264.mp4")) as clip, av.open(sent, "w", format="mpegts") as out:
        stream = out.add_stream_from_template(clip.streams.video[0])
        for packet in clip.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)

    def serve() -> None:
        line, _ = server.accept()
        with line:
            for start in range(0, len(sent.getvalue()), 940):
                line.sendall(sent.getvalue()[start:start + 940])
                time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        watched = camera(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        until(lambda: watched.status().state == LIVE)
        watched.roll(tmp_path)
        thread.join()
        until(lambda: watched.status().state != LIVE)
    numbers = recorded_numbers(watched.cut().path)
    assert numbers == list(range(numbers[0], 30))
    assert numbers[0] in (0, 10, 20), "from a keyframe"


def test_addresses():
    assert parse_source("camA=/dev/video0").kind == DEVICE
    assert parse_source("camA=rtsp://host/live").kind == NETWORK
    assert parse_source("camA=clip:a=b.mp4") == Source("camA", CLIP, "a=b.mp4")
    for text, said in (("camA", "no camera"), ("../x=/dev/video0", "cannot be a name"), ("a=concat://x", "no stream"),
                       ("a=file:///etc/passwd", "no stream")):
        with pytest.raises(UsageError, match=said):
            parse_source(text)


@pytest.mark.parametrize("address", ["/dev/video-none", "clip:nowhere.mp4", "tcp://127.0.0.1:9"])
def test_a_camera_that_cannot_be_opened_says_so(address):
    with pytest.raises(ClipError, match=r"camA \(.*\) cannot be opened"), opened(parse_source(f"camA={address}")):
        pass


def test_a_playlist_named_like_a_clip_opens_nothing_else(tmp_path):
    (tmp_path / "evil.mp4").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    with pytest.raises(ClipError, match="cannot be opened"), opened(Source("camA", CLIP, str(tmp_path / "evil.mp4"))):
        pass


@pytest.mark.parametrize(("seconds", "rate", "text"), [
    (36000.0, 30, "10:00:00:00"), (86399.99, 25, "00:00:00:00"), (36000.5, 25, "10:00:00:12"),
    (36000.0, Fraction(30000, 1001), "10:00:00;01"), (43200.0, Fraction(24000, 1001), "11:59:16:20")])
def test_the_clock_as_timecode(seconds, rate, text):
    assert str(clock_timecode(seconds, Fraction(rate))) == text


def test_focus_falls_with_blur_and_not_with_light_or_noise():
    draw = np.random.default_rng(3)
    edges = np.kron(draw.integers(60, 200, (40, 40), dtype=np.uint8), np.ones((12, 12), np.uint8))
    noise = draw.normal(0, 2, edges.shape)
    shots = [np.clip(cv2.GaussianBlur(edges, (0, 0), blur) + noise, 0, 255).astype(np.uint8) for blur in (0.5, 2, 4, 8)]
    focus = [levels(shot).focus for shot in shots]
    assert focus == sorted(focus, reverse=True)
    assert focus[0] > focus[2] + 0.15
    assert levels((shots[0] * 0.7).astype(np.uint8)).focus == pytest.approx(focus[0], abs=0.05)


def test_exposure_is_of_the_face():
    picture = np.full((200, 300), 10, np.uint8)
    picture[50:150, 100:200] = 255
    found = levels(picture, (1 / 3, 1 / 4, 1 / 3, 1 / 2))
    assert found.exposure == pytest.approx(1.0)
    assert found.clipped == pytest.approx(1.0)
    assert levels(picture, (0.0, 0.0, 0.2, 0.2)).exposure == pytest.approx(10 / 255)
