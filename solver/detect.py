"""What a landmark detector is, and how one is run over a take."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, runtime_checkable

import numpy as np

from solver.crop import Roi
from solver.landmarks import Landmarks, sound

Report = Callable[[int, int], None]
"""`report(done, total)`: called now and then by long work; it may raise Cancelled."""


@dataclass(frozen=True)
class Whereabouts:
    """Where the actor's face is about, as a person said who pointed at it: centre (T, 2) px and side (T) px of a
    square; near (T), whether that square was seen about then, or is only what was seen last or next."""

    centre: np.ndarray
    side: np.ndarray
    near: np.ndarray


@dataclass(frozen=True)
class Footage:
    """What one camera saw of a take: size (width, height) px, rate frames per second, count frames.

    `pictures()` gives them in order, each (H, W, 3) uint8 RGB; it may be called again to begin anew. `actor` is None
    where nobody said whose face to follow; then `longest()`, of footage that is a part of a clip, says where the clip's
    longest and largest face is about, None where there is none. It takes long, and is asked only where several compete.
    """

    size: tuple[int, int]
    rate: Fraction
    count: int
    pictures: Callable[[], Iterator[np.ndarray]]
    actor: Whereabouts | None = None
    longest: "Callable[[], Whereabouts | None] | None" = None


@dataclass(frozen=True)
class Track:
    """The landmarks of one camera: xy (T, N, 2) px, sigma (T, N) px, seen (T, N); see `landmarks.Landmarks`."""

    xy: np.ndarray
    sigma: np.ndarray
    seen: np.ndarray


class Detector(Protocol):
    """Finds the landmarks of the actor's face, frame after frame.

    Attributes:
        scheme: the name of its point set.
        key: names the detector, its version and weights: results of equal keys are equal.
    """

    scheme: str
    key: str

    def detect(self, footage: Footage, report: Report) -> Track:
        """The landmarks in each of the T frames; a frame without a face is all unseen."""
        ...


@runtime_checkable
class Guided(Detector, Protocol):
    """A detector that can be told where to look.

    Attributes:
        margin: a square's side as a multiple of the face's longer side.
    """

    margin: float

    def again(self, pictures: Iterable[np.ndarray], squares: Mapping[int, Roi], total: int, report: Report) -> Track:
        """The landmarks in those of T frames in which others say where the face is; other frames are unseen.

        Args:
            pictures: of these frames, in their order.
            squares: frame -> about where the face must be, px of the picture.
            total: T.
            report: counts these frames.
        """
        ...


def stack(cameras: Sequence[str], tracks: Sequence[Track], scheme: str) -> Landmarks:
    """The tracks of C cameras over the same T frames as one Landmarks, without what cannot be."""
    return sound(Landmarks(tuple(cameras), scheme, np.stack([track.xy for track in tracks]),
                           np.stack([track.sigma for track in tracks]), np.stack([track.seen for track in tracks])))


def runs(found: Iterable[bool]) -> Iterator[slice]:
    """The stretches of frames with a face."""
    start = None
    for index, there in enumerate([*found, False]):
        if there and start is None:
            start = index
        elif not there and start is not None:
            yield slice(start, index)
            start = None
