"""Which of several faces is the actor's: the one that a person pointed at, else the one that is longest and largest.

A quick pass over the footage looks for faces now and then and links them to tracks. Where nobody pointed at a face, it
is made only where the finders see more than one of like size; each sighting counts by its size, and the track that
counts most is the actor's. Where somebody did, the tracks through these places are the actor's, each around its own
places in time; others join them, the longest and largest first, unless they are seen beside them: then they are someone
else's.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from solver.crop import Roi, eight_bit_rgb
from solver.detect import Footage, Whereabouts

EVERY = 0.4
"""Seconds from one look to the next."""
LIKE = 0.5
"""A face smaller than this share of the largest is nobody's rival."""
STEP = 0.6
"""How far a face may have gone since its last sighting, as a share of its side for each look in between."""
GAP = 8
"""Looks for which a track waits for its face."""
APART = 0.5
"""Share of its side by which a face must lie off the actor's to be another's."""

Find = Callable[[np.ndarray], list[Roi]]
"""The faces of a picture (H, W, 3) uint8."""
Place = tuple[float, float]
"""x, y in px of a picture."""


@dataclass
class Sightings:
    """A face through the footage: frames (K), squares (K)."""

    frames: list[int] = field(default_factory=list)
    squares: list[Roi] = field(default_factory=list)

    @property
    def weight(self) -> float:
        return sum(square.side for square in self.squares)

    def during(self, frames: Sequence[int], near: int) -> Whereabouts | None:
        """Where it is about in each of the frames, and whether it was seen no more than `near` frames from there; None
        where it never was."""
        if not self.frames:
            return None
        table = np.array([[*square.centre, square.side] for square in self.squares])  # (K, 3)
        x, y, side = (np.interp(frames, self.frames, column) for column in table.T)
        known, asked = np.asarray(self.frames), np.asarray(frames)
        after = np.searchsorted(known, asked)
        away = np.minimum(*(np.abs(known[at.clip(0, len(known) - 1)] - asked) for at in (after - 1, after)))
        return Whereabouts(np.column_stack([x, y]), side, away <= near)


class Whose(Protocol):
    """Says which face is the actor's. Frames are counted from the footage's first."""

    def choose(self, frame: int, squares: list[Roi]) -> Roi | None:
        """The actor's of the squares that the finders gave, one at least; None where it is not among them."""
        ...

    def other(self, frame: int, square: Roi) -> bool:
        """Whether a face that was followed there is surely somebody else's."""
        ...


class ByTrack:
    """The face that is longest and largest, as soon as there are several."""

    def __init__(self, footage: Footage, find: Find) -> None:
        self._footage, self._find = footage, find

    def choose(self, frame: int, squares: list[Roi]) -> Roi | None:
        if len(rivals(squares)) < 2:
            return largest(squares)
        return largest(squares) if self._where is None else nearest(squares, self._where.centre[frame])

    def other(self, frame: int, square: Roi) -> bool:
        return False

    @functools.cached_property
    def _where(self) -> Whereabouts | None:
        footage, step = self._footage, every(self._footage.rate)
        if footage.longest is not None:
            return footage.longest()
        shown = ((frame, eight_bit_rgb(one)) for frame, one in enumerate(footage.pictures()) if frame % step == 0)
        return longest_and_largest(shown, step, self._find).during(range(footage.count), step)


@dataclass(frozen=True)
class ByPerson:
    """The face that a person pointed at."""

    where: Whereabouts

    def choose(self, frame: int, squares: list[Roi]) -> Roi | None:
        square = nearest(squares, self.where.centre[frame])
        return square if _away(square, self.where.centre[frame]) < self.where.side[frame] else None

    def other(self, frame: int, square: Roi) -> bool:
        return bool(self.where.near[frame]) \
            and _away(square, self.where.centre[frame]) > APART * self.where.side[frame]


def whose(footage: Footage, find: Find) -> Whose:
    """What says which face of the footage is the actor's."""
    return ByTrack(footage, find) if footage.actor is None else ByPerson(footage.actor)


def every(rate: object) -> int:
    """Frames from one look to the next, at a rate per second."""
    return max(round(EVERY * rate), 1)


