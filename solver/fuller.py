"""Curves as full as faces move, where what was read off the landmarks left them too flat.

A network that answers with the mean of all that may be (solver/reading_network.py) answers with less of everything that
landmarks hardly show: its brows are never as high as brows go, and never quite at rest. A solve that believes it
inherits both. So what it says of such shapes is stretched, and of each weight the least that it ever has in a take is
taken away, as far as that may be an error.

How far each kind of shape falls short was found on shoots with a known truth, some played by a recorded performer and
some drawn by hand, on two renderers (assets/reading.md). What a picture shows plainly, a jaw, lids, a smile, is not
stretched.
"""

import numpy as np

from solver.face_model import CORRECTIVES
from solver.neutral import LOOKS

SHORT_OF = {"brow": 1.2, "eyeLook": 1.1, "jawForward": 1.2, "jawLeft": 1.2, "jawRight": 1.2, "mouthClose": 1.3,
            "mouthStretch": 1.2, "mouthDimple": 1.2, "mouthFunnel": 1.2, "mouthPucker": 1.2, "mouthRoll": 1.2}
"""How many times as high curves are than found, by how their shapes' names begin."""
LEAST = 2.0
"""Per cent of the frames that may be lower than what is taken for a weight's least."""
DOUBT = 0.5
"""A least value up to so many standard deviations is an error: nearly no face does anything all through a take."""
LEAST_SECONDS = 0.5
"""A shorter take tells no weight's least."""


def fuller(weights: np.ndarray, sigma: np.ndarray, names: tuple[str, ...], frames_per_second: float,
           flat: float = 1.0) -> np.ndarray:
    """Weights (T, K) of a take whose solve believed a reading, as full as the face moved.

    Args:
        weights: (T, K) as found, 0 to 1.
        sigma: (T, K) their standard deviations.
        names: (K) ARKit's, of the shapes; others stay as they are.
        frames_per_second: of the T frames.
        flat: how flat the reading is, see `Reading`.
    """
    out = weights
    if len(weights) >= LEAST_SECONDS * frames_per_second:
        least = np.minimum(np.percentile(weights, LEAST, axis=0), DOUBT * np.median(sigma, axis=0))
        # Eyes may look down all through a take.
        out = weights - np.where([name.startswith(LOOKS) for name in names], 0.0, least)
    more = flat * out * (np.array([_short_of(name) for name in names]) - 1.0)
    for pair in CORRECTIVES:
        if set(pair) <= set(names):  # with more of mouthClose the jaw is wider open, too: lips stay as near as found
            upon, base = (names.index(name) for name in pair)
            more[:, base] += more[:, upon]
    return np.clip(out + more, 0.0, 1.0)


def _short_of(name: str) -> float:
    return next((times for begin, times in SHORT_OF.items() if name.startswith(begin)), 1.0)
