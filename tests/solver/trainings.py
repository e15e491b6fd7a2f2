"""Trainings that are cut off, and what they measured until then."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from solver import network_file
from solver.train_common import Config


class Stop(Exception):
    """Stands for a user who has had enough."""


def cut_off(train: Callable, config: Config, after: int) -> None:
    """Train until so many steps are done, and no further."""

    def stop(done: int, total: int) -> None:
        if done == after:
            raise Stop

    with pytest.raises(Stop):
        train(config, stop)


def history_in(checkpoint: Path, architecture: str = network_file.ARCHITECTURE) -> list[dict[str, Any]]:
    """The measurements of a training so far."""
    return network_file.load_checkpoint(checkpoint, architecture)[0]["history"]
