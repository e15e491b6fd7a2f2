import math
import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from capture import sound
from capture.bwf import start_of
from capture.camera import Camera, Rig, project
from capture.errors import ClipError, DataError
from capture.match import NO_PICTURE, align, plan, probe_take
from capture.motion import motion_lag
from capture.shoot import find_takes
from capture.sync import (
    Clock,
    Timeline,
    _clock_by_sound,
    _closes,
    by_motion,
    by_sound,
    by_timecode,
    load_timeline,
    save_timeline,
    synchronise,
)
from capture.timecode import parse
from capture.video import Clip, probe
from tests.clips import numbered, write_clip

FRAME = 1 / 30


def noise(seconds: float, seed: int = 0):
    """A sound of broad-band bursts as a function of time, so that it can be recorded by any clock."""
    generator = np.random.default_rng(seed)
    rate = 16000
    loudness = np.repeat(generator.uniform(0, 1, int(seconds * 5) + 1) ** 3, rate // 5)[:int(seconds * rate)]
    samples = loudness * generator.normal(0, 1, int(seconds * rate))
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / rate) > 5000] = 0
    times = np.arange(len(samples)) / rate
    smooth = np.fft.irfft(spectrum, len(samples))
    curve = CubicSpline(times, 0.25 * smooth / np.abs(smooth).std())
    return lambda at: np.where((at >= 0) & (at < times[-1]), curve(np.clip(at, 0, times[-1])), 0.0)


def recorded(world, begin: float, seconds: float, pace: float = 1.0, seed: int = 1, hiss: float = 0.02) -> np.ndarray:
    """What a microphone with its own hiss and tone records at 48 kHz from `begin` on, on a clock of its own pace."""
    at = begin + np.arange(int(seconds * 48000)) / 48000 * pace
    heard = world(at) + 0.4 * world(at - 0.004)  # and an echo
    return np.clip(0.5 * heard + np.random.default_rng(seed).normal(0, hiss, len(at)), -1, 1)


@pytest.mark.parametrize(("suffix", "offset"), [(".mp4", 40.25 * FRAME), (".mp4", -13.5 * FRAME), (".mov", 7 * FRAME),
                                                (".mkv", 1.4142)])
def test_sound_within_a_fiftieth_of_a_frame(suffix, offset, tmp_path):
    world = noise(30)
    clips = []
    for seed, (camera, begin) in enumerate((("camA", 5.0), ("camB", 5.0 + offset))):
        heard = recorded(world, begin, 8, seed=seed)
        path = write_clip(tmp_path / f"{camera}{suffix}", numbered(240), sound=heard)
        clips.append(probe(path))
    timeline = synchronise(clips)
    assert timeline.method == "sound"
    assert timeline.offsets["camA"] == 0
    assert timeline.offsets["camB"] == pytest.approx(offset, abs=0.02 * FRAME)


def test_a_sound_recorder_joins_and_a_wrong_one_is_left_aside(tmp_path):
    import wave

    def write_wave(name: str, samples: np.ndarray):
        with wave.open(str(tmp_path / name), "wb") as file:
            file.setparams((1, 2, 48000, 0, "NONE", ""))
            file.writeframes((samples * 32767).astype("<i2").tobytes())
        return tmp_path / name

    world = noise(30)
    clip = probe(write_clip(tmp_path / "camA.mp4", numbered(240), sound=recorded(world, 5, 8)))
    right = by_sound([clip], write_wave("audio.wav", recorded(world, 3.21, 12, seed=4)))
    assert right.offsets["audio"] == pytest.approx(-1.79, abs=0.02 * FRAME)
    wrong = by_sound([clip], write_wave("other.wav", recorded(noise(30, seed=9), 3, 12, seed=5)))
    assert "audio" not in wrong.offsets
    assert "left aside" in wrong.warnings[0]


