"""`python -m tests.bench`: accuracy on both rendered shoots, presets' speed, peers beside; models' loading."""

import sys

from app.cli import main
from tests.bench import loading
from tests.material import SHARED

SHOOTS = ("actor1", "actor2")


def bench() -> int:
    shoots = [SHARED / "truth" / name for name in SHOOTS]
    codes = [main(["bench", "accuracy", "--on", str(shoot), *sys.argv[1:]]) for shoot in shoots]
    return max(*codes, main(["bench", "speed", "--on", str(shoots[0])]), loading.main())


if __name__ == "__main__":
    raise SystemExit(bench())
