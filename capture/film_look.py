"""What is wrong with a film as such: cuts, pictures that stand still, fields woven together, faces in the dark.

Each picture is compared with those before it while it is decoded anyway; what that says is kept as eight numbers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

ROWS = 180
"""About so many of a picture's rows are compared, and as dense in a row."""
THUMB = (64, 36)
COMB_EVERY, COMB_BLOCK = 8, 32
COMB_ROWS = 240
"""Larger pictures are looked at in so many columns fewer: the look is to cost less than 3 % of a draft."""
JUMP, SHARE, NEAR = 10.0, 2.3, 5
"""A cut changes a picture by so many of 255 levels in the mean, and by so many times what the `NEAR` pictures on both
sides change by: 14 and 2.7 where a second was cut out of one shot, 50 and more and 9 to 58 between shots. Faces in
motion reach 6 and 1.5, boards that are waved 12 and 1.7, light that flickers 58 and 1.7."""
AGAIN_PART, AGAIN_PX, AGAIN_BLOCK = 0.1, 0.2, 2.0
"""A picture that comes again differs from itself by less than this part of what moving pictures do, by fewer levels in
the mean, and nowhere by more: encoders leave 0 to 0.08 of 0.8 to 4 levels, and a sensor's pictures 0.3 and more."""
HUM = 0.15
"""A film whose quietest pictures change in less of their pixels has no noise by which a picture that comes again could
be told from an actor at rest: renders, screens, much squeezed and dark films. Sensors' pictures change in 0.2 to 0.5,
those that come again in 0 to 0.1."""
LONG = 3
"""So many repeats in a row are no hiccup: the film stands still."""
OFTEN_RUNS = 0.2
"""A film in which more than this share of the pictures are shown for longer is one of a lower rate, as of a webcam in
the dark; it stands still only where a picture is shown for twice as long as these, and more."""
OFTEN = 0.03
COMBED_BLOCKS, COMBED_PICTURES = 0.02, 3
"""A picture is combed where this share of its blocks is (0.24 of woven ones, 0.001 of others), a film from so many."""

DARK, BURNT = 24.0, 0.25
"""A face whose median level (of 255) is below the one, or more than that share of which is white, is filmed too dark
or too bright. Made darker, with a sensor's noise, the landmarks of four faces move by 0.4 % of the face's width at
levels of 16 to 27, half of what they err by in good light, and are lost or off by 0.8 to 1.1 % at 11 to 16; made
brighter, by 0.2 to 0.3 % with 0.11 to 0.28 of it white, by 0.4 % with 0.6, and are lost or off by 0.9 % with 0.7 and
more. Nine faces as filmed and rendered have levels of 119 to 177 and nearly no white."""
WHITE = 250
SHARE_LIT = 0.95
"""Where no face is found the picture is too dark if this share of it is darker than a face may be."""
ALL_DARK = 0.9

COLUMNS = 8
CHANGE, SKIP, PIXELS, BLOCK, COMBED, STIR, LEVEL, BLANK = range(COLUMNS)
"""The columns of a look: change of the picture in its mean from the last one and from that three before, of its
pixels, the most of a block, the shares of combed blocks and of pixels that change at all, the face's median level and
the share of it that is white; NaN where it was not looked at."""


@dataclass(frozen=True)
class Faults:
    """What is wrong with a film of T frames.

    Attributes:
        cuts: frames at which another shot begins.
        still: first frame of a run that shows the picture before it, and the one after its last.
        again: frames that show the picture before them, outside these runs, where there are many.
        combed: whether each picture is woven of two fields that were taken one after another.
        dark: the face's level, 0 to 255, where that is too dark.
        burnt: the share of the face that is white, where that is too much.
    """

    cuts: tuple[int, ...] = ()
    still: tuple[tuple[int, int], ...] = ()
    again: tuple[int, ...] = ()
    combed: bool = False
    dark: float | None = None
    burnt: float | None = None

    def stands(self, frames: int) -> np.ndarray:
        """(T) bool: frames of the runs that stand still."""
        out = np.zeros(frames, bool)
        for first, stop in self.still:
            out[first:stop] = True
        return out


