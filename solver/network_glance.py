"""The landmarks of a draft: our network's first look at each frame, and the eyes and the mouth close by in some.

The face is followed from key to key, some frames apart. Then all frames are looked at at once, which costs half as much
as one after the other, through squares between those of their keys. Where the network is sure of its points it sees a
face; only where it is not, others are asked: whether there is one at all, and where.
Every second frame is looked at in a mirror, where the network errs in another way: what the two kinds of frames differ
by, slowly as it changes, is taken out half and half.

Against the whole detector (`network_detector`) nothing is looked at twice, and the parts not in every frame: weights
hardly lose by that, while without the eyes' network they err by a tenth to a quarter more. What the parts' networks add
to the first look is carried over to the frames between.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.special import expit

from solver.crop import Roi, crops, eight_bit_rgb, roi_of_points
from solver.detect import Footage, Report, Track, runs
from solver.network import POINTS, SIZE
from solver.network_actor import Whose, whose
from solver.network_detector import (
    BATCH,
    FACE,
    HOLD,
    LEAP,
    MARGIN,
    NEW,
    Look,
    NetworkDetector,
    is_clear,
    placed,
    settled,
    steady,
    track_of,
    turned,
)
from solver.network_mirror import unmirror
from solver.network_parts import EYE, MOUTH, Part
from solver.network_run import Tell, as_input
from solver.network_second import looked_closer

KEY_EVERY, SEARCH_EVERY = 8, 4
"""Frames from one key to the next, and from one search to the next while there is no face."""
EVERY = {EYE: 2, MOUTH: 4}
"""Frames from one close look at a part to the next, a multiple of 2: those that are not seen in a mirror. With 3 for
the eyes the mean RMSE on three cameras was 0.092 in place of 0.088; without the mouth no lips of actor2 met."""
BEHIND_EVERY = 8
"""Frames from one look for what is before the face to the next."""
ALIGNED = 0.1
"""A face that lies farther from the middle of its square, or is smaller or larger, by more than this share of it is
looked at again."""
ROUNDS = 4
"""Looks in all; a face whose square has not settled by then is none."""
FAR = 0.25
"""A face that has gone farther from where it was likely to be, in shares of its square, is followed frame by frame."""
SLOW = 3.0
"""Standard deviation, in frames, of the smoothing of what a mirror makes of the points."""
SEEN_BY = {EYE: np.array(sorted({*EYE.points, *EYE.mirrored})), MOUTH: np.array(MOUTH.points)}
COARSE_ONLY = np.array(sorted(set(range(POINTS)) - {*SEEN_BY[EYE], *SEEN_BY[MOUTH]}))
"""Points that are not looked at close by."""


@dataclass(frozen=True)
class _Key:
    """A frame with a face: its number, the square about the face, and by how many px that moves from frame to frame."""

    frame: int
    square: Roi
    motion: np.ndarray

    def at(self, frame: int) -> Roi:
        """Where the face is likely to be in a later frame."""
        step = self.motion * (frame - self.frame)
        step *= min(1.0, LEAP * self.square.side / max(float(np.hypot(*step)), 1e-9))
        return settled(replace(self.square, centre=tuple((self.square.centre + step).tolist())))


class GlanceDetector(NetworkDetector):
    """Detects as `NetworkDetector` does, at a third of its cost and somewhat coarser; its point set is the same."""

    def __init__(self, weights: Path | None = None, device: str = "cpu", parts: Path | None = None,
                 tell: Tell = lambda text: None) -> None:
        super().__init__(weights, device, parts, tell)
        self.key = f"glance-4-{self.key}"

    def detect(self, footage: Footage, report: Report) -> Track:
        """The landmarks in each of the T frames; a frame without a face is all unseen."""
        total = footage.count
        xy, sigma = np.full((total, POINTS, 2), np.nan), np.full((total, POINTS), np.nan)
        behind: dict[int, np.ndarray] = {}
        closer: dict[Part, dict[int, Look]] = {part: {} for part in EVERY}
        key: _Key | None = None
        held: dict[int, np.ndarray] = {}
        actor = whose(footage, self._search.squares)
        for index, picture in enumerate(footage.pictures()):
            held[index] = eight_bit_rgb(picture)
            if len(held) == BATCH or index == total - 1:
                squares, looks, key = self._squares(held, key, actor)
                looks |= self._looks(held, squares)
                for frame, look in looks.items():
                    xy[frame], sigma[frame] = look.points, look.sigma
                for part, network in self._second.networks:
                    close = sorted(frame for frame in looks if part in EVERY and frame % EVERY[part] == 0)
                    if close:
                        answers = looked_closer([held[frame] for frame in close], xy[close], sigma[close],
                                                [(part, network)])
                        closer[part] |= dict(zip(close, map(Look, *answers), strict=True))
                now = sorted(frame for frame in looks if frame % BEHIND_EVERY == 0)
                if now:
                    behind |= dict(zip(now, self._hidden([held[frame] for frame in now], xy[now]), strict=True))
                held = {}
            report(index + 1, total)
        hidden = np.zeros((total, POINTS))
        for run in runs(np.isfinite(xy).all(axis=(1, 2))):
            frames = np.arange(run.start, run.stop)
            _even(frames, closer, xy, sigma)
            if known := [frame for frame in frames if frame in behind]:
                hidden[run] = _between_looks(frames, known, np.stack([behind[frame] for frame in known]))
        return track_of(xy, sigma, hidden)

    def _squares(self, held: dict[int, np.ndarray], key: _Key | None, actor: Whose
                 ) -> tuple[dict[int, Roi], dict[int, Look], _Key | None]:
        """Of some frames in a row, those that show the face: where it is still to be looked at, what was seen of it in
        the others, and the last key.

        Args:
            held: their pictures by their numbers.
            key: the last one before them; None where there is none, or the face has been lost for long.
        """
        before, stop = min(held) - 1, max(held)
        squares: dict[int, Roi] = {}
        looks: dict[int, Look] = {}
        while before < stop:
            frame = 0 if before < 0 else min(before + (KEY_EVERY if key else SEARCH_EVERY), stop)
            last, gap = key if key and key.frame == before else None, range(before + 1, frame)
            found = self._find(held[frame], frame, key, actor)
            if found is not None:
                square, looks[frame] = found
                square = steady(square, last.square) if last else square
                motion = np.subtract(square.centre, last.square.centre) / (frame - last.frame) if last else np.zeros(2)
                key = _Key(frame, square, motion)
            if found is not None and last is not None and not _off(square, last.at(frame), FAR):
                squares |= {index: _between(last, key, index) for index in gap}
                gap = range(0)
            if last is not None:
                walked = self._walk(held, gap, last.square, actor)
                looks |= walked
                gap = gap[len(walked):]
            if found is not None:  # one that comes in is a face to the presence network before it is to the finders
                looks |= self._walk(held, gap[::-1], square, actor)
            if key is not None and frame - key.frame >= HOLD:
                key = None
            before = frame
        return squares, looks, key

    def _find(self, picture: np.ndarray, frame: int, key: _Key | None, actor: Whose) -> tuple[Roi, Look] | None:
        """The square about the actor's face, where that is likely to be, else where the finders see it; and what was
        seen there."""
        found = None if key is None else self._face_in(picture, frame, key.at(frame), actor)
        if found is not None and is_clear(found[1], found[0]):
            return found
        squares = self._search.squares(picture)
        square = actor.choose(frame, squares) if squares else None
        return found if square is None else self._taken_up(picture, frame, square, actor) or found

    def _taken_up(self, picture: np.ndarray, frame: int, square: Roi, actor: Whose) -> tuple[Roi, Look] | None:
        """See `_face_in`: of a face that is new, the square looked at until it is steady, as the next ones will be."""
        found = self._face_in(picture, frame, square, actor, NEW)
        for _ in range(ROUNDS):
            again = None if found is None else self._face_in(picture, frame, found[0], actor, NEW)
            if again is None:
                break
            if steady(again[0], found[0]) == found[0]:
                return found[0], again[1]
            found = again
        return found

    def _walk(self, held: dict[int, np.ndarray], frames: range, square: Roi, actor: Whose) -> dict[int, Look]:
        """Frame by frame, as far as there is a face."""
        looks: dict[int, Look] = {}
        for frame in frames:
            found = self._face_in(held[frame], frame, square, actor)
            if found is None:
                break
            square, looks[frame] = found
        return looks

    def _face_in(self, picture: np.ndarray, frame: int, square: Roi, actor: Whose, least: float = FACE
                 ) -> tuple[Roi, Look] | None:
        """The square about a face that is about in a square, and what was seen of it; None where there is none, or that
        of another."""
        for _ in range(ROUNDS):
            look = self._through({frame: picture}, {frame: square})[frame]
            found = _about(look)
            if not _off(found, square):
                break
            square = found
        else:
            return None
        if actor.other(frame, found) or not (is_clear(look, square) or self._score(picture, square) > least):
            return None
        return found, look

    def _score(self, picture: np.ndarray, square: Roi) -> float:
        """How surely there is a face in a square."""
        return float(expit(self._presence(as_input(crops([picture], [square], SIZE, quick=True)))[-1][0]))

    def _looks(self, held: dict[int, np.ndarray], squares: dict[int, Roi]) -> dict[int, Look]:
        """The faces that are seen through the squares, or through better ones where these do not fit."""
        looks: dict[int, Look] = {}
        for _ in range(ROUNDS):
            if not squares:
                break
            found = self._through(held, squares)
            looks |= {frame: look for frame, look in found.items() if is_clear(look, squares[frame])
                      or self._score(held[frame], squares[frame]) > FACE}
            squares = {frame: square for frame, look in found.items() if _off(square := _about(look), squares[frame])}
        return looks

    def _through(self, held: dict[int, np.ndarray], squares: dict[int, Roi]) -> dict[int, Look]:
        shown = as_input(crops([held[frame] for frame in squares], list(squares.values()), SIZE, quick=True))
        odd = np.array([frame % 2 == 1 for frame in squares])
        shown[odd] = shown[odd, ..., ::-1]
        points, sigma = self._ask(shown)
        points[odd], sigma[odd] = unmirror(points[odd], sigma[odd])
        return {frame: placed(*answer, square)
                for (frame, square), *answer in zip(squares.items(), points, sigma, strict=True)}


def _about(look: Look) -> Roi:
    return settled(roi_of_points(look.points, MARGIN, profile=True))


def _off(found: Roi, square: Roi, share: float = ALIGNED) -> bool:
    away = np.hypot(*np.subtract(found.centre, square.centre)) / square.side
    return bool(max(away, abs(np.log(found.side / square.side))) > share)


def _between(one: _Key, other: _Key, frame: int) -> Roi:
    """The square in a frame between two keys."""
    share = (frame - one.frame) / (other.frame - one.frame)
    a, b = one.square, other.square
    turn = turned(a, b)
    x, y = (1 - share) * np.array(a.centre) + share * np.array(b.centre)
    return settled(Roi((float(x), float(y)), a.side ** (1 - share) * b.side**share, a.angle + share * turn))


def _even(run: np.ndarray, closer: dict[Part, dict[int, Look]], xy: np.ndarray, sigma: np.ndarray) -> None:
    """Make the frames of a run (R) alike: xy (T, 478, 2), sigma (T, 478), as first looks gave them.

    What closer looks at some even frames say beyond the first is added in the frames between, too; what a mirror
    changes is taken from the points that only the first look knows half and half, from others wholly in odd frames.
    """
    odd, apart = run % 2 == 1, _by_mirror(run, xy[run])
    xy[run[odd]] -= apart[odd]
    for part, looks in closer.items():
        frames = [frame for frame in run if frame in looks]
        if not frames:
            continue
        points, there = SEEN_BY[part], np.array(frames)[:, None]
        moved = np.stack([looks[frame].points[points] for frame in frames]) - xy[there, points]  # (L, P, 2)
        surer = np.stack([looks[frame].sigma[points] for frame in frames]) / sigma[there, points]
        xy[run[:, None], points] += _between_looks(run, frames, moved)
        sigma[run[:, None], points] *= _between_looks(run, frames, surer)
    xy[run[:, None], COARSE_ONLY] += apart[:, COARSE_ONLY] / 2


def _between_looks(run: np.ndarray, frames: list[int], said: np.ndarray) -> np.ndarray:
    """(R, ...) what some of the frames of a run (R) say, (L, ...), in all of them: straight lines from one to the next.
    """
    place = np.interp(run, frames, np.arange(len(frames)))  # (R)
    first = place.astype(int)
    after, share = np.minimum(first + 1, len(frames) - 1), place - first
    return said[first] + share.reshape(-1, *[1] * (said.ndim - 1)) * (said[after] - said[first])


def _by_mirror(run: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(R, 478, 2) px: by how much points (R, 478, 2) of odd frames, seen in a mirror, differ from those of even ones.

    A frame differs from the mean of its neighbours by that and by what the face's motion changes; the latter, which has
    not another sign in every frame, goes in the mean over some frames.
    """
    if len(run) < 3:
        return np.zeros_like(points)
    bend = points[1:-1] - (points[:-2] + points[2:]) / 2
    bend[run[1:-1] % 2 == 0] *= -1
    return gaussian_filter1d(bend[[0, *range(len(bend)), -1]], SLOW, axis=0, mode="nearest")