def largest(squares: list[Roi]) -> Roi:
    """The largest face's square."""
    return max(squares, key=lambda square: square.side)


def nearest(squares: list[Roi], place: Place | np.ndarray) -> Roi:
    """The square whose middle is nearest to a place."""
    return min(squares, key=lambda square: _away(square, place))


def rivals(squares: list[Roi]) -> list[Roi]:
    """Those that may be the actor's, by their size."""
    largest = max((square.side for square in squares), default=0.0)
    return [square for square in squares if square.side >= LIKE * largest]


def longest_and_largest(pictures: Iterable[tuple[int, np.ndarray]], every: int, find: Find) -> Sightings:
    """The actor's track.

    Args:
        pictures: one frame in `every`, and what it shows.
        every: frames from one look to the next.
        find: the faces of a picture.
    """
    tracks: list[Sightings] = []
    for frame, picture in pictures:
        _link(tracks, frame, every, find(picture))
    return max(tracks, key=lambda track: track.weight, default=Sightings())


def pointed_at(pictures: Iterable[tuple[int, np.ndarray]], places: dict[int, Place], every: int, find: Find,
               find_near: Callable[[np.ndarray, Place], list[Roi]]) -> tuple[Sightings, list[int]]:
    """The actor's sightings, where somebody pointed at the actor's face.

    Args:
        pictures: frames that rise, and what they show: one in `every`, and those of the places.
        places: frame -> where the actor's face is in it.
        every: frames from one look to the next.
        find: the faces of a picture.
        find_near: those about a place, looked at more closely.

    Returns:
        The sightings, and the frames in which no face is where it was pointed at.
    """
    tracks: list[Sightings] = []
    told: list[tuple[int, Sightings]] = []
    missed = []
    for frame, picture in pictures:
        squares, hit = find(picture), None
        if (place := places.get(frame)) is not None:
            hit = _under(squares, place)
            if hit is None and (hit := _under(find_near(picture, place), place)) is not None:
                squares = [*squares, hit]
            if hit is None:
                missed.append(frame)
        owners = _link(tracks, frame, every, squares)
        if hit is not None:
            told.append((frame, owners[squares.index(hit)]))
    actor: dict[int, Roi] = {}
    for frame in sorted({frame for _, track in told for frame in track.frames}):
        _, owner = min(((abs(frame - at), track) for at, track in told if frame in track.frames),
                       key=lambda choice: choice[0])
        actor[frame] = owner.squares[owner.frames.index(frame)]
    mine = {id(track) for _, track in told}
    for track in sorted((track for track in tracks if id(track) not in mine), key=lambda track: -track.weight):
        if actor and not actor.keys() & set(track.frames):
            actor |= dict(zip(track.frames, track.squares, strict=True))
    frames = sorted(actor)
    return Sightings(frames, [actor[frame] for frame in frames]), missed


def _under(squares: list[Roi], place: Place) -> Roi | None:
    """The face that a place lies on."""
    hit = [square for square in squares if _away(square, place) < square.side / 2]
    return nearest(hit, place) if hit else None


def _away(square: Roi, place: Place | np.ndarray) -> float:
    return float(np.hypot(*np.subtract(square.centre, place)))


def _link(tracks: list[Sightings], frame: int, every: int, squares: list[Roi]) -> list[Sightings]:
    """Give each square to the nearest track that can have come there, or to a new one. Returns whose each is."""
    free = [track for track in tracks if frame - track.frames[-1] <= GAP * every]
    owners = [Sightings()] * len(squares)
    for index, square in sorted(enumerate(squares), key=lambda item: -item[1].side):
        def away(track: Sightings, square: Roi = square) -> float:
            last = track.squares[-1]
            looks = max((frame - track.frames[-1]) / every, 1.0)
            return _away(square, last.centre) / (STEP * last.side * looks)

        track = min(free, key=away, default=None)
        if track is None or away(track) > 1:
            track = Sightings()
            tracks.append(track)
        else:
            free.remove(track)
        track.frames.append(frame)
        track.squares.append(square)
        owners[index] = track
    return owners
