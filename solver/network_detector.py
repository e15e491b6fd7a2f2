"""Our own landmark network as a detector.

Face finders see the whole picture when a face is to be found (of several the actor's: `network_actor`); then the face
is followed from frame to frame: the square for the next frame comes from this frame's points and their motion. Whether
there still is a face in it the points say themselves, and where they are not sure a third network. A second look at
every frame, in batches, takes its squares from the track smoothed in time, since a square that shakes by 3 % of its
side shakes the points more than a sensor's noise does, and looks at them plain and mirrored, whose errors are not the
same. The looks' points are averaged. Then the parts of the face are looked at close by, each with its own network
(`network_second`), and what hardly moves in the end is stilled (`network_rest`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from scipy.special import expit

from capture.errors import ModelError
from solver import network_file, pretrained
from solver.crop import Roi, apply, crops, eight_bit_rgb, picture_from_crop, roi_of_points
from solver.detect import Footage, Report, Track, runs
from solver.network import POINTS, SIZE
from solver.network_actor import largest, whose
from solver.network_hidden import occluded
from solver.network_mirror import unmirror
from solver.network_parts import PARTS
from solver.network_rest import rest
from solver.network_run import Tell, as_input, ready
from solver.network_search import FaceSearch
from solver.network_second import SecondLook

MARGIN = 1.35
"""The square's side as a multiple of the face's longer side, as in training."""
SETTLE = 3
"""Looks from a finder's rough square to one that fits."""
FACE = 0.5
"""The face score from which there is a face, as in MediaPipe; on made profiles it stays above 0.99."""
HOLD = 15
"""Frames for which a face that was lost is looked for where it was, besides where the finders see one."""
NEW = 0.9
"""The score from which a face in footage is taken up; its frames before that are seen on the way back. A fist that the
finders take for a face stays below."""
LEAP = 0.35
"""Share of the side by which a square may move from a frame to the next."""
BATCH = 16
SMOOTH = 1.5
"""Standard deviation in frames of the squares' smoothing."""
ASIDE, ALIKE = 0.25, 0.35
"""How far from where others say that the face is it may be found, in shares of the square, and how much larger or
smaller, as a logarithm: the mean face is not this one."""
CLEAR, CLEAR_TOLD = 0.015, 0.018
"""The median sigma of the points, as a share of the square's side, up to which there surely is a face, and up to which
there is one where others see it: of 373 crops without one the least was 0.022; of faces in their squares it is 0.006 to
0.014, of those a third off 0.02 to 0.04. MediaPipe's presence network takes a face seen from the side for none."""
SURE = 0.86
"""What a sigma is multiplied by in the end. Training calibrates it on single looks at pictures harder than footage is;
the mean of several looks errs less. Found on our own renders of people that no network knows, never on the shoots of
`assets/landmarks.md`: with it 73 and 95 % of the errors on each axis lie within one and two sigmas in clips of eight
people, 64 and 91 % on still pictures with heads turned anywhere."""
HIDDEN, STEADY = 0.5, 3
"""From what probability on, a mean over so many frames, a point counts as behind something."""
LEAST_SEEN = 0.2
"""A face of which so few points are seen is not seen: what is left says too little of where it is."""
STILL = 0.02
"""A square that would move, grow or turn by less than this share of it, or that many radians, stays as it was. Through
each square a network sees a still face a little otherwise: in drafts weights wandered by 0.02 with it, 0.003 now."""
STEPS, TURNS, PLACES = 8, 512, 1
"""Squares are rounded to so many parts of a px and of a radian, the points that parts are cut by to decimal places."""


Score = Callable[[], float]


@dataclass(frozen=True)
class Look:
    """What one look at one picture gave: points (478, 2) px and sigma (478) px of the picture, and which points are
    seen, (478) bool; those that are not are behind something."""

    points: np.ndarray
    sigma: np.ndarray
    seen: np.ndarray = field(default_factory=lambda: np.ones(POINTS, bool))