def test_drift_of_a_sound_recorder_over_three_minutes():
    """40 parts in a million are 7 ms over three minutes."""
    world = noise(200)

    def at_rate(begin, seconds, pace, seed):
        times = begin + np.arange(int(seconds * sound.RATE)) / sound.RATE * pace
        return (0.5 * world(times) + np.random.default_rng(seed).normal(0, 0.05, len(times))).astype(np.float32)

    clock = _clock_by_sound("audio", at_rate(2, 180, 1.0, 1), at_rate(5, 180, 1 + 40e-6, 2))
    assert clock.offset == pytest.approx(3.0, abs=0.02 * FRAME)
    assert clock.drift == pytest.approx(40e-6, abs=3e-6)
    assert clock.residual_ms < 0.5


def test_different_sounds_are_not_forced_together(tmp_path):
    clips = []
    for seed, camera in enumerate(("camA", "camB")):
        heard = recorded(noise(10, seed), 1, 4, seed=seed)
        clips.append(probe(write_clip(tmp_path / f"{camera}.mp4", numbered(120), sound=heard)))
    with pytest.raises(ClipError, match=r"no timecode; camB and camA do not hear the same sound; .* not been tracked"):
        synchronise(clips)


def test_timecode_goes_first(tmp_path):
    rate = Fraction(30000, 1001)
    clips = [probe(write_clip(tmp_path / f"{camera}.mov", numbered(60), rate, timecode=text))
             for camera, text in (("camA", "10:00:00;00"), ("camB", "09:59:59;17"), ("camC", "10:00:00;20"))]
    timeline = synchronise(clips)
    assert timeline.method == "timecode"
    assert timeline.offsets == {"camA": 0.0, "camB": pytest.approx(-13 / rate), "camC": pytest.approx(20 / rate)}
    aligned = align("the take", clips, timeline.offsets)
    first, stop = aligned.shared
    assert aligned.numbers[:, first].tolist() == [20, 33, 0]
    assert str(aligned.start_timecode + first) == "10:00:00;20"
    assert stop - first == 27
    assert aligned.numbers[:, 0].tolist() == [NO_PICTURE, 0, NO_PICTURE]
    assert (str(aligned.start_timecode), aligned.frames) == ("09:59:59;17", 33 + 60)
    together = align("the take", clips, timeline.offsets, only_shared=True)
    assert (together.frames, together.lead, str(together.start_timecode)) == (27, 0, "10:00:00;20")
    assert (together.numbers == aligned.numbers[:, first:stop]).all()
    assert (together.late == aligned.late[:, first:stop]).all()


def stating(camera: str, timecode: str | None) -> Clip:
    """What ten seconds of a camera say of themselves."""
    start = parse(timecode, 30) if timecode else None
    return Clip(Path(f"{camera}.mp4"), camera, (640, 480), Fraction(30), 300, np.arange(300) / 30, start, False, "h264",
                False, ())


@pytest.mark.parametrize(("one", "other"), [("23:59:58:00", "00:00:01:00"), ("11:59:58:00", "12:00:01:00")])
def test_midnight_is_a_moment_like_any_other(one, other):
    assert by_timecode([stating("camA", one), stating("camB", other)]).offsets == {"camA": 0.0, "camB": 3.0}
    offsets = by_timecode([stating("camA", other), stating("camB", one)]).offsets
    assert offsets == {"camA": 0.0, "camB": -3.0}
    assert align("", [stating("camA", other), stating("camB", one)], offsets).start_timecode == parse(one, 30)


def test_a_takes_timecode_is_of_whichever_clip_states_one():
    first, second = stating("camA", "10:00:00:00"), stating("camB", "10:00:00:00")
    assert align("", [first, stating("camB", None)]).start_timecode == parse("10:00:00:00", 30)
    assert align("", [stating("camA", None), second]).start_timecode == parse("10:00:00:00", 30)
    late = {"camA": 0.0, "camB": -1.0}  # the other camera begins a second later
    assert align("", [stating("camA", None), second], late).start_timecode == parse("10:00:00:00", 30)
    early = {"camA": 0.0, "camB": 1.0}  # the take begins with the other, a second before this one
    assert align("", [stating("camA", None), second], early).start_timecode == parse("09:59:59:00", 30)
    night = align("", [stating("camA", None), stating("camB", "00:00:00:10")], early).start_timecode
    assert night == parse("23:59:59:10", 30)
    assert align("", [stating("camA", None), stating("camB", None)]).start_timecode is None


