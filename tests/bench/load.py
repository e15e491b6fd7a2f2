"""`python -m tests.bench.load TAKE`: one process solves a take again and again; does it hold more memory each time?"""

import argparse
import contextlib
import io
import json
import tempfile
from pathlib import Path

from app.cli import main as mien
from tests.held import held_mib

SETTLED = 3
"""Solves after which all code is loaded and the allocator has its pools."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("take", type=Path)
    parser.add_argument("--times", type=int, default=200)
    options, more = parser.parse_known_args()  # what is left goes to mien solve
    print(json.dumps(in_a_row(options.take, options.times, more)))


def in_a_row(take: Path, times: int, options: list[str]) -> dict[str, float]:
    """MiB held after the third solve and after the last, and by which share they grew."""
    held = []
    with tempfile.TemporaryDirectory() as folder:
        for index in range(times):
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = mien(["solve", str(take), "--out", f"{folder}/{index}", *options])
            assert code == 0, err.getvalue()
            held.append(held_mib())
    early, late = max(held[:SETTLED]), max(held[-SETTLED:])
    return {"times": times, "early_mib": round(early, 1), "late_mib": round(late, 1),
            "growth": round(late / early - 1, 4)}


if __name__ == "__main__":
    main()