class NetworkDetector:
    """Detects with a trained network.

    Args:
        weights: a trained network's file; None takes the one that ships.
        parts: a file of the second look's networks; None takes the one that ships if `weights` is None, else none.
        device: where it runs: "cpu", "cuda", or "auto" for CUDA where there is any.
        tell: hears what a user should know, such as that a GPU's memory is too small for a batch.

    Raises:
        ModelError: the weights, or mediapipe's own that they build upon, cannot be read.
    """

    scheme = network_file.SCHEME
    margin = MARGIN
    closer = PARTS
    """The parts of the face that are looked at close by."""

    def __init__(self, weights: Path | None = None, device: str = "cpu", parts: Path | None = None,
                 tell: Tell = lambda text: None) -> None:
        torch.set_num_threads(1)  # two threads wait for one another more than they help; takes run beside one another
        path = weights or network_file.shipped_path()
        parts = parts or (None if weights else network_file.shipped_parts())
        if path is None:
            raise ModelError("this mien ships no trained landmark network; train one with `mien net train` and give "
                             "its file, or use MediaPipe's own detector")
        # Read before it is named, so that a file that is missing is told in words.
        network = network_file.load_trained(path)
        second = {} if parts is None else network_file.load_parts(parts)
        self.key = f"network-9-{network_file.key_of(path)}" + (f"-{network_file.key_of(parts)}" if parts else "")
        device = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
        self._network = ready(network, device, ("points", "sigma"), tell)
        self._second = SecondLook({part.name: ready(second[part.name], device, tell=tell) for part in self.closer
                                   if part.name in second})
        ahead = None if weights else network_file.shipped_occlusion()
        self._occlusion = None if ahead is None else ready(network_file.load_occlusion(ahead), device, tell=tell)
        if ahead is not None:
            self.key += f"-{network_file.key_of(ahead)}"
        self._presence = ready(pretrained.plain_mesh(), device, ("face",), tell)
        self._search = FaceSearch()

    def detect(self, footage: Footage, report: Report) -> Track:
        """The landmarks in each of the T frames; a frame without a face is all unseen."""
        total = footage.count
        xy, sigma = np.full((total, POINTS, 2), np.nan), np.full((total, POINTS), np.nan)
        behind = np.zeros((total, POINTS))
        square: Roi | None = None
        before: np.ndarray | None = None
        start, lost, held, found = 0, 0, [], []
        actor = whose(footage, self._search.squares)
        for index, picture in enumerate(footage.pictures()):
            picture = eight_bit_rgb(picture)
            look = self._follow(picture, square, NEW, partial(actor.choose, index), partial(actor.other, index))
            if look is not None or lost >= HOLD:
                square, before = self._next(look, None if lost else before)
            lost = 0 if look is not None else lost + 1
            held.append(picture)
            found.append(look)
            if len(held) == BATCH or index == total - 1:
                self._look_back(held, found, lambda row, square, start=start: actor.other(start + row, square))
                part = slice(start, start + len(held))
                self._finish(held, found, xy[part], sigma[part], behind[part])
                start, held, found = index + 1, [], []
            report(index + 1, total)
        return track_of(xy, sigma, behind)

    def again(self, pictures: Iterable[np.ndarray], squares: Mapping[int, Roi], total: int, report: Report) -> Track:
        """See `detect.Guided`."""
        xy, sigma = np.full((total, POINTS, 2), np.nan), np.full((total, POINTS), np.nan)
        behind = np.zeros((total, POINTS))
        held: list[np.ndarray] = []
        found: list[Look | None] = []
        frames = sorted(squares)
        for row, (frame, picture) in enumerate(zip(frames, pictures, strict=True)):
            held.append(eight_bit_rgb(picture))
            found.append(self._there(held[-1], squares[frame]))
            if len(held) == BATCH or row == len(frames) - 1 or frames[row + 1] > frame + 1:
                part = slice(frame + 1 - len(held), frame + 1)
                self._finish(held, found, xy[part], sigma[part], behind[part])
                held, found = [], []
            report(row + 1, len(frames))
        return track_of(xy, sigma, behind)

    def _there(self, picture: np.ndarray, expected: Roi) -> Look | None:
        """The face in a square that others gave; None where there is none, or another thing."""
        square = settled(expected)
        for _ in range(SETTLE):
            look, _ = self._look(picture, square)
            square = settled(roi_of_points(look.points, MARGIN, profile=True))
        off = np.hypot(*np.subtract(square.centre, expected.centre)) / expected.side
        alike = abs(np.log(square.side / expected.side)) < ALIKE
        return look if off < ASIDE and alike and is_clear(look, square, CLEAR_TOLD) else None

    def find(self, picture: np.ndarray) -> Look | None:
        """The largest face of one picture, looked at until its square fits."""
        picture = eight_bit_rgb(picture)
        look = self._follow(picture, None)
        if look is None:
            return None
        points, sigma = self._second.refine([picture], look.points[None], look.points[None], look.sigma[None])
        return Look(points[0], SURE * sigma[0])

    def _follow(self, picture: np.ndarray, square: Roi | None, new: float = FACE,
                choose: Callable[[list[Roi]], Roi | None] = largest,
                other: Callable[[Roi], bool] = lambda square: False) -> Look | None:
        """What is in the square, or in the one that is chosen of those that the finders give; None where there is no
        face, or one that is new and whose score is not above `new`. A face of another is none."""
        if square is not None:
            look, score = self._look(picture, square)
            if _is_face(look, square, score) and not other(roi_of_points(look.points, MARGIN, profile=True)):
                return look
        squares = self._search.squares(picture)
        square = choose(squares) if squares else None
        if square is None:
            return None
        for _ in range(SETTLE):
            look, score = self._look(picture, square)
            square = settled(roi_of_points(look.points, MARGIN, profile=True))
        return look if score() > new else None

    def _look(self, picture: np.ndarray, square: Roi) -> tuple[Look, Score]:
        """What is in a square, and how surely that is a face, which the presence network says when it is asked."""
        crop = as_input(crops([picture], [square], SIZE))
        points, sigma = self._ask(crop)
        return placed(points[0], sigma[0], square), lambda: float(expit(self._presence(crop)[-1][0]))

    def _ask(self, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(B, 3, S, S) -> points (B, 478, 2) and sigma (B, 478), px of the network's picture."""
        points, sigma = self._network(batch)[:2]
        return points.astype(np.float64), sigma.astype(np.float64)

    def _hidden(self, pictures: list[np.ndarray], points: np.ndarray) -> np.ndarray:
        """How likely each of points (T, 478, 2) px is behind something."""
        return np.zeros(points.shape[:2]) if self._occlusion is None else occluded(self._occlusion, pictures, points)

    def _look_back(self, pictures: list[np.ndarray], looks: list[Look | None],
                   other: Callable[[int, Roi], bool]) -> None:
        """Follow each face back from where it was found: one that comes in over the picture's edge, or from behind a
        hand, is a face to the presence network before it is one to the finders. `other` says of a row whether a face is
        somebody else's."""
        for index in reversed(range(len(looks) - 1)):
            after = looks[index + 1]
            if looks[index] is None and after is not None:
                square = settled(roi_of_points(after.points, MARGIN, profile=True))
                look, score = self._look(pictures[index], square)
                seen = roi_of_points(look.points, MARGIN, profile=True)
                looks[index] = look if _is_face(look, square, score) and not other(index, seen) else None

    def _next(self, look: Look | None, before: np.ndarray | None) -> tuple[Roi | None, np.ndarray | None]:
        """The square for the next frame, and this frame's centre."""
        if look is None:
            return None, None
        square = roi_of_points(look.points, MARGIN, profile=True)
        centre = np.asarray(square.centre)
        if before is None:
            return settled(square), centre
        step = centre - before
        step *= min(1.0, LEAP * square.side / max(float(np.hypot(*step)), 1e-9))
        return settled(replace(square, centre=(float(centre[0] + step[0]), float(centre[1] + step[1])))), centre

    def _finish(self, pictures: list[np.ndarray], looks: list[Look | None], xy: np.ndarray, sigma: np.ndarray,
                behind: np.ndarray) -> None:
        """Look once more through smoothed squares, plain and mirrored, then at the parts, then for what is before them;
        write what comes of it."""
        for run in runs(look is not None for look in looks):
            first = np.stack([look.points for look in looks[run]])  # (T, 478, 2)
            squares = _smoothed([roi_of_points(points, MARGIN, profile=True) for points in first])
            batch = as_input(crops(pictures[run], squares, SIZE))
            plain, mirrored = self._ask(batch), unmirror(*self._ask(batch[..., ::-1]))
            again = [np.stack([placed(*answer, square).points for *answer, square in zip(*side, squares, strict=True)])
                     for side in (plain, mirrored)]
            scale = np.array([square.side / SIZE for square in squares])[:, None]
            points, unsure = first / 4 + again[0] / 4 + again[1] / 2, (plain[1] + mirrored[1]) / 2 * scale
            smooth = gaussian_filter1d(points, SMOOTH, axis=0, mode="nearest").round(PLACES)
            xy[run], sigma[run] = self._second.refine(pictures[run], smooth, points, unsure)
            behind[run] = self._hidden(pictures[run], xy[run])


def settled(square: Roi) -> Roi:
    """The square, rounded: a network's last bits differ from one kind of processor to the next, and would move each
    pixel of the next crop by a hair, and the points by hundredths of a px."""
    x, y = square.centre
    return Roi((round(x * STEPS) / STEPS, round(y * STEPS) / STEPS), round(square.side * STEPS) / STEPS,
               round(square.angle * TURNS) / TURNS)


def steady(square: Roi, before: Roi) -> Roi:
    """The square, or the one before it where that is hardly another."""
    away = np.hypot(*np.subtract(square.centre, before.centre)) / before.side
    other = max(away, abs(np.log(square.side / before.side)), abs(turned(before, square))) > STILL
    return square if other else before


def turned(one: Roi, other: Roi) -> float:
    """Radians from one square to another, the short way round."""
    return (other.angle - one.angle + np.pi) % (2 * np.pi) - np.pi


def track_of(xy: np.ndarray, sigma: np.ndarray, behind: np.ndarray) -> Track:
    """What was found, (T, 478, 2) and (T, 478), NaN where there was no face, with what hardly moves stilled.

    Args:
        behind: (T, 478), how likely each point is behind something: then it is not seen.
    """
    found = np.isfinite(xy).all(axis=2)
    seen = found.copy()
    for run in runs(found.all(axis=1)):
        rest(xy[run])
        seen[run] = uniform_filter1d(behind[run], STEADY, axis=0, mode="nearest") < HIDDEN
        seen[run] &= (seen[run].mean(axis=1) > LEAST_SEEN)[:, None]
    return Track(xy, np.where(found, SURE * sigma, np.inf), seen)


def is_clear(look: Look, square: Roi, most: float = CLEAR) -> bool:
    """Whether the points themselves say that there is a face in a square."""
    return bool(np.median(look.sigma) < most * square.side)


def _is_face(look: Look, square: Roi, score: Score) -> bool:
    return is_clear(look, square) or score() > FACE


def placed(points: np.ndarray, sigma: np.ndarray, square: Roi) -> Look:
    """The network's answer in px of the picture."""
    return Look(apply(picture_from_crop(square, SIZE), points), sigma * (square.side / SIZE))


def _smoothed(squares: list[Roi]) -> list[Roi]:
    """The same squares, smoothed in time: centres, sizes (their logarithms) and angles."""
    table = np.array([[*square.centre, np.log(square.side), square.angle] for square in squares])  # (T, 4)
    table[:, 3] = np.unwrap(table[:, 3])
    x, y, size, angle = gaussian_filter1d(table, SMOOTH, axis=0, mode="nearest").T
    return [settled(Roi((float(cx), float(cy)), float(np.exp(log)), float(turn)))
            for cx, cy, log, turn in zip(x, y, size, angle, strict=True)]
