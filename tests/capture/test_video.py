import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from capture.errors import ClipError
from capture.timecode import parse
from capture.video import Clip, frames, probe
from tests.clips import numbered, read_number, write_clip
from tests.material import shared

COUNT = 120
UNEVEN = [Fraction(sum(1 if i % 3 else 3 for i in range(index)), 30) for index in range(COUNT)]

KINDS = {
    "b-frames.mp4": {"options": {"bf": "3", "g": "24"}},
    "one keyframe.mov": {"options": {"bf": "2", "g": "999"}},
    "all keyframes.mov": {"codec": "prores_ks", "pix_fmt": "yuv422p10le"},
    "open group.mp4": {"options": {"bf": "3", "g": "24", "x264-params": "open-gop=1:scenecut=0:b-adapt=0"}},
    "open group.mkv": {"options": {"bf": "3", "g": "24", "x264-params": "open-gop=1:scenecut=0:b-adapt=0"}},
    "hevc open group.mp4": {"codec": "libx265", "pix_fmt": "yuv420p10le",
                            "options": {"x265-params": "log-level=none:open-gop=1:keyint=24:bframes=3:scenecut=0"}},
    "variable.mp4": {"options": {"bf": "3", "g": "24"}, "times": UNEVEN},
    "variable.mkv": {"options": {"bf": "3", "g": "24"}, "times": UNEVEN},
    "tiny groups.mp4": {"options": {"bf": "2", "g": "3"}},
    "old.avi": {"codec": "mpeg4"},
    "old b-frames.avi": {"codec": "mpeg4", "options": {"bf": "2"}},
    "web.webm": {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}},
    "broadcast.mxf": {"codec": "mpeg2video", "rate": 25, "options": {"bf": "2", "g": "12"}},
    "fragments.mp4": {"options": {"bf": "2", "g": "24"}, "container_options": {"movflags": "frag_keyframe+empty_moov"}},
}


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return numbered(COUNT)


def wrong(clip: Clip, first: int = 0) -> int:
    """How many of the clip's frames are another than they should be: one after the other, and each sought by itself."""
    run = [read_number(frame.rgb) != first + index for index, frame in enumerate(frames(clip))]
    assert len(run) == clip.frames
    order = np.random.default_rng(3).permutation(clip.frames)[:40]
    alone = [read_number(next(frames(clip, int(index))).rgb) != first + index for index in order]
    return sum(run) + sum(alone)


@pytest.mark.parametrize("name", KINDS)
def test_every_frame_is_the_one_asked_for(name, tmp_path, pictures):
    options = {"rate": 30, **KINDS[name]}
    clip = probe(write_clip(tmp_path / name, pictures, **options))
    assert clip.frames == COUNT
    assert clip.camera == Path(name).stem
    assert clip.size == (192, 64)
    assert wrong(clip) == 0
    if "times" in options:
        assert clip.variable_rate
        assert "variable frame rate" in clip.warnings[0]
        np.testing.assert_allclose(clip.times, [float(time) for time in UNEVEN], atol=1.1e-3)
    else:
        assert (clip.frame_rate, clip.variable_rate, clip.warnings) == (options["rate"], False, ())
        np.testing.assert_allclose(clip.times, np.arange(COUNT) / options["rate"])


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("group", ["closed", "open"])
def test_a_copy_cut_without_decoding_shows_what_its_edit_list_says(suffix, group, tmp_path, pictures):
    """As `ffmpeg -ss -c copy` cuts: from the keyframe before, with an edit list that hides the frames until the cut."""
    extra = ":open-gop=1" if group == "open" else ""
    whole = write_clip(tmp_path / "whole.mp4", pictures,
                       options={"bf": "3", "g": "24", "x264-params": f"scenecut=0:b-adapt=0{extra}"})
    cut = tmp_path / f"cut{suffix}"
    with av.open(str(whole)) as source, av.open(str(cut), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        tick = int(1 / (30 * stream.time_base))
        started = False
        for packet in source.demux(stream):
            started |= packet.is_keyframe and packet.pts == 24 * tick
            if packet.dts is None or not started:
                continue
            packet.pts, packet.dts, packet.stream = packet.pts - 37 * tick, packet.dts - 37 * tick, copy
            target.mux(packet)
    clip = probe(cut)
    assert clip.frames == COUNT - 37
    assert wrong(clip, first=37) == 0


def test_a_slice_gives_its_frames_and_times(tmp_path, pictures):
    clip = probe(write_clip(tmp_path / "a.mp4", pictures, options={"bf": "2", "g": "12"}))
    some = list(frames(clip, 31, 44))
    assert [frame.index for frame in some] == list(range(31, 44))
    assert [read_number(frame.rgb) for frame in some] == list(range(31, 44))
    assert some[0].time == pytest.approx(31 / 30)
    assert list(frames(clip, 5, 5)) == []
    with pytest.raises(ValueError, match="0 to 119"):
        list(frames(clip, 0, 121))


@pytest.mark.parametrize(("angle", "corner"), [(90, "left"), (-90, "right"), (180, "bottom")])
def test_rotation_in_the_file_is_applied(angle, corner, tmp_path):
    picture = np.full((2, 64, 96, 3), 40, np.uint8)
    picture[:, :16] = 220  # a light band at the top
    path = tmp_path / "turned.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.set_display_rotation(angle)
        for rgb in picture:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode(None))
    clip = probe(path)
    rgb = next(frames(clip)).rgb
    assert clip.size == (rgb.shape[1], rgb.shape[0]) == ((96, 64) if angle == 180 else (64, 96))
    bands = {"left": rgb[:, :8], "right": rgb[:, -8:], "bottom": rgb[-8:], "top": rgb[:8]}
    assert max(bands, key=lambda side: bands[side].mean()) == corner
    assert bands[corner].mean() > 200


