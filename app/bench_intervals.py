"""How sure a figure is: bootstrap intervals over runs of frames.

Neighbouring frames err alike, so whole runs of frames are drawn, not single ones (circular block bootstrap, Politis and
Romano 1992); two answers on the same frames are compared frame by frame, both by the same draws (paired).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

DRAWS = 1000
SEED = 20100726
SHARE = 0.95
RUN_SECONDS = 0.2
"""Length of a run: about as long as an expression lasts unchanged."""

BETTER, WORSE, UNSURE = "better", "worse", "cannot tell"


@dataclass(frozen=True)
class Interval:
    """A figure, and where it lies with a probability of 95 %."""

    value: float
    low: float
    high: float

    def against_zero(self, lower_is_better: bool = True) -> str:
        """Better, worse or cannot tell, of a difference."""
        if self.low <= 0.0 <= self.high or not np.isfinite([self.low, self.high]).all():
            return UNSURE
        return BETTER if (self.high < 0.0) == lower_is_better else WORSE


def draws(frames: int, rate: float, count: int = DRAWS) -> Iterator[np.ndarray]:
    """Yield `count` arrays (T) of frames, each made of runs of frames that follow one another; the same every time."""
    run = min(max(round(RUN_SECONDS * rate), 1), frames)
    random = np.random.default_rng(SEED)
    for _ in range(count):
        starts = random.integers(0, frames, -(-frames // run))
        yield ((starts[:, None] + np.arange(run)) % frames).ravel()[:frames]


def intervals(frames: int, rate: float, figures: Callable[[np.ndarray], np.ndarray]) -> list[Interval]:
    """The intervals of several figures at once.

    Args:
        frames: T of them.
        rate: of the frames, a second.
        figures: of chosen frames (T), with repetition, gives (F) figures.
    """
    value = figures(np.arange(frames))  # (F)
    drawn = np.stack([figures(chosen) for chosen in draws(frames, rate)])  # (B, F)
    tail = 50.0 * (1.0 - SHARE)
    out = []
    for place, single in enumerate(value):
        known = drawn[np.isfinite(drawn[:, place]), place]
        low, high = np.percentile(known, [tail, 100.0 - tail]) if len(known) else (np.nan, np.nan)
        out.append(Interval(float(single), float(low), float(high)))
    return out
