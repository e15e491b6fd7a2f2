"""How a run uses its cluster: a scheduler and workers within this process, and steps that only note where they were."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from distributed import Client, Scheduler, SpecCluster, Worker, get_worker

from app import cluster
from app.cluster import ClusterRun
from app.progress import Lines
from app.records import load_failed
from app.request import BUSY, DONE, Outcome, Request
from capture.errors import UsageError
from capture.shoot import Take
from tests.app import noted_steps
from tests.app.noted_steps import Noted


class Told(Lines):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.steps_told: list[tuple[str, str, int, int]] = []

    def line(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[SpecCluster]:
    """A cluster without workers."""
    monkeypatch.setattr(cluster, "BUSY_SECONDS", 0.1)
    monkeypatch.setattr(cluster, "RESULT_SECONDS", 2.0)
    level = logging.getLogger("distributed").level
    logging.getLogger("distributed").setLevel(logging.CRITICAL + 1)
    with SpecCluster(scheduler={"cls": Scheduler, "options": {"dashboard": False, "port": 0, "host": "127.0.0.1"}},
                     workers={}, silence_logs=False) as made:
        yield made
    logging.getLogger("distributed").setLevel(level)


def add_worker(place: SpecCluster, name: str, **resources: int) -> None:
    place.worker_spec[name] = {"cls": Worker, "options": {"nthreads": 1, "name": name, "resources": resources,
                                                          "dashboard": False}}
    place.sync(place._correct_state)


def remove_worker(place: SpecCluster, name: str) -> None:
    del place.worker_spec[name]
    place.sync(place._correct_state)


def run(place: SpecCluster, folder: Path, takes: int = 3, device: str = "auto",
        told: Told | None = None) -> dict[str, Outcome]:
    names = [f"T{index}" for index in range(takes)]
    for name in names:
        (folder / name).mkdir(exist_ok=True)
    request = Request("mien", device=device, out=folder / "out")
    with Client(place, set_as_default=False) as client:
        outcomes = ClusterRun(client, [Take(name, folder / name, ()) for name in names], request, told or Told(),
                              noted_steps.STEPS).run()
    return {outcome.take: outcome for outcome in outcomes}


def noted(**doing: Callable) -> Noted:
    """What the steps of the next runs note, and do."""
    noted_steps.now = Noted(**doing)
    return noted_steps.now


def test_detection_goes_to_the_gpus_and_the_rest_anywhere(place: SpecCluster, tmp_path: Path) -> None:
    add_worker(place, "plain")
    seen = noted()
    with pytest.raises(UsageError, match="no worker of the cluster offers a GPU"):
        run(place, tmp_path, device="cuda")
    assert seen.notes == []
    add_worker(place, "gpu", GPU=1)
    assert {outcome.state for outcome in run(place, tmp_path, takes=6).values()} == {DONE}
    assert {(worker, device) for step, _, worker, device in seen.notes if step == "detect"} == {("gpu", "cuda")}
    assert {device for step, _, _, device in seen.notes if step != "detect"} == {"cpu"}
    assert {worker for step, _, worker, _ in seen.notes if step != "detect"} >= {"plain"}
    seen.notes.clear()
    run(place, tmp_path, device="cpu")
    assert {device for _, _, _, device in seen.notes} == {"cpu"}


def test_a_task_is_tried_again_and_one_takes_fault_stays_its_own(place: SpecCluster, tmp_path: Path) -> None:
    add_worker(place, "plain")
    tries: list[str] = []
    told = Told()

    def finish(take: Take) -> Outcome:
        tries.append(take.name)
        if take.name == "T0" and tries.count("T0") < 3:
            raise OSError("the server is away")
        if take.name == "T1":
            raise OSError("the server is away")
        if take.name == "T2" and tries.count("T2") < 3:
            return Outcome(take.name, BUSY, "another process works on it")
        return Outcome(take.name, DONE)

    noted(finish=finish)
    outcomes = run(place, tmp_path, told=told)
    assert {name: outcome.state for name, outcome in outcomes.items()} == {"T0": "done", "T1": "failed", "T2": "done"}
    assert outcomes["T1"].error == "T1: OSError: the server is away"
    assert [tries.count(f"T{index}") for index in range(3)] == [3, 3, 3]
    failed = load_failed(cluster.places(Take("T1", tmp_path / "T1", ()), tmp_path / "out"))
    assert failed is not None
    assert failed.error == outcomes["T1"].error
    assert told.lines.count("T2: another process works on it") == 1


def test_when_all_workers_are_lost_a_late_one_goes_on(place: SpecCluster, tmp_path: Path,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    add_worker(place, "first")
    began, told = threading.Event(), Told()

    def detect(take: Take) -> None:
        if get_worker().name == "first":
            began.set()
            time.sleep(0.5)

    def exchange() -> None:
        began.wait(20)
        remove_worker(place, "first")
        while "no worker is left; waiting for new ones" not in told.lines:
            time.sleep(0.05)
        add_worker(place, "late")

    seen = noted(detect=detect)
    changing = threading.Thread(target=exchange)
    changing.start()
    outcomes = run(place, tmp_path, told=told)
    changing.join()
    assert {outcome.state for outcome in outcomes.values()} == {DONE}
    assert {worker for step, _, worker, _ in seen.notes if step == "finish"} == {"late"}


def test_without_workers_it_waits_and_then_ends(place: SpecCluster, tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE_SECONDS", 0.5)
    told = Told()
    with pytest.raises(UsageError, match="the cluster has no workers; start some with `dask worker SCHEDULER`"):
        run(place, tmp_path, told=told)
    assert told.lines == ["the cluster has no workers yet; waiting for the first"]
