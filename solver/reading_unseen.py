"""Faces that nobody rendered: true landmarks of made people, and what the networks would have found instead.

Rendering a face and looking at it costs half a second, making its points a millisecond, so of faces like these there
can be as many as wanted, of expressions that no recording shows. What the networks find differs from the truth by
something that follows the face itself, learnt as a ridge regression on the faces that were rendered, and by a rest,
which is drawn from what the regression leaves of them.
"""

from dataclasses import dataclass

import numpy as np

from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.train_data import camera_points, framed, head_points, turned
from solver.train_data_people import gaze_of, mirrored, random_bumps, random_weights

RECORDED = 0.35
"""Share of the faces whose weights are those of rendered ones; the others' shapes are mixed at random."""
PROFILES = 0.3
AXES, BENT = 120, 30
"""Directions in which true faces vary that an error may follow, and those whose square counts too."""
RIDGE = 1e-6
"""Of the regression, a share of a unit of each direction for each face."""
MOST = 0.1
"""Largest error that a face itself may bring about, in the units of `reading_network.upright`."""


def mixed(random: np.random.Generator, names: tuple[str, ...]) -> np.ndarray:
    """(K,) weights of a face on which any shapes come together: few or many, mostly alike on both sides, and a jaw that
    is open on every second."""
    weights, other = np.zeros(len(names)), mirrored(names)
    share, top = random.uniform(0.03, 0.2), random.uniform(0.3, 1.0)
    for index in np.flatnonzero(random.random(len(names)) < share):
        weights[index] = random.uniform(0.05, top)
        if random.random() < 0.75:
            weights[other[index]] = weights[index] * random.uniform(0.75, 1.0)
    jaw, seal = names.index("jawOpen"), names.index("mouthClose")
    if random.random() < 0.5:
        weights[jaw] = random.uniform(0, 0.7)
    weights[seal] = weights[jaw] * random.uniform(0.3, 1.0) if random.random() < 0.3 \
        else min(weights[seal], weights[jaw])
    return weights


def unrendered(model: FaceModel, embedding: Embedding, recorded: np.ndarray, people: int, each: int, seed: int,
               ) -> tuple[np.ndarray, np.ndarray]:
    """True landmarks (P, E, 478, 2) px of P people with E faces, the first at rest, and their weights (P, E, K)."""
    of, names = head_points(model, embedding), model.shape_names
    points = np.empty((people, each, len(embedding.triangle), 2), np.float32)
    weights = np.zeros((people, each, len(names)), np.float32)
    for person in range(people):
        who = np.random.default_rng((seed, person))
        identity, bumps = who.normal(0, who.uniform(0.6, 1.3), len(model.identity_names)), random_bumps(model, who)
        for face in range(each):
            if face:
                weights[person, face] = random_weights(who, recorded, names) if who.random() < RECORDED \
                    else mixed(who, names)
            gaze = gaze_of(weights[person, face], model) + who.normal(0, np.radians(4), 2)
            head = of(weights[person, face], identity, gaze, bumps) @ turned(who, PROFILES).T
            camera, translation = framed(who, head)
            points[person, face] = camera_points(camera, head + translation)
    return points, weights


@dataclass(frozen=True)
class Errors:
    """How found faces differ from true ones, D numbers each.

    Attributes:
        mean: (D) of true faces.
        axes: (AXES, D) in which they vary.
        spread: (BENT) how far along the first of these.
        follows: (AXES + BENT + 1, D) the error by where a true face lies along them, the squares of some, and one.
        rest: (M, D) what that leaves of each face that was looked at.
    """

    mean: np.ndarray
    axes: np.ndarray
    spread: np.ndarray
    follows: np.ndarray
    rest: np.ndarray

    def found(self, true: np.ndarray) -> np.ndarray:
        """(N, D) -> where the networks find such faces, but for the rest."""
        return true + np.clip(_places(true, self.mean, self.axes, self.spread) @ self.follows, -MOST, MOST)


def errors_of(true: np.ndarray, found: np.ndarray) -> Errors:
    """What M faces, (M, D) each, say of the networks."""
    mean = true.mean(axis=0)
    _, size, axes = np.linalg.svd(true - mean, full_matrices=False)
    axes, spread = axes[:AXES], size[:BENT] / np.sqrt(len(true))
    places = _places(true, mean, axes, spread).astype(np.float64)
    normal = places.T @ places + RIDGE * len(places) * np.eye(places.shape[1])
    follows = np.linalg.solve(normal, places.T @ (found - true))
    return Errors(mean, axes, spread, follows.astype(np.float32), (found - true - places @ follows).astype(np.float32))


def _places(true: np.ndarray, mean: np.ndarray, axes: np.ndarray, spread: np.ndarray) -> np.ndarray:
    along = (true - mean) @ axes.T
    return np.concatenate([along, along[:, :len(spread)]**2 / spread, np.ones((len(along), 1))], axis=1)
