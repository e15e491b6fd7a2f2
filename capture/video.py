"""Clips: what a camera recorded, and its frames by number, exactly.

Frames are found by their times, never by a frame count divided by a rate: the packets are read once, their times
sorted, and a frame is reached by decoding from the keyframe at or before it. That holds for B-frames, open groups of
pictures, variable rates and edit lists alike.
"""

import bisect
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from capture import container as containers
from capture import pictures
from capture.errors import Cancelled, ClipError, DataError
from capture.timecode import Timecode, exact_rate, is_rate, parse

CONSTANT = 0.1
"""Share of a frame by which times may stray from an even beat before a clip counts as variable-rate."""

MOSTLY = 0.9
"""Share of even steps from which a clip keeps the rate its camera meant: it dropped some frames, no more."""


UNKNOWN_SIZE = (1, 1)
"""Of a clip whose first picture was not decoded yet."""


@dataclass(frozen=True)
class Clip:
    """One camera's recording. T frames, as shown: what an edit list hides is not counted.

    Attributes:
        path: the file, or the folder of pictures.
        camera: its stem.
        size: width, height in px, upright and with square pixels, as `frames` gives them.
        frame_rate: frames per second; with a variable rate the usual one, or the average where there is none.
        frames: T.
        times: (T,) seconds since the first frame.
        start_timecode: of the first frame, where the file states one.
        sound: whether it has a sound track.
        codec: FFmpeg's name of it; "png", "jpeg" or "exr" for pictures.
        variable_rate: whether frames come at uneven times.
        warnings: sentences for the user.
        begins: seconds on the file's own clock, which its sound shares, at which the first frame is shown.
        index: where its frames lie in the file; None for pictures.
        files: the pictures of a sequence; empty for a video.
        rotate: degrees clockwise by which its pictures are turned to stand upright, beyond what the file itself says.
    """

    path: Path
    camera: str
    size: tuple[int, int]
    frame_rate: Fraction
    frames: int
    times: np.ndarray = field(compare=False, repr=False)
    start_timecode: Timecode | None
    sound: bool
    codec: str
    variable_rate: bool
    warnings: tuple[str, ...]
    begins: float = 0.0
    index: containers.Index | None = field(default=None, compare=False, repr=False)
    files: tuple[Path, ...] = field(default=(), compare=False, repr=False)
    rotate: int = 0


@dataclass(frozen=True)
class Frame:
    """A picture of a clip.

    Attributes:
        index: its number within the clip, from 0.
        time: seconds since the clip's first frame.
        rgb: (H, W, 3) uint8, sRGB.
    """

    index: int
    time: float
    rgb: np.ndarray = field(compare=False, repr=False)


