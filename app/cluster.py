"""`mien solve --cluster`: the steps of all takes as tasks on Dask distributed, which queues them and places them.

Three kinds of task a take: prepare it, detect each of its parts, finish it. A worker that is lost loses what it was
doing; the scheduler gives that to another. All results are on the disk that the workers share, so whatever becomes of
workers, scheduler and this process, the same command goes on where it stopped.
"""

import asyncio
import contextlib
import itertools
import logging
import queue
import secrets
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace

import cloudpickle
from distributed import Client, Future, KilledWorker, LocalCluster, Security
from distributed.comm import connect

from app import cluster_admission, cluster_tasks, records
from app.cluster_admission import ACCEPTED, REFUSED
from app.cluster_folders import Folders, folders_of
from app.detection import Part
from app.identity import identity
from app.places import places
from app.progress import Teller
from app.request import BUSY, FAILED, Outcome, Request
from capture.errors import MienError, UsageError
from capture.shoot import Take

LOCAL = "local"
CONNECT_SECONDS = 10
PATIENCE_SECONDS = 300.0
"""How long a run waits without any worker."""
LOOK_SECONDS = 30.0
"""How long the first worker waits for the others that are there, which load their libraries, too."""
RESULT_SECONDS = 10.0
"""A result is a few bytes: one that takes longer was lost with the worker that held it."""
BUSY_SECONDS, AGAIN_SECONDS = 2.0, 15.0
RETRIES = 2
"""How often a task that failed by its surroundings is tried again; so often may its worker die, too."""


@dataclass(frozen=True)
class Steps:
    """What the workers do. See `app.cluster_tasks`."""

    prepare: Callable[[Take, Request, str], tuple[Part, ...]] = cluster_tasks.prepare_take
    detect: Callable[[Take, Request, str, Part], None] = cluster_tasks.detect_part
    finish: Callable[[Take, Request, str], Outcome] = cluster_tasks.finish_take


@dataclass(frozen=True)
class Job:
    """A task of a take; `part` where it is one of detection."""

    take: int
    step: str
    part: Part | None = None


@dataclass
class TakeRun:
    """How far a take is: its parts that are not detected yet, its frames done in each, whether it had a second try."""

    left: set[Part] = field(default_factory=set)
    frames: dict[tuple[str, int], int] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    told: bool = False
    again: bool = False
    settled: bool = False


def solve_on(address: str, takes: Sequence[Take], request: Request, jobs: int, tell: Teller) -> list[Outcome]:
    """Solve takes on the cluster whose scheduler is at `address`, or with `jobs` workers here where it is LOCAL.

    Raises:
        UsageError: there is no scheduler, or none of its workers can be used.
        MienError: the scheduler is gone.
    """
    with connected(address, jobs, request.device) as client:
        return ClusterRun(client, takes, request, tell).run()


