"""A small part of `python -m tests.faults`: a few kills, failing calls and power cuts, and the same command again."""

import errno
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.corrections import save_layer
from tests.faults import campaign, power
from tests.faults.animator import layer
from tests.faults.campaign import Job, Server, Tally, served
from tests.faults.power import Change


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, cache: None) -> Iterator[Server]:
    if shutil.which("gcc") is None and os.environ.get("CI") != "true":  # there it must not skip
        pytest.skip("needs gcc for the shim between mien and the system")
    with served(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def job(demo: Path, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Job:
    scratch = tmp_path_factory.mktemp("faults")
    take = scratch / "T001"
    take.mkdir()
    for name in ("camA.mp4", "camB.mp4"):
        shutil.copyfile(demo / "takes" / "T001" / name, take / name)
    save_layer(layer(1), take / "corrections.json")
    return Job(server, take, demo / "rig.toml", scratch, ("--end", "3", "--preset", "draft", "--format", "json,csv"))


def test_kills(job: Job) -> None:
    tally = Tally()
    campaign.kills(job, 3, 3, tally)
    assert tally.faults == []


def test_failing_calls(job: Job) -> None:
    tally = Tally()
    campaign.failures(job, 3, 1, tally)
    assert tally.faults == []


def test_a_disk_that_cannot_be_read_any_more_is_said_in_words(job: Job) -> None:
    """What was written cannot be read back: no fault of ours, and no waiting for a lock that is one's own."""
    job.clear(detected=True)
    ended = job.server.run(job.arguments, job.out, kind=campaign.READ, nth=2, error=errno.EACCES, always=True)
    assert ended == 1
    assert "cannot be read back after it was written; look after the disk" in job.server.words()
    tally = Tally()
    job.resume(tally, "read")
    assert tally.faults == []


def test_power_cuts(job: Job) -> None:
    tally = Tally()
    campaign.power_cuts(job, 2, 2, tally)
    assert tally.runs == 2
    assert tally.faults == []


def test_saved_corrections_stay(server: Server, tmp_path: Path) -> None:
    tally = Tally()
    campaign.corrections(server, tmp_path, 30, 5, tally)
    assert tally.hit > 20
    assert tally.faults == []


def changes(sync_file: bool, sync_folder: bool) -> list[Change]:
    """A file is replaced by a new one, as careful or careless programs do."""
    def one(what: str, inode: int = 0, path: str = "", other: str = "", data: bytes = b"") -> Change:
        return Change(what, inode, 0, path, other, data)

    folder = "/nowhere/folder"
    old = [one("C", 1, f"{folder}/a"), one("W", 1, data=b"old"), one("F", 1, f"{folder}/a"), one("S", 9, folder)]
    new = [one("C", 2, f"{folder}/.a"), one("W", 2, data=b"new!")]
    new += [one("F", 2, f"{folder}/.a")] if sync_file else []
    new += [one("R", 0, f"{folder}/.a", f"{folder}/a")]
    return old + new + ([one("S", 9, folder)] if sync_folder else [])


@pytest.mark.parametrize(("sync_file", "sync_folder", "may_be"), [
    (True, True, {b"new!"}), (True, False, {b"old", b"new!"}), (False, True, {b"", b"\0\0\0\0", b"ne", b"new!"})])
def test_power_cuts_leave_what_a_disk_may_leave(sync_file: bool, sync_folder: bool, may_be: set[bytes]) -> None:
    done = changes(sync_file, sync_folder)
    found = {power.cut(done, len(done), names, data, random.Random(seed))["/nowhere/folder/a"]
             for names in power.NAMES for data in power.DATA for seed in range(20)}
    assert found == may_be
