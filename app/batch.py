"""Several takes at a time, each in a worker process; goes on past failures, and past workers that die.

A take whose worker died is tried once more, at the end and alone: most often memory ran out. So is one whose footage
changed while it was read. A take that another batch has is looked at again until that one is done with it.
"""

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

from app import batch_worker as worker_side
from app.batch_gpus import Turns, visible
from app.batch_memory import Footprint, fitting, free_mib, size_of
from app.places import places
from app.progress import Teller
from app.records import save_failed
from app.request import BUSY, FAILED, Outcome, Request
from capture.errors import MienError
from capture.shoot import Take

POLL_SECONDS = 2.0
"""How often a take that another batch has is looked at."""
GRACE_SECONDS = 10.0
"""How long a worker may take to end by itself before it is killed."""


@dataclass(eq=False)
class Worker:
    """A worker process: `take` is what it works on, `ready` whether it has loaded its tools."""

    process: multiprocessing.process.BaseProcess
    pipe: Connection
    gpu: str | None
    take: Take | None = None
    ready: bool = False


@dataclass
class Work:
    """The takes that are left.

    Attributes:
        first: those that nothing has happened to yet, in their order.
        again: those that are tried a second time, and whether alone.
        busy: those that another process has, and when to look again (monotonic seconds).
        second: names of takes that have had, or will have, their second try.
    """

    first: list[Take]
    again: list[tuple[Take, bool]] = field(default_factory=list)
    busy: list[tuple[Take, float]] = field(default_factory=list)
    second: set[Take] = field(default_factory=set)
    alone: bool = False

    def next(self, running: int) -> Take | None:
        """The take to begin now; None where there is none or it has to wait."""
        if self.alone and running:
            return None
        self.alone = False
        if self.first:
            return self.first.pop(0)
        for index, (take, when) in enumerate(self.busy):
            if time.monotonic() >= when:
                del self.busy[index]
                return take
        if self.again and not (self.again[0][1] and running):
            take, self.alone = self.again.pop(0)
            return take
        return None

    def retry(self, take: Take, alone: bool) -> bool:
        """Whether it gets another try; it has one."""
        if take in self.second:
            return False
        self.second.add(take)
        self.again.append((take, alone))
        return True

    @property
    def left(self) -> int:
        return len(self.first) + len(self.again) + len(self.busy)