class ClusterRun:
    """One run over takes. `run` gives an outcome for each."""

    def __init__(self, client: Client, takes: Sequence[Take], request: Request, tell: Teller,
                 steps: Steps | None = None) -> None:
        self.client, self.takes, self.request, self.tell = client, takes, request, tell
        self.name = f"mien-{secrets.token_hex(6)}"
        self.steps = steps or Steps()
        self.folders: Folders = folders_of(takes, request, self.name)
        self.states = [TakeRun() for _ in takes]
        self.names = {take.name: state for take, state in zip(takes, self.states, strict=True)}
        self.inbox: queue.SimpleQueue = queue.SimpleQueue()
        self.tasks: dict[Future, Job] = {}
        self.later: list[tuple[float, Job]] = []
        self.accepted: set[str] = set()
        self.refused: dict[str, str] = {}
        self.outcomes: list[Outcome] = []
        self.gpus = False
        self._counter = itertools.count()
        self._lonely: float | None = None

    def run(self) -> list[Outcome]:
        """All takes."""
        with self.folders, self._admitting():
            self._gather_workers()
            self.tell.begin(len(self.takes), len(self.accepted))
            for index in range(len(self.takes)):
                self._submit(Job(index, "prepare"))
            while self.tasks or self.later:
                self._next()
        return self.outcomes

    # Workers

    @contextlib.contextmanager
    def _admitting(self) -> Iterator[None]:
        """While within, workers are looked at as they are met."""
        admission = cluster_admission.Admission(self.name, identity(), self.folders.seen, self.folders.written)
        cloudpickle.register_pickle_by_value(cluster_admission)
        try:
            self.client.subscribe_topic(self.name, lambda event: self.inbox.put(event[1]))
            self.client.register_plugin(admission, name=self.name)
            yield
        finally:
            cloudpickle.unregister_pickle_by_value(cluster_admission)
            with contextlib.suppress(Exception):  # the scheduler may be gone: then so is all that is to be cleared
                if self.client.status == "running":
                    self.client.cancel(list(self.tasks), force=True)
                    self.client.unregister_worker_plugin(self.name)

    def _gather_workers(self) -> None:
        """Wait for the first worker that can be used, and for a word of those that are there already."""
        told, began = False, time.monotonic()
        until = began + PATIENCE_SECONDS
        while True:
            workers = set(self._workers())
            silent = workers - self.accepted - set(self.refused)
            if self.accepted and (not silent or time.monotonic() - began > LOOK_SECONDS):
                break
            if workers and workers <= set(self.refused):
                raise UsageError("none of the cluster's workers can be used: "
                                 + "; ".join(f"{worker} {why}" for worker, why in sorted(self.refused.items())))
            if time.monotonic() > until:
                raise UsageError("the cluster has no workers; start some with `dask worker SCHEDULER`")
            if not workers and not told:
                told = True
                self.tell.note("", "the cluster has no workers yet; waiting for the first")
            try:
                self._event(self.inbox.get(timeout=0.2))
            except queue.Empty:
                for _, event in self.client.get_events(self.name):  # what was said before we were heard to listen
                    self._event(event)
        while not self.inbox.empty():
            self._event(self.inbox.get())
        workers = self._workers()
        self.gpus = self.request.device != "cpu" and any(
            worker.get("resources", {}).get("GPU", 0) >= 1 for name, worker in workers.items() if name in self.accepted)
        if self.request.device == "cuda" and not self.gpus:
            raise UsageError('--device cuda: no worker of the cluster offers a GPU; start those that have one with '
                             '`dask worker SCHEDULER --nthreads 1 --resources "GPU=1"`')

    def _workers(self) -> dict[str, dict[str, object]]:
        self._check_scheduler()
        return self.client.scheduler_info()["workers"]

    def _check_scheduler(self) -> None:
        if self.client.status != "running":
            raise _gone()

    def _check_workers(self) -> None:
        """A run that no worker is left for says so, waits a while, and ends."""
        self.accepted &= set(self._workers())
        if self.accepted:
            self._lonely = None
        elif self._lonely is None:
            self._lonely = time.monotonic()
            self.tell.note("", "no worker is left; waiting for new ones")
        elif time.monotonic() - self._lonely > PATIENCE_SECONDS:
            raise MienError(f"no worker has come back for {PATIENCE_SECONDS / 60:.0f} minutes; what is finished is "
                            "kept: start workers and run the same command to go on from here")

    # Tasks

    def _submit(self, job: Job) -> None:
        take, resources = self.takes[job.take], {self.name: 1}
        # What needs no GPU asks for none, and is the same on every worker.
        request = replace(self.request, device="cuda" if self.gpus and job.step == "detect" else "cpu",
                          force=self.request.force and job.step == "prepare")
        arguments = (take, request, self.name)
        if job.part is not None:
            arguments += (job.part,)
            resources |= {"GPU": 1} if self.gpus else {}
        future = self.client.submit(
            getattr(self.steps, job.step), *arguments, key=(f"{job.step}-{self.name}", take.name, next(self._counter)),
            resources=resources, retries=RETRIES, priority=-job.take, pure=False)
        self.tasks[future] = job
        future.add_done_callback(self.inbox.put)

    def _next(self) -> None:
        """One message, or what time brings."""
        due = [job for when, job in self.later if when <= time.monotonic()]
        self.later = [(when, job) for when, job in self.later if when > time.monotonic()]
        for job in due:
            self._submit(job)
        try:
            message = self.inbox.get(timeout=0.5)
        except queue.Empty:
            self._check_workers()
            return
        if isinstance(message, Future):
            if message in self.tasks:
                self._ended(message, self.tasks.pop(message))
        else:
            self._event(message)

    def _ended(self, future: Future, job: Job) -> None:
        if future.cancelled():
            raise _gone()
        state = self.states[job.take]
        fault = future.exception() if future.status == "error" else None
        if isinstance(fault, UsageError):
            raise fault
        result = None
        if fault is None:
            try:
                result = future.result(timeout=RESULT_SECONDS)
            except TimeoutError:
                self._submit(job)
                return
            except CancelledError as error:
                raise _gone() from error
        if job.step == "finish":
            self._finished(job, self._failed(job, fault) if fault is not None else result)
            return
        if isinstance(fault, KilledWorker):
            self._finished(job, self._failed(job, fault))  # to try the same at the end would kill one more
            return
        if job.step == "prepare" and fault is None:
            state.left = set(result)
            for part in sorted(state.left, key=lambda part: (part.first, part.camera)):
                state.totals[part.name] = state.totals.get(part.name, 0) + part.stop - part.first
                self._submit(Job(job.take, "detect", part))
        state.left.discard(job.part)
        if not state.left and not state.settled:
            self._submit(Job(job.take, "finish"))

    def _finished(self, job: Job, outcome: Outcome) -> None:
        state = self.states[job.take]
        if state.settled:
            return
        if outcome.state == BUSY:
            if not state.told:
                self.tell.note(outcome.take, outcome.error)
            state.told = True
            self.later.append((time.monotonic() + BUSY_SECONDS, job))
        elif outcome.again and not state.again:
            state.again = True
            self.tell.note(outcome.take, f"{outcome.error}. It is tried once more")
            self.later.append((time.monotonic() + AGAIN_SECONDS, Job(job.take, "prepare")))
        else:
            state.settled = True
            self.outcomes.append(outcome)
            self.tell.take(outcome.take, outcome.state, outcome.error, outcome.outputs)
        if outcome.full and (rest := len(self.takes) - len(self.outcomes)):
            self.tell.note("", f"the disk is full: {rest} takes were not finished; free some space and run the same "
                               "command again")
            self.tasks, self.later = {}, []

    def _failed(self, job: Job, fault: BaseException) -> Outcome:
        """The outcome of a take one of whose tasks failed by its surroundings, recorded in its place."""
        take = self.takes[job.take]
        if isinstance(fault, KilledWorker):
            error = (f"{take.name}: its {job.step} step was lost with its worker again and again; is there enough "
                     "memory for a take of its length?")
        else:
            error = str(fault) if isinstance(fault, MienError) else f"{take.name}: {type(fault).__name__}: {fault}"
        records.save_failed(places(take, self.request.out), take, self.request.rig, error)
        return Outcome(take.name, FAILED, error, getattr(fault, "exit_code", MienError.exit_code))

    # Events

    def _event(self, event: Sequence[object]) -> None:
        kind, *content = event
        if kind == ACCEPTED:
            self._accept(content[0])
        elif kind == REFUSED:
            if content[0] not in self.refused:
                self.tell.note("", f"worker {content[0]} is not used: it {content[1]}")
            self.refused[content[0]] = content[1]
        elif (state := self.names.get(content[0])) is not None and not state.settled:
            if kind == "part":
                take, camera, first, done = content
                state.frames[camera, first] = done
                self.tell.progress(take, f"detect {camera}",
                                   sum(frames for (name, _), frames in state.frames.items() if name == camera),
                                   state.totals.get(camera, done))
            else:
                getattr(self.tell, kind)(*content)

    def _accept(self, worker: str) -> None:
        """A worker may work. One that comes late frees tasks that had nobody: the scheduler looks for those only when a
        worker comes, and that was before this one was fit."""
        self.accepted.add(worker)
        self.refused.pop(worker, None)
        if not self.tasks:
            return
        placed = set(itertools.chain.from_iterable(self.client.processing().values()))
        for future, job in list(self.tasks.items()):
            if future.status == "pending" and future.key not in placed:
                del self.tasks[future]
                future.cancel()
                self._submit(job)