def broadcast_wave(path, begins: Fraction, samples: np.ndarray, rate: int = 48000):
    """A Broadcast Wave: its bext chunk states the samples since midnight."""
    bext = bytearray(602)
    bext[338:346] = int(begins * rate).to_bytes(8, "little")
    data = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    chunks = [(b"bext", bytes(bext)), (b"fmt ", struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)), (b"data", data)]
    body = b"WAVE" + b"".join(name + len(part).to_bytes(4, "little") + part for name, part in chunks)
    path.write_bytes(b"RIFF" + len(body).to_bytes(4, "little") + body)
    return path


def test_a_broadcast_wave_states_its_time(tmp_path):
    """Against clips with timecode to the sample; and the take's timecode where only the sound recorder had a clock."""
    begins = Fraction(10 * 3600) + Fraction(1, 4)
    world = noise(20)
    audio = broadcast_wave(tmp_path / "audio.wav", begins, recorded(world, 2, 8, seed=3))
    assert start_of(audio) == begins
    clips = [probe(write_clip(tmp_path / f"{name}.mov", numbered(60), 25, timecode=text))
             for name, text in (("tcA", "10:00:00:00"), ("tcB", "10:00:00:05"))]
    timeline = by_timecode(clips, audio)
    assert timeline.offsets == {"tcA": 0.0, "tcB": pytest.approx(0.2), "audio": 0.25}
    # A label says in which 40 ms a frame began, and any moment of these is as likely.
    spread = np.std(np.linspace(-20, 20, 100_001))
    assert [clock.residual_ms for clock in timeline.clocks] == [0.0, pytest.approx(spread, rel=1e-3), 0.0]
    assert [clock.drift for clock in timeline.clocks] == [0.0, 0.0, 0.0]
    folder = tmp_path / "T001"
    folder.mkdir()
    for name, at in (("camA", 3.0), ("camB", 3.4)):
        write_clip(folder / f"{name}.mp4", numbered(100), 25, sound=recorded(world, at, 4, seed=len(name)))
    broadcast_wave(folder / "audio.wav", begins, recorded(world, 2, 8, seed=3))
    take, = find_takes(folder)
    save_timeline(synchronise(probe_take(take), take.audio), folder / "sync.toml")
    take, = find_takes(folder)
    assert str(plan(take, probe_take(take)).start_timecode) == "10:00:01:06"  # 0.25 s and 1 s later
    assert start_of(broadcast_wave(tmp_path / "none.wav", Fraction(0), np.zeros(100))) is None
    assert start_of(broadcast_wave(tmp_path / "odd.wav", Fraction(90000), np.zeros(100))) is None
    assert start_of(tmp_path / "missing.wav") is None


def test_a_broadcast_wave_beside_cameras_that_hear_and_have_timecode(tmp_path):
    world = noise(20)
    audio = broadcast_wave(tmp_path / "audio.wav", Fraction(36000), recorded(world, 2, 8, seed=3))
    clips = [probe(write_clip(tmp_path / f"{name}.mov", numbered(100), 25, timecode="10:00:00:00",
                              sound=recorded(world, 2, 4, seed=5))) for name in ("camA", "camB")]
    timeline = synchronise(clips, audio)
    assert timeline.offsets == {"camA": 0.0, "camB": 0.0, "audio": 0.0}
    assert timeline.warnings == ()


def test_timecodes_that_share_no_moment_are_not_believed(tmp_path):
    clips = [probe(write_clip(tmp_path / f"{camera}.mov", numbered(60), timecode=text))
             for camera, text in (("camA", "10:00:00:00"), ("camB", "02:00:00:00"))]
    with pytest.raises(ClipError, match="share no moment"):
        synchronise(clips)


