"""Where in a take somebody said something of its solve: what the timeline marks, and what keys step along."""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from app.gui.take_data import TakeData
from capture.errors import DataError
from capture.timecode import frames_after, parse_like
from solver.corrections import Layer


@dataclass(frozen=True)
class Mark:
    """One frame of the take, and what was said of it.

    Attributes:
        frame: of the take, from 0.
        shapes: how many shapes have a key there.
        cameras: those in whose picture landmarks were moved.
        landmarks: how many, in all of these.
        faces: cameras in whose picture of then the actor's face was pointed at.
        right: it was marked as right.
        rest: the face was named as at rest there.
    """

    frame: int
    shapes: int = 0
    cameras: tuple[str, ...] = ()
    landmarks: int = 0
    faces: tuple[str, ...] = ()
    right: bool = False
    rest: bool = False


def marks_of(data: TakeData, layer: Layer) -> tuple[Mark, ...]:
    """The marks of a take under a layer of corrections, by rising frame."""
    found: dict[int, Mark] = {}
    shapes: dict[int, int] = defaultdict(int)
    cameras: dict[int, set[str]] = defaultdict(set)
    landmarks: dict[int, int] = defaultdict(int)
    faces: dict[int, set[str]] = defaultdict(set)
    for _, frame in layer.spots():
        shapes[frame] += 1
    for camera, _, frame in layer.drags:
        cameras[frame].add(camera)
        landmarks[frame] += 1
    for camera, number in layer.faces:
        if (frame := _shown(data, camera, number)) is not None:
            faces[frame].add(camera)
    rest = rest_of(data)
    for frame in sorted({*shapes, *landmarks, *faces, *layer.right, *([rest] if rest is not None else [])}):
        if 0 <= frame < data.frames:
            found[frame] = Mark(frame, shapes.get(frame, 0), tuple(sorted(cameras.get(frame, ()))),
                                landmarks.get(frame, 0), tuple(sorted(faces.get(frame, ()))), frame in layer.right,
                                frame == rest)
    return tuple(found.values())


def rest_of(data: TakeData) -> int | None:
    """The take's frame that take.toml names as at rest; None where it names none that is there."""
    text = str(data.take.settings.get("neutral") or "")
    start = data.clips.start_timecode if data.clips is not None else None
    if text.isdecimal():
        frame = int(text)
    elif text and start is not None:
        try:
            frame = frames_after(parse_like(text, start), start)
        except DataError:
            return None
    else:
        return None
    return frame if 0 <= frame < data.frames else None


def said(mark: Mark, place: str) -> str:
    """What a mark stands for, in a line; `place` names its frame."""
    words = []
    if mark.rest:
        words.append("the face at rest")
    if mark.right:
        words.append("right")
    if mark.landmarks:
        words.append(f"{_counted(mark.landmarks, 'landmark')} moved in {', '.join(mark.cameras)}")
    if mark.shapes and not mark.right:  # that holds all shapes
        words.append(f"{_counted(mark.shapes, 'shape')} set")
    if mark.faces:
        words.append(f"the actor's face in {', '.join(mark.faces)}")
    return f"{place}: {'; '.join(words)}"


def beyond(marks: tuple[Mark, ...], frame: int, way: int) -> Mark | None:
    """The next mark after a frame (way 1), or the last one before it (-1); None where there is none."""
    there = [mark for mark in marks if (mark.frame - frame) * way > 0]
    return (there[0] if way > 0 else there[-1]) if there else None


def thinned(marks: tuple[Mark, ...], scale: float) -> tuple[Mark, ...]:
    """The marks of which no two of one place are drawn: what lies within a pixel is one. `scale` is px a frame."""
    out: list[Mark] = []
    for mark in marks:
        if out and int(out[-1].frame * scale) == int(mark.frame * scale):
            last = out[-1]
            out[-1] = replace(last, shapes=last.shapes + mark.shapes, landmarks=last.landmarks + mark.landmarks,
                              faces=last.faces + mark.faces, right=last.right or mark.right,
                              rest=last.rest or mark.rest)
        else:
            out.append(mark)
    return tuple(out)


def _shown(data: TakeData, camera: str, number: int) -> int | None:
    """The take's frame that shows a frame of a camera's own clip."""
    if data.clips is None or camera not in data.take.cameras:
        return None
    frames = np.flatnonzero(data.clips.numbers[data.take.cameras.index(camera)] == number)
    return int(frames[0]) if len(frames) else None


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
