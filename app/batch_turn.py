"""A detector that waits for its turn on the GPU."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.detectors import Landmarker
from app.take_job import Guard, uses_cuda
from solver.detect import Detector, Footage, Report, Track


@dataclass(frozen=True)
class Turned:
    """Detects as `detector` does, after `ask()` has returned; `leave()` is called when it is done or has failed."""

    detector: Detector
    ask: Callable[[], None]
    leave: Callable[[], None]

    @property
    def scheme(self) -> str:
        return self.detector.scheme

    @property
    def key(self) -> str:
        return self.detector.key

    def detect(self, footage: Footage, report: Report) -> Track:
        self.ask()
        try:
            return self.detector.detect(footage, report)
        finally:
            self.leave()


def guard(device: str, ask: Callable[[], None], leave: Callable[[], None]) -> Guard | None:
    """What makes a landmarker take turns; None where it uses no GPU."""
    if not uses_cuda(device):
        return None

    def guarded(landmarker: Landmarker) -> Landmarker:
        return replace(landmarker, detector=Turned(landmarker.detector, ask, leave))

    return guarded
