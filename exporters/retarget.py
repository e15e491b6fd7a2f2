"""Retarget maps: one rig's curves from another's, made by hand or found by name."""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capture.errors import DataError
from exporters.exact import interpolate
from exporters.rotations import continuous
from solver.performance import Performance

MODES = ("product", "min")
STEP = 1e-4
"""Weight by which a source is moved to see what a target answers."""

HEARD = 0.01
"""A weight that never reaches this is no loss."""

SIDE = re.compile(
    "(?:Left|Right|(?<![A-Za-z])(?:left|right|LEFT|RIGHT))(?![a-z])"
    "|(?<![A-Za-z])[lrLR](?![A-Za-z])"  # L_name, name.L
    "|(?<=[a-z0-9])[LR](?![a-z])|(?<=[a-z][A-Z])[LR](?![A-Za-z])")  # eyeBlinkL, mouthFunnelDL, but not CTRL
DIRECTED = ("jaw", "mouth", "tongue", "look")
"""Stems whose sides are where they go, not a half of the face."""

OTHER = {one: other for left, right in (("Left", "Right"), ("LEFT", "RIGHT"), ("left", "right"), ("l", "r"), ("L", "R"))
         for one, other in ((left, right), (right, left))}


@dataclass(frozen=True)
class Coupling:
    """What several sources do only together: `gain` times their product or their smallest."""

    sources: tuple[str, ...]
    mode: str = "product"
    gain: float = 1.0


@dataclass(frozen=True)
class Target:
    """A curve of the other rig: limit(curve(offset + sum of gain * source + couplings))."""

    name: str
    terms: tuple[tuple[str, float], ...] = ()
    couplings: tuple[Coupling, ...] = ()
    offset: float = 0.0
    curve: tuple[tuple[float, float], ...] = ()
    limit: tuple[float, float] | None = None

    @property
    def sources(self) -> set[str]:
        return {name for name, _ in self.terms}.union(*(coupling.sources for coupling in self.couplings))


@dataclass(frozen=True)
class RetargetMap:
    targets: tuple[Target, ...]


def apply(retarget: RetargetMap, performance: Performance) -> Performance:
    """The performance with the other rig's shapes; its sigma is carried along to first order.

    Raises:
        DataError: the map asks for a shape that the performance lacks.
    """
    for target in retarget.targets:
        for name in sorted(target.sources):
            if name not in performance.shape_names:
                raise DataError(f"the retarget map makes {target.name!r} from {name!r}, which take "
                                f"{performance.take!r} does not have; mend that line of the map")
    weights = _evaluate(retarget, performance.shape_names, performance.weights)
    variance = np.zeros_like(weights)
    used = set().union(*(target.sources for target in retarget.targets))
    for index, name in enumerate(performance.shape_names):
        if name in used:
            moved = performance.weights.copy()
            moved[:, index] += STEP
            slope = (_evaluate(retarget, performance.shape_names, moved) - weights) / STEP
            variance += (slope * performance.sigma[:, index, None]) ** 2
    return dataclasses.replace(performance, shape_names=tuple(target.name for target in retarget.targets),
                               weights=weights, sigma=np.sqrt(variance))


def identity_map(sources: Sequence[str], targets: Sequence[str]) -> tuple[RetargetMap, tuple[str, ...]]:
    """A map by name, and the targets for which no source has that name (they stay at 0).

    Case, underscores and the ways to write a side (Left, _L, L_, .L) do not count. A target with a side takes a source
    without one; a target without takes the mean of the two sides, unless they are ways to go (jawLeft, mouthLeft).
    """
    found: dict[tuple[str, str], list[str]] = {}
    for name in sources:
        found.setdefault(_key(name), []).append(name)
    out, missing = [], []
    for name in targets:
        stem, side = _key(name)
        halves = not stem.endswith(DIRECTED)  # of one movement, as the smile's; the jaw's ways to go are none of "Jaw"
        pair = [found[stem, end][0] for end in "lr" if halves and (stem, end) in found]
        if name in sources:
            out.append(Target(name, ((name, 1.0),)))
        elif (stem, side) in found:
            out.append(Target(name, ((found[stem, side][0], 1.0),)))
        elif side and halves and (stem, "") in found:
            out.append(Target(name, ((found[stem, ""][0], 1.0),)))
        elif not side and len(pair) == 2:
            out.append(Target(name, ((pair[0], 0.5), (pair[1], 0.5))))
        else:
            out.append(Target(name))
            missing.append(name)
    return RetargetMap(tuple(out)), tuple(missing)


def swap_sides(performance: Performance, head: bool = True) -> Performance:
    """What a mirror shows: left and right shapes change places, and so do the eyes.

    `head` mirrors the head's motion too; without it only the curves' names change sides, for recordings whose sides
    were called the wrong way round.
    """
    names = performance.shape_names
    order = [names.index(other) if (other := _other_side(name)) in names else index for index, name in enumerate(names)]
    weights, sigma = performance.weights[:, order], performance.sigma[:, order]
    if not head:
        return dataclasses.replace(performance, weights=weights, sigma=sigma)
    rotation = continuous(performance.head_rotation) * [1.0, -1.0, -1.0, 1.0]
    return dataclasses.replace(performance, weights=weights, sigma=sigma, head_rotation=rotation,
                               head_translation=performance.head_translation * [-1.0, 1.0, 1.0],
                               gaze=performance.gaze[:, ::-1] * [-1.0, 1.0])


def one_sided(performance: Performance) -> list[str]:
    """The shapes that move and have a side in their name, where no shape is their other side: a mirror leaves them."""
    names = performance.shape_names
    return [name for name, column in zip(names, performance.weights.T, strict=True)
            if _other_side(name) not in names and np.abs(column).max() >= HEARD]


def _evaluate(retarget: RetargetMap, names: Sequence[str], weights: np.ndarray) -> np.ndarray:
    """(T, K) -> (T, K')."""
    column = {name: weights[:, index] for index, name in enumerate(names)}
    out = np.zeros((len(weights), len(retarget.targets)))
    for index, target in enumerate(retarget.targets):
        value = np.full(len(weights), target.offset)
        for name, gain in target.terms:
            value = value + gain * column[name]
        for coupling in target.couplings:
            together = np.stack([column[name] for name in coupling.sources])
            value = value + coupling.gain * (together.prod(axis=0) if coupling.mode == "product"
                                             else together.min(axis=0))
        if target.curve:
            value = interpolate(value, *map(np.array, zip(*target.curve, strict=True)))
        out[:, index] = np.clip(value, *target.limit) if target.limit else value
    return out


def _key(name: str) -> tuple[str, str]:
    """A name without what does not count: its stem and its side, "l", "r" or ""."""
    stem, side = name, ""
    places = list(SIDE.finditer(name))
    if places and (end := places[-1]).end() == len(name) and end.start() > 0:
        stem, side = name[:end.start()], end[0][0].lower()
    elif places and places[0].start() == 0 and places[0].end() < len(name):
        stem, side = name[places[0].end():], places[0][0][0].lower()
    return re.sub("[^a-z0-9]", "", stem.lower()), side


def _other_side(name: str) -> str:
    """Of a look to one side too: the left eye's look to the right is in a mirror the right eye's look to the left."""
    if (found := SIDE.search(name)) and found[0] != name:  # "L" alone is a mouth's shape
        return SIDE.sub(lambda side: OTHER[side[0]], name)
    glued = re.search("(left|right)$", name)
    return name[:glued.start()] + OTHER[glued[0]] if glued else name