def face(times: np.ndarray, seed: int) -> np.ndarray:
    """Landmarks (T, 40, 3) m of a head that turns, a jaw that opens and lids that blink, at any times."""
    generator = np.random.default_rng(seed)
    base = generator.uniform(-0.08, 0.08, (40, 3)) * [1, 1, 0.5]

    def curve(size: float, fastest: float) -> np.ndarray:
        hertz, phase = generator.uniform(0.1, fastest, 12), generator.uniform(0, 6.28, 12)
        waves = size * generator.normal(0, 1, 12) / np.sqrt(12) * np.sin(2 * np.pi * hertz * times[:, None] + phase)
        return waves.sum(axis=1)

    turns = np.stack([curve(size, 1.5) for size in (0.15, 0.2, 0.08)], axis=1)
    places = np.stack([curve(0.02, 1.0) for _ in range(3)], axis=1)
    points = np.repeat(base[None], len(times), axis=0)
    points[:, base[:, 1] < -0.03, 1] -= np.maximum(curve(0.012, 4), 0)[:, None]
    blinks = sum(np.exp(-((times - at) / 0.06) ** 2) for at in generator.uniform(-2, 14, 10))
    points[:, (base[:, 1] > 0.03) & (base[:, 1] < 0.05), 1] -= 0.008 * blinks[:, None]
    rotations = np.stack([cv2.Rodrigues(turn)[0] for turn in turns])
    return np.einsum("tij,tnj->tni", rotations, points) + places[:, None]


def around(name: str, yaw: float) -> Camera:
    turn = cv2.Rodrigues(np.array([0.0, np.radians(yaw), 0.0]))[0] @ np.diag([1.0, -1.0, -1.0])
    return Camera(name, (1280, 720), np.array([[1100, 0, 639.5], [0, 1100, 359.5], [0, 0, 1.0]]), rotation=turn,
                  translation=np.array([0, 0, 0.6]))


RIG_OF_TEST = Rig(tuple(Camera(name, (192, 64), np.array([[200, 0, 95.5], [0, 200, 31.5], [0, 0, 1.0]]))
                        for name in ("camA", "camB")))

RIG = Rig((around("camA", 0), around("camB", -38), around("camC", 36)))


def seen(camera: Camera, begin: float, seed: int, frames: int = 150, jitter: float = 0.5) -> np.ndarray:
    """Landmarks (T, 40, 2) px with jitter, a bias of 3 px for each point as detectors have, and a gap."""
    generator = np.random.default_rng(seed + int(1000 * camera.rotation[0, 2]) % 97)
    xy = project(camera, face((begin + np.arange(frames)) / 30, seed))
    xy = xy + generator.normal(0, jitter, xy.shape) + generator.normal(0, 3, xy.shape[1:])
    xy[60:70] = np.nan
    return xy


@pytest.mark.parametrize(("offset", "seed"), [(40.25, 0), (-40.0, 1), (12.5, 2), (0.0, 3), (-7.75, 4), (33.1, 5)])
def test_motion_within_a_tenth_of_a_frame(offset, seed):
    for other in RIG.cameras[1:]:
        frames, clear = motion_lag(seen(RIG["camA"], 0, seed), seen(other, offset, seed), (RIG["camA"], other))
        assert clear
        assert frames == pytest.approx(offset, abs=0.1)


@pytest.mark.parametrize(("offset", "seed"), [(0.25, 4), (-9.5, 5), (6.75, 3)])
def test_a_bias_that_follows_the_head_moves_no_clock(offset, seed):
    """In a second and a half a head moves but once or twice: what a detector errs more when it is turned looks like a
    part of a frame: 0.16, 0.15 and 0.12 of one here if it is taken as constant."""
    generator, marks = np.random.default_rng(seed), []
    for camera, begin in ((RIG["camB"], 0), (RIG["camC"], offset)):
        points = face((begin + np.arange(48)) / 30, seed)
        turned = points[:, :1, 2] - points[:, 1:2, 2]
        turned = (turned - turned.mean()) / turned.std()  # (48, 1)
        bias = 2.0 * turned[..., None] * generator.normal(0, 1, (40, 2))
        marks.append(project(camera, points) + bias + generator.normal(0, 0.3, bias.shape))
    frames, clear = motion_lag(*marks, (RIG["camB"], RIG["camC"]))
    assert clear
    assert frames == pytest.approx(offset, abs=0.1)


