"""`python -m tests.bench`: accuracy on both rendered shoots and the speed of every preset, peers beside."""

import sys

from app.cli import main
from tests.material import SHARED

SHOOTS = ("actor1", "actor2")


def bench() -> int:
    shoots = [SHARED / "truth" / name for name in SHOOTS]
    codes = [main(["bench", "accuracy", "--on", str(shoot), *sys.argv[1:]]) for shoot in shoots]
    return max(*codes, main(["bench", "speed", "--on", str(shoots[0])]))


if __name__ == "__main__":
    raise SystemExit(bench())