class Looker:
    """Looks at pictures as they pass.

    Attributes:
        look: (T, COLUMNS) float32; see `CHANGE`.
    """

    def __init__(self, numbers: Sequence[int]) -> None:
        """`numbers` (T): which picture of the clip each frame shows; one that is shown longer is no repeat of its."""
        self._numbers = numbers
        self.look = unlooked(len(numbers))
        self._kept: dict[int, tuple[np.ndarray, int]] = {}

    def passing(self, pictures: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The pictures, (H, W, 3) uint8, looked at."""
        thumbs: list[np.ndarray] = []
        before = None
        for index, picture in enumerate(pictures):
            if index == 0 or self._numbers[index] != self._numbers[index - 1]:
                green = picture[..., 1]
                step = max(1, min(green.shape) // ROWS)
                pixels = np.ascontiguousarray(green[::step, ::step])
                thumb = cv2.resize(pixels, THUMB, interpolation=cv2.INTER_AREA).astype(np.float32)
                row = self.look[index]
                if before is not None:
                    change = np.abs(thumb - thumbs[-1])
                    row[CHANGE], row[BLOCK] = change.mean(), change.max()
                    differ = cv2.absdiff(pixels, before)
                    row[PIXELS], row[STIR] = differ.mean(), cv2.countNonZero(differ) / differ.size
                if len(thumbs) == 3:
                    row[SKIP] = np.abs(thumb - thumbs[0]).mean()
                if self._numbers[index] % COMB_EVERY == 0:
                    row[COMBED] = _combed(green[:, ::4 * max(1, min(green.shape) // COMB_ROWS)])
                    self._kept[index] = pixels, step
                thumbs, before = [*thumbs[-2:], thumb], pixels
            yield picture


    def light(self, xy: np.ndarray | None = None, seen: np.ndarray | None = None) -> None:
        """Once the pictures have passed, and it is known where the face is in them: how it is lit.

        Args:
            xy: (T, N, 2) px.
            seen: (T, N). Without a face a picture tells no more than that it is dark all over.
        """
        for index, (pixels, step) in self._kept.items():
            row = self.look[index]
            if seen is not None and np.count_nonzero(seen[index]) > 2:
                within = np.zeros(pixels.shape, np.uint8)
                hull = cv2.convexHull((xy[index][seen[index]] / step).round().astype(np.int32))
                cv2.fillConvexPoly(within, hull, 1)
                if len(face := pixels[within > 0]):
                    row[LEVEL], row[BLANK] = np.median(face), np.mean(face >= WHITE)
            elif (level := np.quantile(pixels, SHARE_LIT)) < DARK:
                row[LEVEL] = level
        self._kept.clear()


def whole(look: np.ndarray) -> np.ndarray:
    """A look as an older mien left it, with the columns that it lacks."""
    lacking = np.full((len(look), max(COLUMNS - look.shape[1], 0)), np.nan, np.float32)
    return np.concatenate([look[:, :COLUMNS], lacking], axis=1)


def unlooked(frames: int) -> np.ndarray:
    """The look of a film of which nothing is known; it has no faults."""
    return np.full((frames, COLUMNS), np.nan, np.float32)


def faults(look: np.ndarray, there: np.ndarray | None = None) -> Faults:
    """What a look (T, COLUMNS) says of a film that has a picture in some frames, there (T) bool, or in all of them."""
    end = len(look) if there is None else int(np.flatnonzero(there).max(initial=-1)) + 1
    level, blank = _light(look)
    new = np.flatnonzero(np.isfinite(look[:, PIXELS]))  # frames with a picture of their own, but for the first
    again = _again(look[new])
    repeats = _runs(again)
    least = LONG
    if len(repeats) > max(OFTEN_RUNS * np.count_nonzero(~again), 2):
        least += 2 * int(np.median([stop - first for first, stop in repeats]))
    runs = [(first, stop) for first, stop in repeats if stop - first >= least]
    long = np.zeros(len(new), bool)
    for first, stop in runs:
        long[first:stop] = True
    alone = new[again & ~long]
    combed = look[:, COMBED][np.isfinite(look[:, COMBED])] > COMBED_BLOCKS
    return Faults(tuple(new[_cuts(look[new], again)].tolist()),
                  tuple((int(new[first]), int(new[stop]) if stop < len(new) else end) for first, stop in runs),
                  tuple(alone.tolist()) if len(alone) > max(OFTEN * len(new), 2) else (),
                  bool(combed.sum() >= COMBED_PICTURES and combed.mean() > 0.2),
                  level if level < DARK else None, blank if blank > BURNT else None)


def _light(look: np.ndarray) -> tuple[float, float]:
    """The level of the face, and the share of it that is white, in the median; of a film without a face, that of its
    pictures where nearly all are dark. NaN where nothing tells."""
    faces = np.isfinite(look[:, BLANK])
    if faces.any():
        return float(np.median(look[faces, LEVEL])), float(np.median(look[faces, BLANK]))
    dark, looked = np.isfinite(look[:, LEVEL]), np.isfinite(look[:, COMBED])
    return (float(np.median(look[dark, LEVEL])) if dark.sum() > ALL_DARK * looked.sum() else np.nan), np.nan


def _again(look: np.ndarray) -> np.ndarray:
    """(T) bool: whether a picture is the one before it."""
    moving = look[:, BLOCK] > AGAIN_BLOCK
    if not moving.any():
        return moving  # nothing moves in the whole film, and nobody can tell
    usual = float(np.median(look[moving, PIXELS]))
    again = (look[:, PIXELS] < min(AGAIN_PART * usual, AGAIN_PX)) & ~moving
    return again & (float(np.percentile(look[~again, STIR], 5)) > HUM)


def _cuts(look: np.ndarray, again: np.ndarray) -> np.ndarray:
    """Where another shot begins: not after pictures that stood still, nor in a flash, after which all is as before."""
    change, skip = look[:, CHANGE], look[:, SKIP]
    out = []
    for at in np.flatnonzero(change > JUMP):
        near = np.concatenate([change[max(at - NEAR, 0):max(at - 1, 0)], change[at + 2:at + 2 + NEAR]])
        moved = near[~np.concatenate([again[max(at - NEAR, 0):max(at - 1, 0)], again[at + 2:at + 2 + NEAR]])]
        after = skip[at + 1:at + 3]  # of two pictures with the cut between them
        largest = change[at] >= change[max(at - 1, 0):at + 2].max()
        if len(moved) and largest and not again[max(at - 1, 0)] and change[at] > SHARE * moved.max() \
                and (not len(after) or after.min() > JUMP):
            out.append(at)
    return np.array(out, dtype=int)


def _combed(green: np.ndarray) -> float:
    """The share of blocks, of all rows and some columns, whose rows are nearer to those of their own field than to
    their neighbours."""
    across = COMB_BLOCK // 4
    rows, columns = (green.shape[0] - 4) // COMB_BLOCK * COMB_BLOCK, green.shape[1] // across * across
    if rows <= 0 or columns <= 0:
        return 0.0
    lines = green[:, :columns].astype(np.int32)
    here = lines[2:2 + rows]

    def out_of_line(apart: int) -> np.ndarray:
        """How far rows lie above, or below, both of those so many rows away, squared, by blocks."""
        product = (lines[2 - apart:2 - apart + rows] - here) * (lines[2 + apart:2 + apart + rows] - here)
        return np.clip(product, 0, None).reshape(rows // COMB_BLOCK, COMB_BLOCK, columns // across,
                                                 across).mean(axis=(1, 3))

    return float((out_of_line(1) > 2 * out_of_line(2) + 20).mean())


def _runs(there: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