def test_motion_without_a_rig_still_finds_the_frame():
    errors = [motion_lag(seen(RIG["camA"], 0, seed), seen(RIG["camC"], 20.25, seed))[0] - 20.25 for seed in range(6)]
    assert np.abs(errors).max() < 0.35
    assert np.median(np.abs(errors)) < 0.1


def test_one_number_per_frame_is_enough():
    times = np.arange(200) / 30
    first, second = (np.sin(2 * times) + 0.5 * np.sin(7.3 * times + 1) + np.sin(0.9 * times ** 2) for times in
                     (times, times + 9.3 / 30))
    frames, clear = motion_lag(first, second)
    assert clear
    assert frames == pytest.approx(9.3, abs=0.1)


def test_three_cameras_by_motion_agree(tmp_path):
    clips = [probe(write_clip(tmp_path / f"{name}.mp4", numbered(150))) for name in RIG.names]
    offsets = {"camA": 0.0, "camB": 10.4, "camC": -6.7}
    signals = {name: seen(RIG[name], offsets[name], 3) for name in RIG.names}
    timeline = synchronise(clips, signals=signals, rig=RIG)
    assert timeline.method == "motion"
    for clock in timeline.clocks:
        assert clock.offset == pytest.approx(offsets[clock.name] / 30, abs=0.1 * FRAME)
        assert clock.residual_ms < 3.4
    aligned = align("the take", clips, timeline.offsets)
    assert aligned.numbers[:, aligned.lead].tolist() == [10, 0, 17]


def test_cameras_of_several_rates_by_motion(tmp_path):
    """A beat for each frame of each camera would make one of 60 pictures a second begin seconds early."""
    rates, offsets = {"camA": 30, "camB": 60, "camC": 25}, {"camA": 0.0, "camB": 0.4, "camC": -0.27}
    clips, signals = [], {}
    for name, rate in rates.items():
        times = np.arange(5 * rate) / rate
        xy = project(RIG[name], face(offsets[name] + times, 3))
        signals[name] = xy + np.random.default_rng(rate).normal(0, 0.5, xy.shape)
        clips.append(Clip(tmp_path, name, (1280, 720), Fraction(rate), len(times), times, None, False, "h264", False,
                          ()))
    for rig in (RIG, None):
        for clock in by_motion(clips, signals, rig).clocks:
            assert clock.offset == pytest.approx(offsets[clock.name], abs=(0.1 if rig else 0.35) * FRAME)


def test_a_label_is_one_moment_on_clocks_of_two_paces():
    """29.97 and 30 frames a second: at 10 o'clock they have counted 36 s apart."""
    ntsc = stating("camB", None)
    for rate, text in ((Fraction(30000, 1001), "10:00:02:00"), (Fraction(60000, 1001), "10:00:02:00"),
                       (Fraction(3001, 100), "10:00:02:00"), (Fraction(30000, 1001), "10:00:02;00")):
        other = replace(ntsc, frame_rate=rate, start_timecode=parse(text, rate))
        clips = [stating("camA", "10:00:00:00"), other]
        offsets = by_timecode(clips).offsets
        assert offsets["camB"] == pytest.approx(2.0, abs=0.01)
        for together in (align("", clips, offsets), align("", [stating("camA", None), other])):
            assert str(together.start_timecode + together.lead).replace(";", ":") == "10:00:02:00"


def test_drift_of_a_camera_by_motion(tmp_path):
    """60 parts in a million are 4.5 ms over 75 seconds: a seventh of a frame."""
    frames, pace = 2500, 1 + 60e-6
    times = {"camA": np.arange(frames) / 30, "camB": 3.21 + np.arange(frames) / 30 * pace}
    generator = np.random.default_rng(3)
    signals = {}
    for name, at in times.items():
        xy = project(RIG[name], face(at, 6))
        signals[name] = xy + generator.normal(0, 0.5, xy.shape) + generator.normal(0, 3, xy.shape[1:])
    clips = [Clip(tmp_path, name, (1280, 720), Fraction(30), frames, np.arange(frames) / 30, None, False, "h264", False,
                  ()) for name in times]
    clock = synchronise(clips, signals=signals, rig=RIG).clocks[1]
    assert clock.offset == pytest.approx(3.21, abs=0.1 * FRAME)
    assert clock.drift == pytest.approx(60e-6, abs=15e-6)


