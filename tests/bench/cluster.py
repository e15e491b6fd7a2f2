"""`python -m tests.bench.cluster`: how well eight workers of a Dask cluster are used, with steps that only sleep.

So it measures what the run itself costs: handing out, waiting for one another, the tail at the end. Loading mien in
the workers comes before it.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from app.cluster import ClusterRun, Steps, connected
from app.detection import Part
from app.progress import Lines
from app.request import DONE, Outcome, Request
from capture.shoot import Take

WORKERS, TAKES, PARTS, SECONDS = 8, 24, 6, 2.0
GOAL = 0.9


def prepare(take: Take, request: Request, run: str) -> Sequence[Part]:
    return tuple(Part(0, "camA", first, first + 1, first) for first in range(PARTS))


def detect(take: Take, request: Request, run: str, part: Part) -> None:
    time.sleep(SECONDS)


def finish(take: Take, request: Request, run: str) -> Outcome:
    time.sleep(SECONDS)
    return Outcome(take.name, DONE)


class _Clock(Lines):
    """Says nothing, but notes when the work begins."""

    began = 0.0

    def begin(self, takes: int, jobs: int) -> None:
        assert jobs == WORKERS, f"{jobs} workers"
        self.began = time.monotonic()

    def line(self, text: str) -> None:
        pass


def bench() -> float:
    """The share of the workers' time in which they slept as told."""
    with tempfile.TemporaryDirectory() as folder, connected("local", WORKERS, "cpu") as client:
        takes = [Take(f"T{index:03}", Path(folder) / f"T{index:03}", ()) for index in range(TAKES)]
        clock = _Clock()
        client.wait_for_workers(WORKERS)
        run = ClusterRun(client, takes, Request("mien", out=Path(folder)), clock, Steps(prepare, detect, finish))
        outcomes = run.run()
        took = time.monotonic() - clock.began
    assert len(outcomes) == TAKES
    return TAKES * (PARTS + 1) * SECONDS / (took * WORKERS)


if __name__ == "__main__":
    used = bench()
    print(f"{WORKERS} workers, {TAKES} takes of {PARTS + 1} steps of {SECONDS:.0f} s: efficiency {used:.3f} "
          f"(goal {GOAL})")
    raise SystemExit(used < GOAL)
