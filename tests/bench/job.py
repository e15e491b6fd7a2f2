"""Runs `mien solve` as a process and measures each of its steps by the events that it tells."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from app.timings import peak_mib


@dataclass(frozen=True)
class Measured:
    """step -> seconds of wall time; processor seconds and largest memory (MiB) of the whole process."""

    steps: dict[str, float]
    cpu: float
    peak_mib: float


def measure(*arguments: str | Path) -> Measured:
    """Run `mien solve ... --events`; raises CalledProcessError where it fails."""
    command = [sys.executable, "-m", "app.cli", "solve", *map(str, arguments), "--events"]
    steps, now, step, peak = {}, time.perf_counter(), "start", 0.0
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        event, peak = json.loads(line), max(peak, peak_mib(process.pid) or 0.0)
        name = event.get("step", step if event["event"] == "note" else "end").split()[0]
        steps[step] = steps.get(step, 0.0) + time.perf_counter() - now
        now, step = time.perf_counter(), name
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Measured(steps, usage.ru_utime + usage.ru_stime, peak)
