"""Every codec that sets and post houses use: its size, its colours in 8 and 10 bit, and the very frame asked for."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from capture.ahead import depth
from capture.errors import ClipError
from capture.video import frames, probe
from tests.clips import numbered, read_number, write_clip

CODECS = [("dnxhr.mov", "dnxhd", "yuv422p", {"profile": "dnxhr_hq"}),
          ("dnxhr.mxf", "dnxhd", "yuv422p", {"profile": "dnxhr_sq"}),
          ("dnxhr10.mov", "dnxhd", "yuv422p10le", {"profile": "dnxhr_hqx"}),
          ("prores.mov", "prores_ks", "yuv422p10le", {"profile": "3"}),
          ("prores4444.mov", "prores_ks", "yuv444p10le", {"profile": "4"}),
          ("mjpeg.avi", "mjpeg", "yuvj422p", {}),
          ("hevc.mp4", "libx265", "yuv420p", {"x265-params": "log-level=none:bframes=3"}),
          ("hevc10.mov", "libx265", "yuv420p10le", {"x265-params": "log-level=none", "crf": "12"}),
          ("h26410.mp4", "libx264", "yuv422p10le", {"crf": "12", "bf": "2"})]


@pytest.mark.parametrize(("name", "codec", "pix_fmt", "options"), CODECS)
def test_a_clip_of_each_codec(name: str, codec: str, pix_fmt: str, options: dict, tmp_path: Path) -> None:
    pictures = numbered(14, (256, 128))
    clip = probe(write_clip(tmp_path / name, pictures, 25, codec=codec, pix_fmt=pix_fmt, options=options))
    assert (clip.size, clip.frames, clip.frame_rate, clip.variable_rate) == ((256, 128), 14, 25, False)
    seen = list(frames(clip))
    assert [read_number(frame.rgb) for frame in seen] == list(range(14))
    assert [read_number(next(frames(clip, at)).rgb) for at in (13, 5, 9, 0)] == [13, 5, 9, 0]
    # Smooth enough to survive, coloured enough to notice exchanged channels or a wrong range.
    blurred = [picture[64:, :].reshape(8, 8, 32, 8, 3).mean(axis=(1, 3)) for picture in (seen[3].rgb, pictures[3])]
    assert np.abs(blurred[0] - blurred[1]).mean() < 8


def test_8k_within_a_bound_of_memory(tmp_path: Path) -> None:
    """Two frames of 100 MB each: a process that reads them stays below 1.5 GB, and no more wait than memory allows."""
    picture = np.full((2, 4320, 7680, 3), 90, np.uint8)
    picture[1, :, :3840] = 200
    path = write_clip(tmp_path / "wide.mp4", picture, 24, options={"preset": "ultrafast", "crf": "30"})
    read = ("import sys; from pathlib import Path; from app.timings import peak_mib; "
            "from capture.video import frames, probe; "
            "clip = probe(Path(sys.argv[1])); print(clip.size, [int(f.rgb[9, 9, 0] > 150) for f in frames(clip)], "
            "int(peak_mib()))")
    said = subprocess.run([sys.executable, "-c", read, str(path)], cwd=Path(__file__).parents[2], check=True,
                          capture_output=True, text=True).stdout
    assert said.startswith("(7680, 4320) [0, 1] ")
    assert int(said.split()[-1]) < 1500
    assert depth(3 * 7680 * 4320) * 3 * 7680 * 4320 <= 1 << 30


def test_pictures_that_change_their_size_are_named(tmp_path: Path) -> None:
    path = tmp_path / "camA.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for index in range(12):
            width, height = (64, 48) if index < 7 else (96, 64)
            encoder = av.CodecContext.create("mjpeg", "w")
            encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
            encoder.time_base = Fraction(1, 25)
            picture = av.VideoFrame.from_ndarray(np.full((height, width, 3), 20 * index, np.uint8), format="rgb24")
            for packet in encoder.encode(picture) + encoder.encode(None):
                packet.stream, packet.pts, packet.dts, packet.time_base = stream, index, index, Fraction(1, 25)
                container.mux(packet)
    clip = probe(path)
    assert (clip.size, clip.frames) == ((64, 48), 12)
    assert len(list(frames(clip, 0, 7))) == 7
    with pytest.raises(ClipError, match="changes its picture size at frame 7, from 64 by 48 px to 96 by 64"):
        list(frames(clip))


def boxes(data: bytes, name: bytes) -> list[int]:
    """Where the contents of each box of a name begin."""
    found, at = [], data.find(name)
    while at >= 0:
        found.append(at + 4)
        at = data.find(name, at + 4)
    return found


def test_a_timecode_that_jumps_is_named(tmp_path: Path) -> None:
    """The timecode track gets a second sample, half-way, which says 250 frames later than the first one leads to."""
    path = write_clip(tmp_path / "camA.mov", numbered(40), 25, timecode="10:00:00:00")
    assert probe(path).warnings == ()
    data = bytearray(path.read_bytes())

    def own(name: bytes) -> int:  # the timecode track's table lies after that of the pictures
        return boxes(bytes(data), name)[-1]

    def put(at: int, *values: int) -> None:
        for index, value in enumerate(values):
            data[at + 4 * index:at + 4 * index + 4] = value.to_bytes(4, "big")

    whole = int.from_bytes(data[own(b"stts") + 12:own(b"stts") + 16], "big")
    put(own(b"stts") + 8, 2, whole // 2)
    put(own(b"stsz") + 4, 4, 2)
    put(own(b"stsc") + 12, 2)
    first = 25 * 36000
    put(own(b"stco") + 8, len(data) + 8)
    data += (16).to_bytes(4, "big") + b"mdat" + first.to_bytes(4, "big") + (first + 20 + 250).to_bytes(4, "big")
    path.write_bytes(data)
    clip = probe(path)
    assert str(clip.start_timecode) == "10:00:00:00"
    assert "the timecode of camA.mov jumps by +250 frames after 0.80 s" in clip.warnings[0]
