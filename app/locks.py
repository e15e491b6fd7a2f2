"""One process works on a take at a time: a lock file among its artefacts, which says who and is kept fresh.

The lock is a file that only one can create. Its owner touches it every few seconds, and the file server's clock dates
the touch. Whoever finds it compares that date with the one that the same server gives to a new file: so it does not
matter how wrong the clocks of the machines are. On the machine of the owner it is simply asked whether the process
still runs. A lock whose owner died is taken over.

A lock saves double work; the results do not hang on it. Should an owner sleep so long that it is thought dead, two
work on one take for some seconds until the first one notices: both write the same bytes, each file whole.
"""

import contextlib
import errno
import functools
import hashlib
import json
import os
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from app.artefacts import read_json
from capture.errors import BusyError, MienError, OutputError
from capture.files import claim, output_error, write_bytes

LOCK_NAME = "lock.json"
RUNNING_NAME = "running.json"
BEAT_SECONDS = 5.0
STALE_SECONDS = 60.0
"""Without a touch for so long, an owner on another machine counts as dead: twelve times missed, and a slow server."""
AHEAD_SECONDS = 3600.0
"""By how much a machine's clock may be ahead where a share lets it date its touches itself, as those of Windows do."""


@dataclass(frozen=True)
class Owner:
    """Who holds a lock.

    Attributes:
        host: the machine's name, for people.
        machine: tells machines, their restarts and containers apart; "" where that cannot be told.
        pid: the process.
        born: when that process began, by its kernel, so that a number given to another process later is not it.
        token: of this one lock.
    """

    host: str
    machine: str
    pid: int
    born: str
    token: str

    def __str__(self) -> str:
        return f"{self.host} (process {self.pid})"


@dataclass(frozen=True)
class Running:
    """How far an owner was when it last said so: the token of its lock, the step, and the seconds since it began."""

    token: str
    step: str
    done: int
    total: int
    seconds: float


@dataclass(frozen=True)
class Sight:
    """A lock as another process sees it: its owner (None where the file is damaged), whether that owner lives, seconds
    since it last touched the lock, and how far it is."""

    owner: Owner | None
    alive: bool
    age: float
    running: Running | None


class Lock:
    """A lock that is held: it is touched by a thread until it is given back."""

    def __init__(self, folder: Path, owner: Owner) -> None:
        self.folder, self.owner, self.lost = folder, owner, False
        self._began = time.monotonic()
        self._now = ("", 0, 0)
        self._end = threading.Event()
        self._beat()
        self._thread = threading.Thread(target=self._keep, name="heartbeat", daemon=True)
        self._thread.start()

    def tell(self, step: str, done: int, total: int) -> None:
        """Say how far the work is: the next heartbeat writes it down.

        Raises:
            BusyError: the lock was taken over, because this process had not been heard of for too long.
        """
        self._now = (step, done, total)
        if self.lost:
            raise BusyError(f"{self.folder}: another process took this take over, because this one stood still for "
                            f"more than {STALE_SECONDS:.0f} seconds; it goes on there")

    def release(self) -> None:
        self._end.set()
        self._thread.join()
        if self._mine():
            for name in (RUNNING_NAME, LOCK_NAME):
                with contextlib.suppress(OSError):
                    (self.folder / name).unlink()

    def _keep(self) -> None:
        while not self._end.wait(BEAT_SECONDS) and not self.lost:
            self._beat()

    def _mine(self) -> bool:
        try:
            return _read_owner(self.folder / LOCK_NAME) == self.owner
        except FileNotFoundError:
            return False
        except OSError:  # a disk that cannot be read does not say that somebody else has it
            return not self.lost

    def _beat(self) -> None:
        self.lost = not self._mine()
        if self.lost:
            return
        step, done, total = self._now
        running = Running(self.owner.token, step, done, total, round(time.monotonic() - self._began, 1))
        with contextlib.suppress(OSError, MienError):  # a full disk must not end the work
            os.utime(self.folder / LOCK_NAME)  # no time is named: the file server's clock dates it
            write_bytes(self.folder / RUNNING_NAME, _json(asdict(running)))