def test_a_camera_that_dropped_frames_is_put_on_its_own_times(tmp_path):
    """The second of two clips lost frames: its landmarks stand where its times say, not where its count does."""
    kept = np.array([at for at in range(150) if at not in (40, 41, 90, 91, 92, 120)])
    signals = {"camA": seen(RIG["camA"], 0, 1), "camB": seen(RIG["camB"], 5.5, 1)[kept]}
    clips = [Clip(tmp_path, name, (1280, 720), Fraction(30), len(times), times / 30, None, False, "h264", uneven, ())
             for name, times, uneven in (("camA", np.arange(150), False), ("camB", kept, True))]
    assert synchronise(clips, signals=signals, rig=RIG).offsets["camB"] == pytest.approx(5.5 / 30, abs=0.1 * FRAME)


def test_a_camera_that_does_not_fit_is_flagged(tmp_path):
    """camC jumps by five frames midway, and the other two, which saw one half each, put it at different times; sound
    belies a timecode; of three timecodes one lies apart; the first of three microphones hears something else."""
    moments = np.arange(200.0)
    signals = {name: project(RIG[name], face((moments + 5 * (name == "camC") * (moments >= 100)) / 30, 2))
               for name in RIG.names}
    signals["camA"][130:], signals["camB"][:70] = np.nan, np.nan
    clips = [Clip(tmp_path, name, (1280, 720), Fraction(30), 200, moments / 30, None, False, "h264", False, ())
             for name in RIG.names]
    timeline = synchronise(clips, signals=signals, rig=RIG)
    assert "does not fit: what it shows comes" in timeline.warnings[0]
    clips = [probe(write_clip(tmp_path / f"{name}.mov", numbered(60), timecode=text)) for name, text in
             (("camA", "10:00:00:00"), ("camB", "10:00:00:12"), ("camC", "17:03:00:00"))]
    with pytest.raises(ClipError, match="share no moment: all but that of camC do"):
        by_timecode(clips)
    world, other = noise(30), noise(30, 5)
    heard = {"camA": recorded(world, 5, 4), "camB": recorded(world, 5 + 40 * FRAME, 4, seed=2),
             "camD": recorded(other, 5, 4, seed=3)}
    clips = [probe(write_clip(tmp_path / f"{name}.mov", numbered(120), timecode="10:00:00:00", sound=heard[name]))
             for name in ("camA", "camB")]
    timeline = synchronise(clips)
    assert timeline.method == "timecode"
    assert "camB does not fit: by timecode it begins at +0.000 s, by sound at +1.333 s" in timeline.warnings[0]
    odd = probe(write_clip(tmp_path / "aam.mov", numbered(120), sound=heard["camD"]))
    with pytest.raises(ClipError, match="aam does not hear the sound that the others hear"):
        by_sound([odd, *clips])


def test_lags_that_close_a_triangle_are_believed():
    names = ("camA", "camB", "camC")
    lags = {("camA", "camB"): 0.40, ("camA", "camC"): -0.20, ("camB", "camC"): -0.61}
    assert all(_closes(pair, names, lags, 0.5 * FRAME) for pair in lags)
    assert not any(_closes(pair, names, lags | {("camB", "camC"): -0.70}, 0.5 * FRAME) for pair in lags)
    assert not _closes(("camA", "camB"), names[:2], lags, 0.5 * FRAME)


