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

    Case, underscores and the ways to write a side (Left, _L, L_) do not count. A target with a side takes a source
    without one; a target without takes the mean of the two sides.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for name in sources:
        found.setdefault(_key(name), []).append(name)
    out, missing = [], []
    for name in targets:
        stem, side = _key(name)
        pair = [found[stem, end][0] for end in "lr" if (stem, end) in found]
        if (stem, side) in found:
            out.append(Target(name, ((found[stem, side][0], 1.0),)))
        elif side and (stem, "") in found:
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
    if match := re.fullmatch(r"(.+?)(?:_?(Left|Right)|_(left|right|[lrLR]))", name):
        stem, side = match[1], (match[2] or match[3])[0].lower()
    elif match := re.fullmatch(r"([lrLR])_(.+)", name):
        stem, side = match[2], match[1].lower()
    return re.sub("[^a-z0-9]", "", stem.lower()), side


def _other_side(name: str) -> str:
    if match := re.fullmatch(r"(.*?)(Left|Right|left|right|_[lrLR])", name):
        other = match[2].translate(str.maketrans("lrLR", "rlRL")) if len(match[2]) == 2 else {
            "Left": "Right", "Right": "Left", "left": "right", "right": "left"}[match[2]]
        return match[1] + other
    return name
