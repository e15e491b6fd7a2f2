"""A take has one owner at a time; who died is seen, whatever the clocks say."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from app import locks
from app.locks import LOCK_NAME, RUNNING_NAME, held, look
from capture.errors import BusyError, OutputError
from tests.app.command import ROOT

HOLDER = """
import sys, time
from pathlib import Path
from app.locks import held
with held(Path(sys.argv[1]), print) as lock:
    lock.tell("detect camA", 3, 10)
    lock._beat()
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen:
    """Another process that holds the lock of the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def foreign(folder: Path, seconds_ago: float) -> None:
    """Make the lock there one of another machine that touched it so long ago, by the disk's clock."""
    path = folder / LOCK_NAME
    path.write_text(json.dumps({"host": "render07", "machine": "elsewhere", "pid": 4, "born": "5", "token": "t"}))
    now = path.stat().st_mtime
    os.utime(path, (now - seconds_ago, now - seconds_ago))


def test_held_and_given_back(tmp_path: Path) -> None:
    with held(tmp_path, pytest.fail):
        assert look(tmp_path).alive
        assert look(tmp_path).owner.pid == os.getpid()
    assert look(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_living_owner_keeps_it(tmp_path: Path, holder: subprocess.Popen) -> None:
    with pytest.raises(BusyError, match=f"process {holder.pid}"), held(tmp_path, pytest.fail):
        pass
    seen = look(tmp_path)
    assert (seen.running.step, seen.running.done, seen.running.total) == ("detect camA", 3, 10)


def test_a_killed_owner_loses_it_at_once_and_it_is_said(tmp_path: Path, holder: subprocess.Popen) -> None:
    holder.kill()
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
    assert not look(tmp_path).alive, "its parent has not buried it yet"
    holder.wait()
    assert not look(tmp_path).alive
    said = []
    with held(tmp_path, said.append):
        assert look(tmp_path).owner.pid == os.getpid()
    assert f"process {holder.pid}" in said[0]


@pytest.mark.parametrize("skew", [-86400.0, 0.0, 86400.0])
def test_another_machine_is_judged_by_the_disk_s_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                       skew: float) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + skew)
    foreign(tmp_path, seconds_ago=20)
    assert look(tmp_path).alive
    foreign(tmp_path, seconds_ago=200)
    assert not look(tmp_path).alive
    assert 199 < look(tmp_path).age < 230
    said = []
    with held(tmp_path, said.append):
        pass
    assert "render07 (process 4)" in said[0]


def test_a_touch_that_lies_in_the_future_holds_nobody_up(tmp_path: Path) -> None:
    """Whose clock was a day ahead when it died: nobody shall wait a day for it."""
    for ahead in (20, 300):  # a share to which the owner's machine, whose clock is ahead, tells the time of its touch
        foreign(tmp_path, seconds_ago=-ahead)
        assert look(tmp_path).alive
    foreign(tmp_path, seconds_ago=-86400)
    assert not look(tmp_path).alive
    said = []
    with held(tmp_path, said.append):
        pass
    assert "render07 (process 4)" in said[0]


def test_a_lock_that_was_cut_short_frees_itself(tmp_path: Path) -> None:
    path = tmp_path / LOCK_NAME
    path.touch()
    with pytest.raises(BusyError, match="another process"), held(tmp_path, pytest.fail):
        pass
    os.utime(path, (path.stat().st_mtime - 100,) * 2)
    with held(tmp_path, lambda said: None):
        pass


def test_who_was_taken_over_notices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "BEAT_SECONDS", 0.01)
    with held(tmp_path, pytest.fail) as lock:
        foreign(tmp_path, 0)
        lock._thread.join(10)
        with pytest.raises(BusyError, match="took this take over"):
            lock.tell("solve", 1, 2)
    assert look(tmp_path).owner.host == "render07", "the new owner's lock stays"


def test_a_disk_that_cannot_be_read_takes_no_lock_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its owner would wait for whoever has it now, which is itself, for good."""
    def unreadable(path: Path) -> object:
        raise OSError(errno.EIO, "Input/output error")

    with held(tmp_path, pytest.fail) as lock:
        monkeypatch.setattr(locks, "read_json", unreadable)
        lock._beat()
        lock.tell("solve", 1, 2)
        assert not lock.lost
    assert not (tmp_path / LOCK_NAME).exists()


def test_a_lock_that_cannot_be_opened_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else whoever wants it would look at it over and over, for good."""
    def refused(path: Path) -> float:
        raise PermissionError(errno.EACCES, "Permission denied")

    (tmp_path / LOCK_NAME).symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="cannot be opened"), held(tmp_path, pytest.fail):
        pass
    (tmp_path / LOCK_NAME).unlink()
    foreign(tmp_path, 0)
    monkeypatch.setattr(locks, "_touched", refused)
    with pytest.raises(OutputError, match=r"Permission denied.* rights"), held(tmp_path, pytest.fail):
        pass
    assert (tmp_path / LOCK_NAME).exists()


def test_a_lock_that_another_machine_just_gave_back_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stale(path: Path) -> float:
        raise OSError(errno.ESTALE, "Stale file handle")

    foreign(tmp_path, 0)
    monkeypatch.setattr(locks, "_touched", stale)
    assert locks.look(tmp_path) is None


def test_a_heartbeat_keeps_it_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "BEAT_SECONDS", 0.01)
    with held(tmp_path, pytest.fail) as lock:
        path = tmp_path / LOCK_NAME
        os.utime(path, (1000, 1000))
        lock.tell("solve", 1, 2)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and (path.stat().st_mtime == 1000 or look(tmp_path).running.step != "solve"):
            time.sleep(0.01)
        assert look(tmp_path).age < 10
        assert look(tmp_path).running.done == 1


def test_of_many_that_find_a_dead_owner_one_gets_it(tmp_path: Path) -> None:
    """Twelve threads, each as a process would: never two at a time, over many rounds."""
    inside, most, entered = [0], [0], [0]
    guard = threading.Lock()

    def fight() -> None:
        for _ in range(15):
            try:
                with held(tmp_path, lambda said: None):
                    with guard:
                        inside[0] += 1
                        entered[0] += 1
                        most[0] = max(most[0], inside[0])
                    time.sleep(0.002)
                    with guard:
                        inside[0] -= 1
            except BusyError:
                pass

    foreign(tmp_path, 1000)
    threads = [threading.Thread(target=fight) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert entered[0] >= 1
    assert most[0] == 1
    assert [path.name for path in tmp_path.iterdir() if path.name not in (LOCK_NAME, RUNNING_NAME)] == []


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "work").touch()
    with pytest.raises(OutputError), held(tmp_path / "work", pytest.fail):
        pass