@contextlib.contextmanager
def connected(address: str, jobs: int, device: str) -> Iterator[Client]:
    """A client of the scheduler; of a cluster of our own, that ends with it, where the address is LOCAL.

    Raises:
        UsageError: nobody answers there.
    """
    with contextlib.ExitStack() as stack:
        stack.callback(logging.disable, logging.root.manager.disable)
        logging.disable(logging.CRITICAL)  # what matters of what Dask logs, we say
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # of other versions on workers: admission says it
        place: object = address
        if address == LOCAL:
            place = stack.enter_context(LocalCluster(
                n_workers=jobs, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL + 1,
                resources={"GPU": 1} if device == "cuda" else {}))
        try:
            if address != LOCAL:
                asyncio.run(_knock(address))  # a Client that finds nobody goes on trying, and says so when it is gone
            client = Client(place, timeout=CONNECT_SECONDS, set_as_default=False, name="mien")
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise UsageError(f"--cluster {address}: no scheduler answers there; start one with `dask scheduler` and "
                             "give the address that it prints, like tcp://host:8786") from error
        try:
            yield client
        finally:
            with contextlib.suppress(Exception):  # nothing of ours is in it any more
                client.close(timeout=2)


async def _knock(address: str) -> None:
    """See whether a scheduler listens there.

    Raises:
        OSError, ValueError, TypeError, RuntimeError: nobody does, or that is no address.
    """
    comm = await connect(address, timeout=CONNECT_SECONDS, **Security().get_connection_args("client"))
    await comm.close()


def _gone() -> MienError:
    return MienError("the cluster's scheduler is gone; what is finished is kept: start it and its workers again, and "
                     "run the same command to go on from here")
