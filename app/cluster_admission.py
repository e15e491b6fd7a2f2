"""Which workers of a cluster may work on a run: those with the same mien that see the same folders.

A Dask worker that is fit gets a resource that all tasks of the run ask for, so that the scheduler itself keeps them
away from the others, also from those that join later. This module travels to the workers by value: it must say
something of use even where no mien is installed, so it imports none of ours at its top.
"""

import asyncio
import os
import tempfile
from dataclasses import dataclass

from distributed import Worker, WorkerPlugin

ACCEPTED, REFUSED = "accepted", "refused"
LOOKS, PAUSE_SECONDS = 6, 1.0
"""How often, and at what distance, a folder is looked into: a network file system shows a new file late."""


@dataclass
class Admission(WorkerPlugin):
    """Looks at a worker when the run begins, or when it joins; while it is there, the run goes on.

    Attributes:
        name: of the run; also its resource and the topic of its events.
        identity: what decides the bytes here; see `app.identity`.
        seen: paths that must be there.
        written: folders that must be writable.
    """

    name: str
    identity: dict[str, str]
    seen: tuple[str, ...]
    written: tuple[str, ...]

    async def setup(self, worker: Worker) -> None:
        # In a thread, for it loads libraries for seconds, and the worker must go on to answer.
        fault = await asyncio.to_thread(_stranger, self.identity) or await self._lost()
        if not fault:
            await worker.set_resources(**{self.name: 1})
        worker.log_event(self.name, [REFUSED if fault else ACCEPTED, worker.address, fault])

    async def teardown(self, worker: Worker) -> None:
        await worker.set_resources(**{self.name: 0})

    async def _lost(self) -> str:
        """Which of the folders it does not see; "" if it sees all."""
        for look in range(LOOKS):
            hidden = [path for path in self.seen if not _visible(path)]
            if not hidden:
                break
            if look + 1 < LOOKS:
                await asyncio.sleep(PAUSE_SECONDS)
        else:
            return f"does not see {hidden[0]}; mount the shoot's disk there, at the same path as here"
        for folder in self.written:
            try:
                with tempfile.TemporaryFile(dir=folder, prefix=".mien."):
                    pass
            except OSError as error:
                return f"may not write to {folder} ({error.strerror}); give the worker's user the right to"
        return ""


def _stranger(ours: dict[str, str]) -> str:
    """In what a worker's mien is another one; "" if it is the same."""
    try:
        from app.identity import differences, identity
    except ImportError:
        return "has no mien, or another version of it; install the one that is here"
    found = differences(ours, identity())
    if found:
        return f"has {found}; install the same there"
    try:
        import app.cluster_tasks  # noqa: F401  (loaded here, it is there when the first task comes)
    except ImportError as error:
        return f"lacks a library of mien ({error}); install mien[cluster] there"
    return ""


def _visible(path: str) -> bool:
    try:
        return os.path.basename(path) in os.listdir(os.path.dirname(path))
    except OSError:
        return False