@contextlib.contextmanager
def held(folder: Path, say: Callable[[str], None]) -> Iterator[Lock]:
    """Hold the lock of the artefacts in `folder`; `say` is told if it was taken over from a dead owner.

    Raises:
        BusyError: a living process holds it.
        OutputError: the folder cannot be written, or the lock there not be opened.
    """
    owner = Owner(socket.gethostname(), _machine(), os.getpid(), _born(os.getpid()), secrets.token_hex(8))
    while not claim(folder / LOCK_NAME, _json(asdict(owner))):
        sight = look(folder)
        if sight is None:
            time.sleep(0.02)
            continue  # it was given back meanwhile
        if sight.alive:
            raise BusyError(f"{sight.owner or 'another process'} works on it; wait until it has ended")
        if _bury(folder):
            say(f"went on where {sight.owner or 'another process'} stopped; it was last heard of "
                f"{_words(sight.age)} ago")
    lock = Lock(folder, owner)
    try:
        yield lock
    finally:
        lock.release()


def look(folder: Path) -> Sight | None:
    """What there is to see of the lock in `folder`; None where it is free.

    Raises:
        OutputError: it cannot be opened: a link to nothing, or somebody else's who keeps it from others.
    """
    path = folder / LOCK_NAME
    try:
        age = _age(path)
    except OSError as error:
        gone = error.errno in (errno.ENOENT, errno.ESTALE)  # the latter where another machine gave it back just now
        if gone and not path.is_symlink():
            return None
        raise OutputError(f"{path} cannot be opened ({error.strerror}), so nobody can tell who works there; have its "
                          "owner see to its rights, or remove it once no mien works on the take") from error
    owner = _owner(path)
    if owner is None and not path.exists():
        return None
    if owner is not None and owner.machine and owner.machine == _machine():
        alive = bool(owner.born) and _born(owner.pid) == owner.born
    else:
        alive = age < STALE_SECONDS
    return Sight(owner, alive, age, _running(folder, owner))


def _bury(folder: Path) -> bool:
    """Take a dead owner's lock away; False where another process did it, or is about to. Only who holds the burial
    may do it, and looks again first: else the second of two would take away the fresh lock of the first.
    """
    burial = folder / f".{LOCK_NAME}.burial"
    if not claim(burial, b""):
        with contextlib.suppress(OSError):
            if _age(burial) > STALE_SECONDS:  # it was killed within these few lines
                burial.unlink()
        time.sleep(0.02)
        return False
    try:
        sight = look(folder)
        if sight is None or sight.alive:
            return False
        (folder / LOCK_NAME).unlink(missing_ok=True)
        return True
    except OSError as error:
        raise output_error(folder / LOCK_NAME, error) from error
    finally:
        burial.unlink(missing_ok=True)


def _owner(path: Path) -> Owner | None:
    try:
        return _read_owner(path)
    except OSError:
        return None


def _read_owner(path: Path) -> Owner | None:
    """Who holds a lock; None where the file is damaged. Raises OSError where it cannot be read."""
    try:
        table = read_json(path)
        return Owner(str(table["host"]), str(table["machine"]), int(table["pid"]), str(table["born"]),
                     str(table["token"]))
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def _running(folder: Path, owner: Owner | None) -> Running | None:
    try:
        table = read_json(folder / RUNNING_NAME)
        running = Running(str(table["token"]), str(table["step"]), int(table["done"]), int(table["total"]),
                          float(table["seconds"]))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    return running if owner is not None and running.token == owner.token else None


def _age(path: Path) -> float:
    """Seconds since a file was touched, by its disk's clock; none for a touch a little in the future, which is of an
    owner whose machine dates it. One further ahead is of a clock that was wrong, and old: nobody waits a day for it."""
    age = server_time(path.parent) - _touched(path)
    return -age if age < -AHEAD_SECONDS else max(age, 0.0)


def _touched(path: Path) -> float:
    with path.open("rb") as file:  # opening makes a network file system ask its server, where a stat may be a memory
        return os.fstat(file.fileno()).st_mtime


def server_time(folder: Path) -> float:
    """Now, by the clock of the disk that the folder is on; by ours where nothing may be written there."""
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=".clock.") as file:
            file.write(b"0")
            file.flush()
            return os.fstat(file.fileno()).st_mtime
    except OSError:
        return time.time()


@functools.cache
def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return hashlib.sha256(f"{boot} {os.readlink('/proc/self/ns/pid')}".encode()).hexdigest()[:16]
    except OSError:
        return ""


def _born(pid: int) -> str:
    """When a process of this machine began, in the kernel's ticks; "" where there is none, or only its corpse."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return ""
    return "" if state in "ZX" else fields[18]


def _words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min" if seconds < 7200 else \
        f"{seconds / 3600:.0f} h"


def _json(table: dict[str, object]) -> bytes:
    return (json.dumps(table, sort_keys=True) + "\n").encode()