def probe(path: Path, rate: Fraction | None = None, rotate: int = 0) -> Clip:
    """Read what a clip is, without decoding more than its first frame.

    Args:
        path: a video, a folder of numbered pictures, or one picture.
        rate: frames per second of a folder of pictures; a video states its own.
        rotate: see `Clip`.

    Raises:
        ClipError: it is missing, damaged, cut off or no clip; the message says what to do.
    """
    path = Path(path)
    if path.is_dir() or path.suffix.lower() in pictures.SUFFIXES:
        return _probe_pictures(path, rate, rotate)
    with containers.opened(path) as (container, stream):
        sound = bool(container.streams.audio)
        codec = stream.codec_context.name
        stated = [stream.guessed_rate, stream.average_rate]
        timecode_text = _timecode_text(container, stream)
        index = containers.read_index(path, container, stream)
        counts = containers.timecode_counts(container)  # last: it leaves the container at the timecodes' end
    try:
        frame_rate, times, variable = _beat(index, [rate for rate in stated if rate and is_rate(rate)])
    except DataError as error:
        raise ClipError(f"{path} is damaged: its {len(index.ticks)} frames' times make no rate ({error}); "
                        f"{containers.COPY_AGAIN}") from error
    warnings = []
    dropped = _dropped(times, frame_rate) if variable else ()
    if dropped:
        some = ", ".join(map(str, dropped[:5])) + (" and so on" if len(dropped) > 5 else "")
        count = round(float(times[-1]) * float(frame_rate)) + 1 - len(times)
        warnings.append(f"{path.name} dropped {count} frames, after its {some}: the pictures before them are shown "
                        "longer")
    elif variable:
        steps = np.diff(times)
        warnings.append(f"{path.name} has a variable frame rate ({1 / steps.max():.4g} to {1 / steps.min():.4g} frames "
                        f"a second); its {len(times)} frames are counted as {float(frame_rate):.5g} a second")
    start = None
    if timecode_text:
        try:
            start = parse(timecode_text, frame_rate)
        except DataError as error:
            warnings.append(f"the timecode of {path.name} is left aside: {error}")
    if (jump := _jump(counts, frame_rate)) is not None:
        warnings.append(f"the timecode of {path.name} jumps by {jump[1]:+d} frames after {jump[0]:.2f} s, so the clip "
                        "was cut together or its clock was set meanwhile: only its first frame's timecode is used; "
                        "check with `mien sync`")
    clip = Clip(path, path.stem, UNKNOWN_SIZE, frame_rate, len(times), times, start, sound, codec, variable,
                tuple(warnings), float(index.ticks[0] * index.tick), index, rotate=rotate)
    height, width = next(_decode(clip, 0, 1, lambda: False)).rgb.shape[:2]
    return replace(clip, size=(width, height))


def frames(clip: Clip, start: int = 0, stop: int | None = None,
           given_up: Callable[[], bool] = lambda: False, only: Container[int] | None = None) -> Iterator[Frame]:
    """The frames `start` up to, and without, `stop` (default: the end), in order.

    Args:
        given_up: asked at each picture that is decoded, those on the way from the keyframe before too; true ends it.
        only: leave out all but these: to make a picture of what was decoded costs more than to decode it.

    Raises:
        Cancelled: it was given up.
        ClipError: a frame cannot be decoded.
        ValueError: the range lies outside the clip.
    """
    stop = clip.frames if stop is None else stop
    if not 0 <= start <= stop <= clip.frames:
        raise ValueError(f"{clip.path.name} has the frames 0 to {clip.frames - 1}, not {start} to {stop - 1}")
    if clip.files:
        filed = clip.size if clip.rotate % 180 == 0 else clip.size[::-1]
        return (Frame(index, float(clip.times[index]), pictures.turned(pictures.read(clip.files[index], filed),
                                                                       clip.rotate))
                for index in range(start, stop) if only is None or index in only)
    return _decode(clip, start, stop, given_up, only)


def _probe_pictures(path: Path, rate: Fraction | None, rotate: int) -> Clip:
    files, codec, size = pictures.find(path)
    size = size if rotate % 180 == 0 else size[::-1]
    if rate is None:
        if path.is_dir():
            raise ClipError(f"{path} is a folder of pictures, which states no frame rate; "
                            "write frame_rate = 24 (or what it is) into the take.toml beside it")
        rate = Fraction(30)
    times = np.arange(len(files)) / float(rate)
    return Clip(path, path.name if path.is_dir() else path.stem, size, rate, len(files), times, None, False, codec,
                False, (), files=files, rotate=rotate)


def _timecode_text(container: av.container.InputContainer, stream: av.VideoStream) -> str | None:
    tables = [stream.metadata, *(other.metadata for other in container.streams.data), container.metadata]
    for table in tables:
        for key, value in table.items():
            if key.lower() == "timecode":
                return value
    return None


def _jump(counts: list[tuple[float, int]], rate: Fraction) -> tuple[float, int] | None:
    """Seconds after which a timecode track (seconds, frame number) first goes on otherwise than it ran, and by how many
    frames."""
    for seconds, count in counts[1:]:
        off = count - counts[0][1] - round((seconds - counts[0][0]) * float(rate))
        if abs(off) > 1:
            return seconds - counts[0][0], off
    return None


