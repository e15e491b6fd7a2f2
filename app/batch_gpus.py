"""GPUs as a counted resource: which there are, and whose turn it is on each.

Workers ask for a turn before they use their GPU and give it back after; who grants them is one process, so that the
turn of a worker that dies comes back too.
"""

import os
import re
from pathlib import Path

MASK = "CUDA_VISIBLE_DEVICES"


def visible() -> list[str]:
    """The names of this machine's GPUs as CUDA counts them, without asking CUDA: loading it would cost each process
    a share of a GPU's memory. Empty where there is none or no telling."""
    if MASK in os.environ:
        return [name.strip() for name in os.environ[MASK].split(",") if name.strip() not in ("", "-1")]
    return [match[1] for path in sorted(Path("/dev").glob("nvidia[0-9]*"))
            if (match := re.fullmatch(r"nvidia(\d+)", path.name))]


class Turns:
    """So many turns at a time, spread over the GPUs.

    Args:
        count: how many; None for one on each GPU. 0: no worker uses any.
        devices: the GPUs' names; without any there is one turn on whatever GPU a worker may find.
    """

    def __init__(self, count: int | None, devices: list[str]) -> None:
        devices = devices or [""]
        self.slots = [devices[index % len(devices)] for index in range(len(devices) if count is None else count)]
        self._holders: list[object] = [None] * len(self.slots)
        self._waiting: list[tuple[object, str]] = []

    def device_of(self, worker: int) -> str | None:
        """The GPU that a worker keeps to; "" for whichever CUDA takes, None for none."""
        return self.slots[worker % len(self.slots)] if self.slots else None

    def ask(self, worker: object, device: str) -> None:
        self._waiting.append((worker, device))

    def give_back(self, worker: object) -> None:
        """End a worker's turn, or its wait for one."""
        self._holders = [None if holder is worker else holder for holder in self._holders]
        self._waiting = [(asker, device) for asker, device in self._waiting if asker is not worker]

    def granted(self) -> list[object]:
        """The workers whose turn it now is: first come, first served on each GPU."""
        lucky = []
        for asker, device in list(self._waiting):
            free = [index for index, holder in enumerate(self._holders)
                    if holder is None and self.slots[index] == device]
            if free:
                self._holders[free[0]] = asker
                self._waiting.remove((asker, device))
                lucky.append(asker)
        return lucky
