"""Which of several faces is the actor's: the one that is longest and largest in the picture.

Asked only where the finders see more than one face of like size. Then a quick pass over the footage looks for faces now
and then and links them to tracks; each sighting counts by its size, and the track that counts most is the actor's.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from solver.crop import Roi

EVERY = 0.4
"""Seconds from one look to the next."""
LIKE = 0.5
"""A face smaller than this share of the largest is nobody's rival."""
STEP = 0.6
"""How far a face may have gone since its last sighting, as a share of its side for each look in between."""
GAP = 8
"""Looks for which a track waits for its face."""


@dataclass
class Sightings:
    """A face through the footage: frames (K), squares (K)."""

    frames: list[int] = field(default_factory=list)
    squares: list[Roi] = field(default_factory=list)

    @property
    def weight(self) -> float:
        return sum(square.side for square in self.squares)

    def at(self, frame: int) -> np.ndarray:
        """(2,) px where the face is about then."""
        centres = np.array([square.centre for square in self.squares])  # (K, 2)
        return np.array([np.interp(frame, self.frames, centres[:, axis]) for axis in (0, 1)])


def rivals(squares: list[Roi]) -> list[Roi]:
    """Those that may be the actor's, by their size."""
    largest = max((square.side for square in squares), default=0.0)
    return [square for square in squares if square.side >= LIKE * largest]


def longest_and_largest(pictures: Iterator[np.ndarray], every: int, find: Callable[[np.ndarray], list[Roi]]
                        ) -> Sightings:
    """The actor's track.

    Args:
        pictures: all of the footage.
        every: frames from one look to the next.
        find: the faces of a picture.
    """
    tracks: list[Sightings] = []
    for frame, picture in enumerate(pictures):
        if frame % every == 0:
            _link(tracks, frame, every, find(picture))
    return max(tracks, key=lambda track: track.weight, default=Sightings())


def _link(tracks: list[Sightings], frame: int, every: int, squares: list[Roi]) -> None:
    """Give each square to the nearest track that can have come there, or to a new one."""
    free = [track for track in tracks if frame - track.frames[-1] <= GAP * every]
    for square in sorted(squares, key=lambda square: -square.side):
        def away(track: Sightings, square: Roi = square) -> float:
            last = track.squares[-1]
            looks = (frame - track.frames[-1]) / every
            return float(np.hypot(*np.subtract(square.centre, last.centre))) / (STEP * last.side * looks)

        track = min(free, key=away, default=None)
        if track is None or away(track) > 1:
            track = Sightings()
            tracks.append(track)
        else:
            free.remove(track)
        track.frames.append(frame)
        track.squares.append(square)
