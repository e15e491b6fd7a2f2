"""An actor's own reading: what corrected frames say that the reading network gets wrong of this face, as a change of
its last layer.

Ridge regression of what was said, less what was read, on what the last layer sees of each picture: so frames that look
alike take over what was said of one another, in this take and in the next, and where nothing was said nothing changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from solver.landmarks import Landmarks
from solver.reading import OwnAnswer
from solver.reading_network import Person, Reader

NOISE = 20.0
"""Variance of what was said about what the regression may explain, in units of what a typical picture may change."""
LEVEL = 0.3
"""Variance of a change that is the same in all pictures, in those units."""
PARTS = 4
"""Parts by time, each of which is held out once, to see whether the change holds there."""
DOUBT = 8.0
"""Frames of another actor that the network's own uncertainty counts as, beside what is missed in held-out frames."""
UNSURE = (0.7, 2.0)
"""How many times as unsure of a shape as of anybody's it may become."""


@dataclass(frozen=True)
class Said:
    """What was said of a take's frames: weights (T, K) of the shapes `names`, and known (T, K) where that is so."""

    landmarks: Landmarks
    names: tuple[str, ...]
    weights: np.ndarray
    known: np.ndarray


def own_answer(reader: Reader, person: Person, said: Sequence[Said]) -> OwnAnswer | None:
    """What corrected frames add to the reading network's last layer; None where frames that are held out are read no
    better by it.

    Args:
        reader: the network.
        person: what is known of the actor.
        said: of each take.
    """
    looks = [_examples(reader, person, one) for one in said]
    if not any(examples.known.any() for examples in looks):
        return None
    examples = _Examples(*(np.concatenate([getattr(one, part.name) for one in looks]) for part in fields(_Examples)))
    features, errors, known = examples.features, examples.errors, examples.known
    middle = examples.everywhere.mean(axis=0)
    size = np.sqrt(((examples.everywhere - middle) ** 2).sum(axis=1).mean())
    left = np.zeros_like(errors)
    for held in range(PARTS):
        inside = examples.part == held
        answer = _fitted(features[~inside], errors[~inside], known[~inside], middle, size)
        left[inside] = np.where(known[inside], errors[inside] - features[inside] @ answer.weight.T - answer.bias, 0.0)
    if (left**2).sum() >= (errors**2).sum():
        return None
    frames = sum(int(one.known.any(axis=1).sum()) for one in said)
    share = min(frames / len(known), 1.0)  # cameras err alike: they are not so many looks
    unsure = np.sqrt((share * ((left / examples.sigma) ** 2).sum(axis=0) + DOUBT) / (share * known.sum(axis=0) + DOUBT))
    return replace(_fitted(features, errors, known, middle, size), unsure=np.clip(unsure, *UNSURE))


@dataclass(frozen=True)
class _Examples:
    """Of M pictures of corrected frames: features (M, F), errors (M, K) and their sigma, known (M, K), part (M) by time
    of PARTS; and the features of all pictures."""

    features: np.ndarray
    errors: np.ndarray
    sigma: np.ndarray
    known: np.ndarray
    part: np.ndarray
    everywhere: np.ndarray


def _examples(reader: Reader, person: Person, one: Said) -> _Examples:
    seen = reader.looked(one.landmarks, person)
    columns = np.array([one.names.index(name) if name in one.names else -1 for name in reader.names])
    known, right = one.known[:, columns] & (columns >= 0), one.weights[:, columns]  # (T, K)
    said = np.flatnonzero(known.any(axis=1))
    camera, place = np.nonzero(seen.found[:, said])
    frame = said[place]
    at = (camera, frame)
    return _Examples(seen.features[at].astype(np.float64), np.where(known[frame], right[frame] - seen.weights[at], 0.0),
                     seen.sigma[at], known[frame], place * PARTS // max(len(said), 1),
                     seen.features[seen.found].astype(np.float64))


def _fitted(features: np.ndarray, errors: np.ndarray, known: np.ndarray, middle: np.ndarray, size: float) -> OwnAnswer:
    """Ridge regression, (M, F) and (M, K) where `known` (M, K): shapes of which the same was said share its cost."""
    inside = (features - middle) / max(size, 1e-9)
    alike = inside @ inside.T + LEVEL
    weight, bias = np.zeros((errors.shape[1], features.shape[1])), np.zeros(errors.shape[1])
    patterns, which = np.unique(known, axis=1, return_inverse=True)
    for index, rows in enumerate(patterns.T):
        shapes = np.flatnonzero(which.ravel() == index)
        if rows.any():
            share = np.linalg.solve(alike[np.ix_(rows, rows)] + NOISE * np.eye(rows.sum()), errors[rows][:, shapes])
            weight[shapes] = share.T @ inside[rows] / max(size, 1e-9)
            bias[shapes] = LEVEL * share.sum(axis=0) - weight[shapes] @ middle
    return OwnAnswer(weight, bias, np.ones(len(bias)))
