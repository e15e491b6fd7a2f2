"""The actor's face all through a camera's clip: the one that a person pointed at, else the longest and largest.

What was pointed at stands in the take's corrections. Of a clip in which nobody pointed at anything nothing is asked but
where several faces compete in a part of it: all its parts must follow the same one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app import artefacts
from capture.errors import DataError
from capture.video import Clip, frames
from solver.crop import Roi, eight_bit_rgb
from solver.network_actor import Place, Sightings, every, longest_and_largest, pointed_at
from solver.network_search import FaceSearch

VERSION = 1
SHAPES = {"frames": ("i", ("looks",)), "squares": ("f", ("looks", 3))}
"""What a clip's sightings are on disk."""
CURE = "point at the face in another frame with `mien face` or on the app's Cameras page, or take it back there"


@dataclass(frozen=True)
class Pointed:
    """Where in one camera's clip a person pointed at the actor's face: frame of the clip -> x, y px."""

    places: Mapping[int, Place]

    def __bool__(self) -> bool:
        return bool(self.places)

    @property
    def rows(self) -> list[list[float]]:
        """The same as lists, for keys."""
        return [[frame, *place] for frame, place in sorted(self.places.items())]


def pointed(faces: Mapping[tuple[str, int], Place], clip: Clip, file: Path) -> Pointed:
    """What is pointed at in a clip.

    Args:
        faces: of all cameras of a take.
        file: where that stands.

    Raises:
        DataError: there is no such frame, or no such place in the picture.
    """
    places = {frame: place for (camera, frame), place in faces.items() if camera == clip.camera}
    width, height = clip.size
    for frame, (x, y) in places.items():
        if frame >= clip.frames or not (-0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5):
            raise DataError(f"{file} says that the actor's face is at {x:g}, {y:g} in frame {frame} of {clip.camera}, "
                            f"which has {clip.frames} frames of {width}x{height} px; {CURE}")
    return Pointed(places)


def looked(clip: Clip, what: Pointed, among: Iterable[int], step: Callable[[], None] = lambda: None
           ) -> tuple[Sightings, list[int]]:
    """Where the actor's face is in some frames of a clip and in those that were pointed into, and in which of these
    there is no face at the place."""
    search, shown = FaceSearch(), _pictures(clip, {*among, *what.places}, step)
    return pointed_at(shown, dict(what.places), every(clip.frame_rate), search.squares, search.near)


def sightings(clip: Clip, what: Pointed, file: Path, step: Callable[[], None] = lambda: None) -> Sightings:
    """Where the actor's face is, now and then, all through a clip.

    Args:
        step: called before each look; it may raise Cancelled.

    Raises:
        ClipError: a frame cannot be decoded.
        DataError: there is no face where somebody pointed at one.
    """
    among = range(0, clip.frames, every(clip.frame_rate))
    if not what:
        return longest_and_largest(_pictures(clip, set(among), step), every(clip.frame_rate), FaceSearch().squares)
    found, missed = looked(clip, what, among, step)
    if missed:
        x, y = what.places[missed[0]]
        raise DataError(f"{file} says that the actor's face is at {x:g}, {y:g} in frame {missed[0]} of {clip.camera}, "
                        f"and no face is to be found there; {CURE}")
    return found


def _pictures(clip: Clip, among: set[int], step: Callable[[], None]) -> Iterator[tuple[int, np.ndarray]]:
    for frame in frames(clip, only=among):
        step()
        yield frame.index, eight_bit_rgb(frame.rgb)


def several(clip: Clip, content: str, work: Path) -> bool:
    """Whether faces of like size competed in a clip into which nobody pointed; see `kept_sightings`."""
    return artefacts.stands(_path(clip, work), _key(clip, content, Pointed({})))


def kept_sightings(clip: Clip, content: str, what: Pointed, file: Path, work: Path, force: bool,
                   step: Callable[[], None] = lambda: None) -> Sightings:
    """The same, from disk where an earlier part of the clip has looked for them.

    Args:
        content: the key of the clip's bytes.
        work: the folder of the take's artefacts.

    Raises:
        ClipError, DataError: see `sightings`.
        OutputError: they cannot be written.
    """
    path, key = _path(clip, work), _key(clip, content, what)
    kept = None if force else artefacts.load(path, key, SHAPES)
    if kept is not None:
        return Sightings(kept["frames"].tolist(), [Roi((x, y), side) for x, y, side in kept["squares"].tolist()])
    found = sightings(clip, what, file, step)
    artefacts.save(path, key, {
        "frames": np.array(found.frames, int),
        "squares": np.array([[*square.centre, square.side] for square in found.squares], float).reshape(-1, 3)})
    return found


def _path(clip: Clip, work: Path) -> Path:
    return work / f"pointed.{clip.camera}.npz"


def _key(clip: Clip, content: str, what: Pointed) -> str:
    return artefacts.key_of("actor", VERSION, clip=content, rate=str(clip.frame_rate), faces=what.rows,
                            **turned_key(clip))


def turned_key(clip: Clip) -> dict[str, object]:
    """By how much a clip's pictures are turned, as a part of keys; none where they are not."""
    return {"rotate": clip.rotate} if clip.rotate else {}
