"""Clips made by the tests: any pictures, or pictures that carry their own frame number."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BLOCK = 16
"""Side in px of one bit of a burnt-in number: a whole macroblock, so that no codec blurs it away."""
BITS = 12


def write_clip(path: Path, frames: np.ndarray, rate: Fraction | int = 30, *, codec: str = "libx264",
               pix_fmt: str = "yuv420p", options: dict[str, str] | None = None, times: Sequence[Fraction] | None = None,
               timecode: str | None = None, sound: np.ndarray | None = None, sound_rate: int = 48000,
               pixel_aspect: Fraction | None = None, container_options: dict[str, str] | None = None) -> Path:
    """Write a clip.

    Args:
        path: its suffix chooses the container (.mp4, .mov, .mkv, .avi, .webm, .mxf).
        frames: (T, H, W, 3) uint8, RGB; H and W even.
        rate: frames per second.
        codec, pix_fmt, options: the encoder and its settings, e.g. {"bf": "2", "g": "12", "crf": "18"}.
        times: (T) seconds when each frame is shown, for a variable rate; by default every 1 / rate.
        timecode: "HH:MM:SS:FF" (";" before FF in drop-frame), for .mp4 and .mov.
        sound: (S,) mono samples in -1..1.
        pixel_aspect: width of a pixel over its height.
        container_options: e.g. {"movflags": "faststart"}.
    """
    rate = Fraction(rate)
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], pix_fmt
        stream.thread_count = 1
        stream.options = options or {}
        time_base = Fraction(1, 90000) if times is not None else 1 / rate
        stream.time_base = time_base
        stream.codec_context.time_base = time_base
        if pixel_aspect is not None:
            stream.sample_aspect_ratio = pixel_aspect
        if timecode is not None:
            stream.metadata["timecode"] = timecode
        sound_stream = None
        if sound is not None:
            sound_stream = container.add_stream("aac" if path.suffix != ".mkv" else "pcm_s16le", rate=sound_rate)
            sound_stream.layout = "mono"
        for index, rgb in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
            frame.pts = index if times is None else round(Fraction(times[index]) / time_base)
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound_stream is not None:
            _write_sound(container, sound_stream, sound, sound_rate)
    return path


def numbered(count: int, size: tuple[int, int] = (192, 64), first: int = 0) -> np.ndarray:
    """Pictures (count, H, W, 3) of drifting noise; the top row of blocks spells each frame's number."""
    width, height = size
    generator = np.random.default_rng(7)
    texture = generator.integers(40, 200, (height // 8, width // 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    frames = np.stack([np.roll(texture, 3 * index, axis=1) for index in range(count)])
    for index in range(count):
        for bit in range(BITS):
            on = (first + index) >> bit & 1
            frames[index, :BLOCK, bit * BLOCK:(bit + 1) * BLOCK] = 235 * on
    return frames


def read_number(rgb: np.ndarray) -> int:
    """The number burnt into a picture (H, W, 3) by `numbered`."""
    middles = np.arange(BITS) * BLOCK + BLOCK // 2
    row = rgb[BLOCK // 2 - 3:BLOCK // 2 + 3, :, :].astype(float).mean(axis=(0, 2))  # (W,)
    lit = [row[middle - 3:middle + 3].mean() > 118 for middle in middles]
    return sum(1 << bit for bit, on in enumerate(lit) if on)


def _write_sound(container: av.container.OutputContainer, stream: av.AudioStream, sound: np.ndarray, rate: int) -> None:
    samples = np.clip(np.round(sound * 32767), -32768, 32767).astype(np.int16)
    for start in range(0, len(samples), 1024):
        frame = av.AudioFrame.from_ndarray(samples[None, start:start + 1024], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