@pytest.mark.parametrize(("aspect", "size"), [(Fraction(4, 3), (256, 64)), (Fraction(1, 2), (192, 128)),
                                              (Fraction(1001, 1000), (192, 64))])
def test_pixels_become_square(aspect, size, tmp_path, pictures):
    clip = probe(write_clip(tmp_path / "a.mp4", pictures[:3], pixel_aspect=aspect))
    assert clip.size == size
    assert next(frames(clip)).rgb.shape == (size[1], size[0], 3)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le", "yuv422p10le", "yuv444p"])
def test_colours_come_back(pix_fmt, tmp_path):
    colours = np.array([[200, 60, 40], [30, 160, 70], [50, 80, 210], [128, 128, 128]], np.uint8)
    picture = np.repeat(np.repeat(colours[None, None], 64, axis=1), 32, axis=2).reshape(1, 64, 128, 3)
    clip = probe(write_clip(tmp_path / "a.mp4", picture, pix_fmt=pix_fmt, options={"crf": "4"}))
    rgb = next(frames(clip)).rgb
    seen = [rgb[8:56, 32 * index + 8:32 * index + 24].mean(axis=(0, 1)) for index in range(4)]
    np.testing.assert_allclose(seen, colours, atol=4)


@pytest.mark.parametrize(("rate", "text"), [(30, "10:00:00:00"), (Fraction(30000, 1001), "01:02:03;04"),
                                            (Fraction(24000, 1001), "23:59:58:12"), (50, "00:00:00:49")])
def test_timecode_of_the_file(rate, text, tmp_path, pictures):
    clip = probe(write_clip(tmp_path / "a.mov", pictures[:5], rate, timecode=text))
    assert clip.frame_rate == rate
    assert clip.start_timecode == parse(text, rate)


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), 24, 25, Fraction(30000, 1001), 48, 50, Fraction(60000, 1001),
                                  120])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_rates_are_exact_even_in_milliseconds(rate, suffix, tmp_path, pictures):
    clip = probe(write_clip(tmp_path / f"a{suffix}", pictures[:40], rate))
    assert clip.frame_rate == rate


def test_dropped_frames_keep_the_rate_that_the_camera_meant(tmp_path, pictures):
    times = [Fraction(index + (index > 20) + (index > 60), 30) for index in range(COUNT)]
    clip = probe(write_clip(tmp_path / "a.mp4", pictures, times=times))
    assert (clip.frame_rate, clip.variable_rate, clip.frames) == (30, True, COUNT)
    assert clip.warnings[0].startswith("a.mp4 dropped 2 frames, after its 20, 60: ")
    assert clip.times[-1] == pytest.approx(121 / 30)


def test_a_clip_faster_than_any_camera_is_damaged(tmp_path, pictures):
    path = write_clip(tmp_path / "a.mp4", pictures[:12], times=[Fraction(index, 90000) for index in range(12)])
    with pytest.raises(ClipError, match=r"a.mp4 is damaged: its 12 frames' times make no rate .*90000"):
        probe(path)


def test_sound_is_noticed(tmp_path, pictures):
    sound = 0.3 * np.sin(np.arange(48000) / 20)
    assert probe(write_clip(tmp_path / "a.mp4", pictures[:30], sound=sound)).sound
    assert not probe(write_clip(tmp_path / "b.mp4", pictures[:30])).sound


@pytest.mark.parametrize(("name", "options"), [
    ("end.mp4", {}), ("end.mov", {"codec": "prores_ks", "pix_fmt": "yuv422p10le"}),
    ("start.mp4", {"container_options": {"movflags": "faststart"}}), ("a.mkv", {}), ("a.avi", {"codec": "mpeg4"}),
    ("sound.mkv", {"sound": np.zeros(48000 * 4)}), ("a.mxf", {"codec": "mpeg2video", "rate": 25}),
    ("a.webm", {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}})])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_clip_that_ends_early_is_refused(name, options, share, tmp_path, pictures):
    whole = write_clip(tmp_path / name, pictures, **options)
    data = whole.read_bytes()
    cut = tmp_path / f"cut{whole.suffix}"
    cut.write_bytes(data[:int(len(data) * share)])
    with pytest.raises(ClipError, match="cut off") as caught:
        probe(cut)
    message = str(caught.value)
    assert str(cut) in message
    assert "copy it again" in message
    if not name.startswith("end"):
        there = int(message.split("cut off: ")[1].split(" of its 1")[0])
        assert 0 < there < COUNT
        assert "of its 120 frames" in message or "of its 100 frames" in message