def test_stillness_and_strangers_are_not_forced_together(tmp_path):
    generator = np.random.default_rng(8)
    still = [300 + generator.normal(0, 0.5, (150, 40, 2)) for _ in range(2)]
    assert not motion_lag(*still)[1]
    for seed in range(8):
        strangers = seen(RIG["camA"], 0, seed), seen(RIG["camB"], 0, seed + 1)
        assert not motion_lag(*strangers)[1]
        assert not motion_lag(*strangers, (RIG["camA"], RIG["camB"]))[1]
    assert not motion_lag(np.full((150, 40, 2), np.nan), seen(RIG["camB"], 0, 2))[1]
    assert not motion_lag(np.zeros(4), np.zeros(4))[1]
    clips = [probe(write_clip(tmp_path / f"{name}.mp4", numbered(150))) for name in ("camA", "camB")]
    with pytest.raises(ClipError, match="too little motion in common"):
        synchronise(clips, signals=dict(zip(("camA", "camB"), still, strict=True)))


def test_drift_moves_frames(tmp_path):
    clips = [probe(write_clip(tmp_path / f"{name}.mp4", numbered(150))) for name in ("camA", "camB")]
    aligned = align("the take", clips, {"camA": 0.0, "camB": 0.0}, {"camB": 0.01})
    assert aligned.numbers[:, -2:].tolist() == [[149, NO_PICTURE], [148, 149]], "camB's last frame is 1.5 later"
    assert (aligned.frames, aligned.shared) == (151, (0, 150))
    assert np.abs(aligned.late[1]).max() <= 0.5
    shown = aligned.numbers[1] / 30 * 1.01
    np.testing.assert_allclose(aligned.late[1], (shown - np.arange(151) / 30) * 30, atol=1e-9)
    assert not aligned.late[0, :150].any()
    assert np.isnan(aligned.late[0, 150])


def test_a_take_is_solved_by_its_sync_file(tmp_path):
    for name, count, text in (("camA", 60, "01:00:00:00"), ("camB", 70, "02:00:00:00")):
        write_clip(tmp_path / f"{name}.mov", numbered(count), timecode=text)
    take, = find_takes(tmp_path)
    apart = plan(take, probe_take(take), RIG_OF_TEST)
    assert any("run `mien sync`" in warning for warning in apart.warnings)
    save_timeline(Timeline((Clock("camA", 0.0), Clock("camB", -0.2)), "motion"), tmp_path / "sync.toml")
    take, = find_takes(tmp_path)
    planned = plan(take, probe_take(take), RIG_OF_TEST)
    assert planned.numbers[:, planned.lead].tolist() == [0, 6]
    assert (planned.frames, planned.shared, planned.warnings) == (70, (6, 66), ())
    save_timeline(Timeline((Clock("camA", 0.0),), "motion"), tmp_path / "sync.toml")
    with pytest.raises(DataError, match="no clock for camB"):
        plan(take, probe_take(take), RIG_OF_TEST)


def test_timeline_file(tmp_path):
    timeline = Timeline((Clock("camA", 0.0, 0.0, 0.0), Clock('cam "B"', -1.234567891, 4e-5, 0.25)), "sound")
    save_timeline(timeline, tmp_path / "sync.toml")
    read = load_timeline(tmp_path / "sync.toml")
    assert (read.method, read.offsets) == ("sound", timeline.offsets)
    assert read.drifts == pytest.approx(timeline.drifts)
    assert [clock.residual_ms for clock in read.clocks] == [0.0, 0.25]
    save_timeline(Timeline((Clock("camA", 1.0),), "motion"), tmp_path / "sync.toml")
    assert math.isnan(load_timeline(tmp_path / "sync.toml").clocks[0].residual_ms)
    for text, says in (("", "no .clocks"), ("[clocks.camA]", "camA"), ("[clocks.camA]\noffset_s = true", "camA"),
                       ("[clocks.camA]\noffset_s = nan", "camA"), ("x", "TOML"), ("clocks = {a = 1}", "a")):
        (tmp_path / "sync.toml").write_text(text)
        with pytest.raises(DataError, match=says):
            load_timeline(tmp_path / "sync.toml")
    with pytest.raises(DataError, match="cannot be read"):
        load_timeline(tmp_path / "none.toml")