def _dropped(times: np.ndarray, rate: Fraction) -> list[int]:
    """The frames after which some are missing, where all the others keep the beat; [] of a rate that truly varies."""
    beats = np.diff(times) * float(rate)
    even = np.abs(beats - np.round(beats)) < 2 * CONSTANT
    return np.flatnonzero(np.round(beats) > 1).tolist() if even.all() else []


def _beat(index: containers.Index, stated: list[Fraction]) -> tuple[Fraction, np.ndarray, bool]:
    """The rate whose even beat fits the frames' times best, those times in seconds, and whether they stray from it.

    Raises:
        DataError: no camera films as fast as the times say.
    """
    ticks = index.ticks - index.ticks[0]
    count = len(ticks)
    seconds = ticks * float(index.tick)  # (T,)
    if count == 1:
        return exact_rate(stated[0]) if stated else Fraction(25), seconds, False
    average = exact_rate(Fraction(count - 1) / (int(ticks[-1]) * index.tick))
    candidates = [*(exact_rate(rate) for rate in stated), average]
    for rate in candidates:
        even = np.arange(count) / float(rate)
        if np.abs(seconds - even).max() <= CONSTANT / float(rate) + float(index.tick):
            return rate, even, False
    for rate in candidates:
        stray = np.abs(np.diff(seconds) - 1 / float(rate))
        if np.mean(stray <= CONSTANT / float(rate) + float(index.tick)) >= MOSTLY:
            return rate, seconds, True
    return average, seconds, True


def _decode(clip: Clip, start: int, stop: int, given_up: Callable[[], bool],
            only: Container[int] | None = None) -> Iterator[Frame]:
    if start == stop:
        return
    with containers.opened(clip.path) as (container, stream):
        stream.thread_type = "AUTO"
        try:
            for number, picture in _reached(clip, container, stream, start, stop, given_up):
                if only is not None and number not in only:
                    continue
                rgb = pictures.turned(pictures.upright(picture, stream.sample_aspect_ratio), clip.rotate)
                height, width = rgb.shape[:2]
                if clip.size not in ((width, height), UNKNOWN_SIZE):
                    raise ClipError(f"{clip.path} changes its picture size at frame {number}, from {clip.size[0]} by "
                                    f"{clip.size[1]} px to {width} by {height}; convert it to one size or cut it "
                                    "there")
                yield Frame(number, float(clip.times[number]), rgb)
        except av.error.FFmpegError as error:
            raise ClipError(f"{clip.path} cannot be decoded near its frame {start} ({error.strerror}); "
                            "copy it again, or convert it to H.264 or ProRes") from error
        except MemoryError:
            raise ClipError(f"{clip.path} has pictures that do not fit in memory; scale it down") from None


def _reached(clip: Clip, container: av.container.InputContainer, stream: av.VideoStream, start: int, stop: int,
             given_up: Callable[[], bool]) -> Iterator[tuple[int, av.VideoFrame]]:
    """Decode from the keyframe at or before `start`: (number, picture) for each number up to `stop`."""
    ticks, keys = clip.index.ticks, clip.index.keys
    if not len(keys):
        for number, picture in enumerate(container.decode(stream)):
            if number >= stop:
                return
            if number >= start:
                yield number, picture
        return
    # The decoded time, not the shown one: containers list packets by it, and the shown one could find a later keyframe.
    key = bisect.bisect_right(keys[:, 0].tolist(), int(ticks[start])) - 1
    container.seek(int(keys[key, 1]), stream=stream, backward=True)
    number, shown = start, None
    for picture in container.decode(stream):
        if given_up():
            raise Cancelled(f"{clip.path.name}, frame {start}")
        shown = picture.pts
        if shown is None or shown < ticks[number]:
            continue
        if shown > ticks[number]:
            break
        yield number, picture
        number += 1
        if number == stop:
            return
    raise ClipError(f"{clip.path} is damaged: frame {number} of {clip.frames} cannot be decoded; "
                    f"{containers.COPY_AGAIN}")