def test_a_fragmented_clip_that_ends_early_is_refused(tmp_path, pictures):
    options = {"container_options": {"movflags": "frag_keyframe+empty_moov"}, "options": {"g": "24"}}
    data = write_clip(tmp_path / "whole.mp4", pictures, **options).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[:len(data) * 2 // 3])
    with pytest.raises(ClipError, match="cut off after its frame"):
        probe(cut)


def test_a_header_that_counts_hidden_frames_is_no_damage():
    clip = probe(shared("footage", "no_face_cartoon.mp4"))
    assert clip.frames == 95 == sum(1 for _ in frames(clip))


@pytest.mark.parametrize(("data", "says"), [
    (b"", "empty"), (b"This is a text and no video.\n" * 50, "not a video"), (bytes(5000), "not a video"),
    (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a video"), (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "not a video"),
    (b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://localhost/a.ts\n#EXT-X-ENDLIST\n", "not a video"),
    (b"1\n00:00:01,000 --> 00:00:02,000\nHello\n\n", "not a video")])
def test_what_is_no_video_is_refused(data, says, tmp_path):
    path = tmp_path / "camA.mp4"
    path.write_bytes(data)
    with pytest.raises(ClipError, match=says):
        probe(path)


def test_missing_file_folder_and_sound_alone_are_refused(tmp_path):
    with pytest.raises(ClipError, match="does not exist"):
        probe(tmp_path / "none.mp4")
    with pytest.raises(ClipError, match="no PNG, JPEG or EXR"):
        probe(tmp_path)
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(ClipError, match="only sound"):
        probe(path)


def test_damage_in_the_middle_never_ends_in_a_traceback(tmp_path, pictures):
    """Bytes turned at random: either it is refused in words, or every frame comes."""
    whole = write_clip(tmp_path / "whole.mp4", pictures, options={"bf": "2", "g": "24"}).read_bytes()
    generator = np.random.default_rng(11)
    messages = []
    for trial in range(40):
        data = bytearray(whole)
        for position in generator.integers(0, len(data), 30):
            data[position] = generator.integers(0, 256)
        path = tmp_path / f"{trial}.mp4"
        path.write_bytes(data)
        try:
            clip = probe(path)
            assert sum(1 for _ in frames(clip)) == clip.frames
        except ClipError as error:
            messages.append((str(path), str(error)))
    assert messages
    assert all(path in message for path, message in messages)


def test_a_clip_travels_between_processes(tmp_path, pictures):
    import pickle

    clip = pickle.loads(pickle.dumps(probe(write_clip(tmp_path / "a.mp4", pictures))))
    assert read_number(next(frames(clip, 77)).rgb) == 77


def test_real_footage_is_read_whole():
    """Counts and rates as the README of the footage states them."""
    known = {"expressions_woman_640x360.mp4": (472, Fraction(24000, 1001), (640, 360)),
             "smile_man.mp4": (72, Fraction(30), (640, 360))}
    for name, (count, rate, size) in known.items():
        clip = probe(shared("footage", name))
        assert (clip.frames, clip.frame_rate, clip.size, clip.sound) == (count, rate, size, True)
    mixed = probe(shared("footage", "face_then_none_hevc.mov"))
    assert (mixed.frames, mixed.variable_rate) == (169, True)


def test_a_moved_clip_says_where_it_was(tmp_path, pictures):
    clip = probe(write_clip(tmp_path / "a.mp4", pictures[:5]))
    shutil.move(tmp_path / "a.mp4", tmp_path / "b.mp4")
    with pytest.raises(ClipError, match="does not exist"):
        list(frames(clip))


@pytest.mark.parametrize("aspect", [Fraction(5), Fraction(1, 8)])
def test_pixels_that_would_fill_the_memory_are_refused(tmp_path, aspect):
    clip = write_clip(tmp_path / "a.mp4", numbered(2), pixel_aspect=aspect)
    with pytest.raises(ClipError, match="square pixels"):
        probe(clip)


def test_a_timecode_track_does_not_hide_the_keyframes(tmp_path):
    """Without them every frame would be reached from the first one."""
    clip = probe(write_clip(tmp_path / "camA.mov", numbered(24), timecode="10:00:00:00", options={"g": "6"}))
    assert len(clip.index.keys) == 4
    assert str(clip.start_timecode) == "10:00:00:00"
