"""`python -m tests.fuzz [READER ...] --minutes 10`: hostile input for minutes of processor time each.

What breaks a reader is left in FOLDER/READER/found with its traceback; the table at the end says how much each got.
With `pip install atheris` coverage guides it. A run goes on where the last one in the same folder stopped.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.child import RESULT, ROOT
from tests.fuzz.targets import TARGETS

PATIENCE = 60
"""Seconds by the clock for a second of processor time: it may run beside much else, at the lowest priority."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("readers", nargs="*", metavar="READER", help=", ".join(TARGETS))
    parser.add_argument("--minutes", type=float, default=10.0, help="processor minutes for each")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mien-fuzz")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    broken = 0
    for name in options.readers or TARGETS:
        spend(name, options.folder / name, 60 * options.minutes, options.seed)
    for name in options.readers or TARGETS:
        found = [path.read_text().split("\n")[0] for path in sorted((options.folder / name / "found").glob("*.txt"))]
        broken += len(found)
        told = read(options.folder / name / "total.json")
        print(f"{name:<12} {told['cpu_seconds'] / 60:6.1f} min {told['inputs']:>10} inputs, "
              f"slowest {told['slowest']:.2f} s, peak {told['peak_mib']} MiB, {len(found)} found", flush=True)
        for line in found:
            print(f"    {line[:160]}")
    return 1 if broken else 0


def spend(name: str, folder: Path, seconds: float, seed: int) -> None:
    """Feed one reader until it has had its time; a process that dies leaves its last input among those found."""
    total_path = folder / "total.json"
    folder.mkdir(parents=True, exist_ok=True)
    while (left := seconds - read(total_path)["cpu_seconds"]) > 1:
        (folder / RESULT).unlink(missing_ok=True)
        total = read(total_path)
        with (folder / "log.txt").open("wb") as log:
            child = subprocess.Popen([sys.executable, "-m", "tests.fuzz.child", name, str(folder), str(left),
                                      str(seed + total["runs"])], cwd=ROOT, stdout=log, stderr=log,
                                     env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
                                          "MIEN_CACHE": str(folder / "scratch" / "cache"), "PYTHONHASHSEED": "0"})
            try:
                child.wait(60 + PATIENCE * left)
            except subprocess.TimeoutExpired:  # it waits for something, which no reader does
                child.kill()
                child.wait()
        result = read(folder / RESULT)
        if child.returncode:
            said = (folder / "log.txt").read_text(errors="replace")[-20_000:]
            why = f"died with {child.returncode}: " + next((line for line in said.splitlines() if "File \"" in line
                                                            and "tests/fuzz" not in line), "?")
            place = folder / "found" / hashlib.sha256(why.encode()).hexdigest()[:12]
            place.write_bytes((folder / "current").read_bytes())
            place.with_suffix(".txt").write_text(f"{why}\n{said}")
        total = {"cpu_seconds": total["cpu_seconds"] + max(result["cpu_seconds"], 1.0),
                 "inputs": total["inputs"] + result["inputs"], "slowest": max(total["slowest"], result["slowest"]),
                 "peak_mib": max(total["peak_mib"], result["peak_mib"]), "runs": total["runs"] + 1}
        total_path.write_text(json.dumps(total))


def read(path: Path) -> dict:
    nothing = {"cpu_seconds": 0.0, "inputs": 0, "slowest": 0.0, "peak_mib": 0, "runs": 0}
    return {**nothing, **json.loads(path.read_text())} if path.exists() else nothing


if __name__ == "__main__":
    sys.exit(main())
