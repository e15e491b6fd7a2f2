"""Trainings that are cut off."""

from collections.abc import Callable

import pytest

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