class Batch:
    """Runs a request over takes. `run` gives an outcome for each take that was begun."""

    def __init__(self, takes: list[Take], request: Request, jobs: int, gpus: int | None, tell: Teller) -> None:
        self.work, self.request, self.jobs, self.tell = Work(list(takes)), request, min(jobs, len(takes)), tell
        self.turns = Turns(gpus, visible())
        self.workers: list[Worker] = []
        self.outcomes: list[Outcome] = []
        self.measured = False
        self.stillborn = 0
        self.told: set[Take] = set()
        self._context = multiprocessing.get_context("spawn")

    def run(self) -> list[Outcome]:
        """All takes.

        Raises:
            MienError: what every take needs is missing, such as the model.
        """
        try:
            self._start()  # one alone first: how much it needs says how many fit
            while self.workers and (self.work.left or self._running):
                for worker, kind, content in self._messages():
                    self._take_message(worker, kind, content)
                self._grant()
                self._hand_out()
        finally:
            self._stop()
        return self.outcomes

    @property
    def _running(self) -> int:
        return sum(worker.take is not None for worker in self.workers)

    def _start(self) -> None:
        here, there = self._context.Pipe()
        used = [worker.gpu for worker in self.workers]
        gpu = min((self.turns.device_of(index) for index in range(len(self.turns.slots) or 1)), key=used.count)
        process = self._context.Process(target=worker_side.work, daemon=True,
                                        args=(there, self.request, gpu, max(1, (os.cpu_count() or 1) // self.jobs)))
        process.start()
        there.close()  # else its end would stay open here, and its death be silent
        self.workers.append(Worker(process, here, gpu))

    def _messages(self) -> Iterator[tuple[Worker, str, object]]:
        """What the workers have to say; their death is the message ("", None)."""
        by_pipe = {worker.pipe: worker for worker in self.workers}
        for pipe in wait(list(by_pipe), timeout=POLL_SECONDS / 4):
            try:
                yield by_pipe[pipe], *pipe.recv()
            except (EOFError, OSError):
                yield by_pipe[pipe], "", None

    def _take_message(self, worker: Worker, kind: str, content: object) -> None:
        if kind == worker_side.TELL:
            name, arguments = content
            getattr(self.tell, name)(*arguments)
        elif kind == worker_side.READY:
            worker.ready, self.stillborn = True, 0
            if not self.measured:
                self._measure(content)
        elif kind == worker_side.BROKEN:
            raise content
        elif kind == worker_side.WANT_GPU:
            self.turns.ask(worker, worker.gpu)
        elif kind == worker_side.LEFT_GPU:
            self.turns.give_back(worker)
        elif kind == worker_side.ENDED:
            take, worker.take = worker.take, None
            self._ended(take, content)
        else:
            self._died(worker)

    def _measure(self, footprint: Footprint) -> None:
        """Say how many takes fit at a time, and start their workers."""
        self.measured = True
        sizes = {take: size_of(take) for take in self.work.first}
        # The longest first: else one of them may be left over, with all other workers idle.
        self.work.first.sort(key=lambda take: -sizes[take].frames * sizes[take].cameras)
        needs = [footprint.of(size) for size in sizes.values()]
        free = free_mib()
        # The first worker has taken its share of the free memory already.
        fit = fitting(needs, self.jobs, None if free is None else free + footprint.base_mib)
        if fit < self.jobs:
            self.tell.note("", f"--jobs {self.jobs}: {fit} fit in {free / 1024:.1f} GiB free; "
                               f"the largest take needs about {max(needs) / 1024:.1f} GiB")
            self.jobs = fit
        while len(self.workers) < self.jobs:
            self._start()

    def _grant(self) -> None:
        for worker in self.turns.granted():
            with contextlib.suppress(OSError):  # it has just died, and its pipe says so next
                worker.pipe.send((worker_side.GRANTED,))

    def _hand_out(self) -> None:
        for worker in self.workers:
            if worker.ready and worker.take is None and (take := self.work.next(self._running)) is not None:
                worker.take = take
                try:
                    worker.pipe.send((worker_side.TAKE, take))
                except OSError:
                    return  # it has just died, and its pipe says so next

    def _ended(self, take: Take, outcome: Outcome) -> None:
        if outcome.state == BUSY:
            self.work.busy.append((take, time.monotonic() + POLL_SECONDS))
            if take not in self.told:
                self.told.add(take)
                self.tell.note(take.name, outcome.error)
        elif outcome.again and self.work.retry(take, alone=False):
            self.tell.note(take.name, f"{outcome.error}. It is tried once more at the end")
        else:
            self._settle(outcome)
        if outcome.full and self.work.left:
            self.tell.note("", f"the disk is full: {self.work.left} takes were not begun; "
                               "free some space and run the same command again")
            self.work = Work([], second=self.work.second)

    def _settle(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.tell.take(outcome.take, outcome.state, outcome.error, outcome.outputs)

    def _died(self, worker: Worker) -> None:
        worker.process.join()
        self.workers.remove(worker)
        self.turns.give_back(worker)
        worker.pipe.close()
        take, why = worker.take, _why(worker.process.exitcode)
        if take is not None:
            if self.work.retry(take, alone=True):
                self.tell.note(take.name, f"its process {why}; it is tried once more, at the end and alone")
            else:
                error = f"{take.name}: its process {why}, twice; is there enough memory for a take of its length?"
                save_failed(places(take, self.request.out), take, self.request.rig, error)
                self._settle(Outcome(take.name, FAILED, error, MienError.exit_code))
        elif not worker.ready:
            self.stillborn += 1
            if self.stillborn == 3:
                raise MienError(f"worker processes end as they start: the last one {why}; is there enough memory? "
                                "Run `mien doctor`")
        if self.work.left:
            self._start()

    def _stop(self) -> None:
        """End all workers: at once if they are idle, else as a cancelled run ends."""
        for worker in self.workers:
            try:
                worker.pipe.send((worker_side.STOP,))
            except OSError:
                continue
            if worker.take is not None or not worker.ready:
                worker.process.terminate()
        for worker in self.workers:
            worker.process.join(GRACE_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()
            worker.process.close()


def _why(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        name = signal.Signals(-exitcode).name if -exitcode in set(signal.Signals) else f"signal {-exitcode}"
        return f"was killed ({name}" + (", which is what the system does when memory runs out)"
                                        if exitcode == -signal.SIGKILL else ")")
    return f"ended with code {exitcode}"
