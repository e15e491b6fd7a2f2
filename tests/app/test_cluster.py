"""`mien solve --cluster` for real: a scheduler and workers as processes, some of them killed, one of another mien."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app import __version__, cluster_admission
from app.cluster_admission import Admission
from app.identity import identity
from tests.app.command import ROOT, environment, mien, mien_here

OPTIONS = ("--end", "6", "--format", "json,glb", "--preset", "draft")
RESULTS = ("T001.mien.json", "T001.glb", "T002.mien.json", "T002.glb", "T003.mien.json", "T003.glb", "summary.json")


class Cluster:
    """A scheduler on loopback, and the workers that are started on it; all end with it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "scheduler.json"
        self.workers: list[subprocess.Popen] = []
        self.scheduler = self._start("scheduler", "--port", "0", "--host", "127.0.0.1", "--scheduler-file", self.file,
                                     "--no-dashboard", "--no-jupyter")
        until(self.file.is_file)
        self.address = json.loads(self.file.read_text())["address"]

    def worker(self, path: Path = ROOT) -> subprocess.Popen:
        """Start a worker with the mien that is at `path`."""
        self.workers.append(self._start("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard",
                                        "--local-directory", self.folder, path=path))
        return self.workers[-1]

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start(self, *arguments: str | Path, path: Path = ROOT) -> subprocess.Popen:
        return subprocess.Popen([sys.executable, "-m", "dask", *map(str, arguments)], cwd=self.folder,
                                env={**environment(), "PYTHONPATH": str(path)}, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def local(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shoot of three takes of one camera, solved on this machine."""
    shoot = tmp_path_factory.mktemp("cluster") / "shoot"
    make_shoot(demo, shoot)
    mien_here("solve", shoot, *OPTIONS)
    return shoot


def make_shoot(demo: Path, shoot: Path) -> None:
    for name in ("T001", "T002", "T003"):
        (shoot / "takes" / name).mkdir(parents=True)
        os.link(demo / "takes" / "T001" / "camA.mp4", shoot / "takes" / name / "camA.mp4")
    shutil.copy(demo / "rig.toml", shoot)


def until(there: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


@contextlib.contextmanager
def solving(shoot: Path, address: str) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen([sys.executable, "-m", "app.cli", "solve", str(shoot), *OPTIONS, "--events", "--cluster",
                                address], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def detecting(process: subprocess.Popen) -> None:
    """Read its events until a part of a take is being detected."""
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "progress" and event["step"].startswith("detect"):
            return
    raise AssertionError(process.stderr.read())


def busiest(workers: list[subprocess.Popen]) -> subprocess.Popen:
    """The worker that does most just now."""
    processes = [psutil.Process(worker.pid) for worker in workers]
    before = [sum(process.cpu_times()[:2]) for process in processes]
    time.sleep(0.2)
    spent = [sum(process.cpu_times()[:2]) - start for process, start in zip(processes, before, strict=True)]
    return workers[spent.index(max(spent))]


def test_a_worker_killed_amid_a_take_costs_nothing_but_its_part(cluster: Cluster, local: Path, demo: Path,
                                                                tmp_path: Path) -> None:
    make_shoot(demo, tmp_path / "shoot")
    for _ in range(3):
        cluster.worker()
    with solving(tmp_path / "shoot", cluster.address) as process:
        detecting(process)
        killed = busiest(cluster.workers)
        killed.kill()
        said = process.stdout.read()
        assert process.wait(timeout=120) == 0, process.stderr.read()
    assert sum(worker.poll() is None for worker in cluster.workers) == 2
    takes = [event for event in map(json.loads, said.splitlines()) if event["event"] == "take"]
    assert sorted((take["take"], take["state"]) for take in takes) \
        == [("T001", "done"), ("T002", "done"), ("T003", "done")]
    for name in RESULTS:
        assert (tmp_path / "shoot" / "solved" / name).read_bytes() == (local / "solved" / name).read_bytes(), name
    litter = [path for path in (tmp_path / "shoot").rglob("*") if path.name.startswith(".") and path.name != ".mien"]
    assert litter == []


def test_a_worker_with_another_mien_is_refused(cluster: Cluster, demo: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(ROOT / "app", other / "app", ignore=shutil.ignore_patterns("gui", "__pycache__"))
    for floor in ("capture", "solver", "exporters", "assets"):
        (other / floor).symlink_to(ROOT / floor)
    (other / "app" / "__init__.py").write_text('__version__ = "0.0.9"\n')
    cluster.worker(other)
    ended = mien("solve", demo / "takes" / "T001", "--cluster", cluster.address, "--out", tmp_path / "out", check=2)
    sentence = ended.stderr.splitlines()[-1]
    assert sentence.startswith("mien: none of the cluster's workers can be used: tcp://127.0.0.1:")
    assert "has mien 0.0.9 instead of 0.1.0" in sentence
    assert "install the same there" in sentence
    assert list((tmp_path / "out").rglob("*")) == []


def test_a_scheduler_that_vanishes_ends_the_run_and_the_next_one_goes_on(cluster: Cluster, local: Path, demo: Path,
                                                                         tmp_path: Path) -> None:
    make_shoot(demo, tmp_path / "shoot")
    cluster.worker()
    with solving(tmp_path / "shoot", cluster.address) as process:
        detecting(process)
        cluster.scheduler.kill()
        process.stdout.read()
        assert process.wait(timeout=60) == 1
        said = process.stderr.read()
    assert said.splitlines()[-1].startswith("mien: the cluster's scheduler is gone; what is finished is kept:")
    assert "Traceback" not in said
    cluster.close()
    mien_here("solve", tmp_path / "shoot", *OPTIONS)
    for name in RESULTS:
        assert (tmp_path / "shoot" / "solved" / name).read_bytes() == (local / "solved" / name).read_bytes(), name


def test_nobody_answers(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cluster.CONNECT_SECONDS", 1)
    for address in ("tcp://127.0.0.1:9", "no address", "tcp://"):
        ended = mien_here("solve", demo / "takes" / "T001", "--cluster", address, "--out", tmp_path, check=2)
        assert f"--cluster {address}: no scheduler answers there" in ended.stderr


def test_a_worker_that_does_not_see_the_shoot_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_admission, "PAUSE_SECONDS", 0.0)
    mark = tmp_path / ".mark"
    mark.touch()

    def fault(*seen: Path) -> str:
        return asyncio.run(Admission("run", {}, tuple(map(str, seen)), (str(tmp_path),))._lost())

    assert fault(mark) == ""
    assert fault(mark, tmp_path / "not" / "here.mp4") \
        == f"does not see {tmp_path / 'not' / 'here.mp4'}; mount the shoot's disk there, at the same path as here"
    assert cluster_admission._stranger(identity()) == ""
    assert cluster_admission._stranger({**identity(), "mien": "0.0.9"}) \
        == f"has mien {__version__} instead of 0.0.9; install the same there"
