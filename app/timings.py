"""What each step of a take took, kept beside its artefact: for the report and for nobody's key.

One small file a step, so that steps in several processes never write the same one. A step that is skipped leaves the
record of the run that did it.
"""

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from app.artefacts import read_json
from capture.files import write_bytes

FOLDER = "took"


@dataclass(frozen=True)
class Took:
    """One step: its key, seconds by the clock, seconds of processor time, and the process's largest memory so far in
    MiB (None where the system does not tell)."""

    step: str
    key: str
    seconds: float
    cpu_seconds: float
    peak_mib: float | None


@contextlib.contextmanager
def timed(work: Path, step: str, key: str) -> Iterator[None]:
    """Measure the step that runs within and record it below the folder `work`; a step that fails leaves no record.

    Raises:
        OutputError: the record cannot be written.
    """
    began, cpu_began = time.monotonic(), time.process_time()
    yield
    save(work, Took(step, key, round(time.monotonic() - began, 3), round(time.process_time() - cpu_began, 3),
                    peak_mib()))


def save(work: Path, took: Took) -> None:
    """Record a step below the folder `work`.

    Raises:
        OutputError: it cannot be written.
    """
    write_bytes(work / FOLDER / f"{took.step}.json", (json.dumps(asdict(took), sort_keys=True) + "\n").encode())


def peak_mib(process: int | None = None) -> float | None:
    """The most memory that this process, or another one, has held so far; None where the system does not tell.

    Linux says it in /proc: its rusage begins with the peak of the process that this one was forked from.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        status = Path(f"/proc/{process or 'self'}/status").read_text()
        return round(int(status.split("VmHWM:")[1].split()[0]) / 1024, 1)
    if process is not None:
        return None
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)


def recorded(work: Path) -> tuple[Took, ...]:
    """The records below `work`, in the order of the steps' names; a damaged one is left out."""
    found = []
    for path in sorted((work / FOLDER).glob("*.json")):
        try:
            took = Took(**read_json(path))
            memory = took.peak_mib if took.peak_mib is not None else 0.0
            if all(isinstance(value, int | float) for value in (took.seconds, took.cpu_seconds, memory)):
                found.append(took)
        except (OSError, ValueError, TypeError):
            continue
    return tuple(found)
