"""Runs with faults put in, what they leave behind, and what the same command makes of that."""

import errno
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import animator, power

ROOT = Path(__file__).resolve().parents[2]
WRITE, FSYNC, RENAME, READ, OPEN, UNLINK, MKDIR, ANY = 1, 2, 3, 4, 5, 6, 7, 9
KINDS = {"write": WRITE, "fsync": FSYNC, "rename": RENAME, "read": READ, "open": OPEN}
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)
TIMED = (".html",)
"""Results that tell how long the steps took, so that they differ from run to run: they must be whole, not equal."""
PATIENCE = 600.0
"""Seconds by the clock after which a run hangs; on an idle machine it takes two."""
OWN = ("running.json", "lock.json", "done.json", "failed.json")
"""Artefacts that speak of one run: who, when, by which inode."""


@dataclass
class Tally:
    """What came of a campaign.

    Attributes:
        runs: how many runs were disturbed.
        hit: how many of these met their fault before they were done.
        faults: sentences, one for each thing that must not be.
    """

    runs: int = 0
    hit: int = 0
    faults: list[str] = field(default_factory=list)


class Server:
    """Runs of `mien` below the shim. See server.py and shim.c."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        scratch.mkdir(parents=True, exist_ok=True)
        shim = scratch / "shim.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", shim, Path(__file__).with_name("shim.c"), "-ldl",
                        "-lpthread"], check=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.server"], cwd=ROOT, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={**os.environ, "LD_PRELOAD": str(shim), "OMP_NUM_THREADS": "1"})
        self.said, self.journal = scratch / "said", scratch / "journal"

    def run(self, arguments: list[str], folder: Path, *, kind: int = 0, nth: int = 0, error: int = 0,
            always: bool = False, journal: bool = False, kill_after: float | None = None) -> int:
        """One run; what it did below `folder` can be made to fail. Returns its exit code, below 0 if it was killed."""
        request = {"arguments": arguments, "folder": str(folder), "kind": kind, "nth": nth, "error": error,
                   "always": int(always), "said": str(self.said), "journal": str(self.journal) if journal else ""}
        print(json.dumps(request), file=self._process.stdin, flush=True)
        pid = json.loads(self._process.stdout.readline())["pid"]
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(pid, signal.SIGKILL)
        print(file=self._process.stdin, flush=True)
        if not select.select([self._process.stdout], [], [], PATIENCE)[0]:
            os.kill(pid, signal.SIGKILL)  # it waits for something that never comes: its end by a signal is a fault
        ended = json.loads(self._process.stdout.readline())
        self.cpu = ended["cpu"]
        return ended["status"]

    def words(self) -> str:
        return self.said.read_text(errors="replace")

    def seen(self) -> list[int]:
        """How many calls of each kind the last run made, if it ended by itself."""
        return json.loads(self.said.with_name("said.seen").read_text())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@contextmanager
def served(scratch: Path) -> Iterator[Server]:
    server = Server(scratch)
    try:
        yield server
    finally:
        server.close()


class Job:
    """The main job on one take, with what it makes when nobody disturbs it."""

    def __init__(self, server: Server, take: Path, rig: Path, scratch: Path, options: tuple[str, ...]) -> None:
        self.server, self.take, self.out = server, take, scratch / "out"
        self.arguments = ["solve", str(take), "--rig", str(rig), "--out", str(self.out), *options]
        self.corrections = (take / "corrections.json").read_bytes()
        self.clear()
        assert server.run(self.arguments, self.out) == 0, server.words()  # fills the cache
        self.clear()
        begin = time.monotonic()
        assert server.run(self.arguments, self.out, journal=True) == 0, server.words()
        self.seconds, self.calls = time.monotonic() - begin, server.seen()
        self.changes = power.read_journal(server.journal)
        self.truth = self.files()
        self.detected = {name: data for name, data in self.truth.items() if Path(name).name.startswith("detect.")}

    def files(self) -> dict[str, bytes]:
        return {str(path.relative_to(self.out)): path.read_bytes() for path in self.out.rglob("*") if path.is_file()}

    def clear(self, detected: bool = False) -> None:
        """An empty folder of results, or one where the landmarks are found already."""
        shutil.rmtree(self.out, ignore_errors=True)
        if detected:
            for name, data in self.detected.items():
                (self.out / name).parent.mkdir(parents=True, exist_ok=True)
                (self.out / name).write_bytes(data)

    def check(self, tally: Tally, what: str, all_there: bool, pristine: bool = True) -> None:
        """Everything under a final name is whole and right; with `all_there` nothing is missing.

        Args:
            pristine: the disk itself lost nothing, so that artefacts too must be whole.
        """
        found = self.files()
        for name, data in found.items():
            path = Path(name)
            if path.name.startswith(".") or path.name in OWN or "took" in path.parts or path.name.startswith("clip."):
                continue
            artefact = ".mien" in path.parts
            if path.suffix in TIMED:
                wrong = not data.rstrip().endswith(b"</html>")
            elif path.name in ("export.json", "report.json") or "parts" in path.parts or name not in self.truth:
                continue  # records of what else is there: believed only as far as that bears them out
            else:
                wrong = data != self.truth[name]
            if wrong and (pristine or not artefact):
                tally.faults.append(f"{what}: {name} has other bytes")
        if all_there:
            lost = [name for name in self.truth if name not in found and Path(name).name not in OWN
                    and not Path(name).name.startswith("clip.") and "took" not in Path(name).parts]
            if lost:
                tally.faults.append(f"{what}: {lost[0]} is missing")
            litter = [name for name in found if name.endswith(".part")]
            if litter:
                tally.faults.append(f"{what}: {litter[0]} was left behind")
        if (self.take / "corrections.json").read_bytes() != self.corrections:
            tally.faults.append(f"{what}: the corrections have changed")

    def resume(self, tally: Tally, what: str) -> None:
        """The same command again, undisturbed."""
        code = self.server.run(self.arguments, self.out)
        if code:
            tally.faults.append(f"{what}: the same command again ended with {code}: {self.server.words()[-300:]}")
        self.check(tally, what + ", resumed", all_there=True)


def kills(job: Job, count: int, seed: int, tally: Tally) -> None:
    """SIGKILL at random moments, by the clock and at calls to the system, until so many hit. Up to five in a row hit
    the runs that go on from one another; then one may end."""
    chance = random.Random(seed)
    row = 0
    while tally.hit < count:
        if not row:
            job.clear(detected=chance.random() < 0.5)
            row = chance.randint(1, 5)
        tally.runs += 1
        row -= 1
        if tally.runs % 2:
            moment = job.seconds * chance.betavariate(1, 2)
            what = f"kill {tally.runs} after {moment:.3f} s"
            code = job.server.run(job.arguments, job.out, kill_after=moment)
        else:
            nth = int(sum(job.calls[1:]) * chance.betavariate(1, 2))
            what = f"kill {tally.runs} at call {nth}"
            code = job.server.run(job.arguments, job.out, kind=ANY, nth=nth)
        tally.hit += code < 0
        row = 0 if code >= 0 else row
        job.check(tally, what, all_there=code >= 0)
        if not row:
            job.resume(tally, what)


def failures(job: Job, count: int, seed: int, tally: Tally) -> None:
    """The Nth call of a kind fails, once or from then on; the run says so in a sentence or gets by. After two of them
    nothing is disturbed, and all is whole."""
    chance = random.Random(seed)
    for number in range(count):
        kind = list(KINDS)[number % len(KINDS)]
        code, always = ERRORS[number // len(KINDS) % len(ERRORS)], chance.random() < 0.4
        if number % 2 == 0:
            job.clear(detected=chance.random() < 0.5)
        nth = int(job.calls[KINDS[kind]] * chance.betavariate(1, 2))
        what = f"{kind} {nth} {errno.errorcode[code]}{' for good' if always else ''}"
        ended = job.server.run(job.arguments, job.out, kind=KINDS[kind], nth=nth, error=code, always=always)
        tally.runs += 1
        tally.hit += ended != 0
        said = job.server.words()
        if ended not in (0, 1, 3) or "Traceback" in said or "internal error" in said:
            tally.faults.append(f"{what}: ended with {ended}: {said[-300:]}")
        job.check(tally, what, all_there=False)
        if number % 2:
            job.resume(tally, what)


def power_cuts(job: Job, count: int, seed: int, tally: Tally) -> None:
    """The power goes between two changes; the disk holds one of the states that it may hold."""
    chance = random.Random(seed)
    known = set()
    for number in range(20 * count):
        if tally.runs == count:
            break
        names, data = power.NAMES[number % 4], power.DATA[number // 4 % 4]
        point = chance.randrange(1, len(job.changes) + 1)
        state = power.cut(job.changes, point, names, data, chance)
        seal = hash(frozenset(state.items()))
        if seal in known:
            continue
        known.add(seal)
        power.lay(state, job.out)
        what = f"power cut before change {point}, names {names}, bytes {data}"
        tally.runs += 1
        tally.hit += 1
        job.check(tally, what, all_there=False, pristine=False)
        job.resume(tally, what)


def corrections(server: Server, scratch: Path, count: int, seed: int, tally: Tally, saves: int = 6) -> None:
    """An animator saves again and again: kills, failing calls and power cuts at random calls. What was told as saved
    stays."""
    chance = random.Random(seed)
    folder = scratch / "take"
    for number in range(count):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder.parent / animator.SAID).unlink(missing_ok=True)
        run = ["corrections", str(folder), str(saves)]
        kind = ("kill", "failure", "power")[number % 3]
        tally.runs += 1
        if kind == "failure":
            call, code = chance.choice((WRITE, FSYNC, RENAME, OPEN)), chance.choice(ERRORS)
            ended = server.run(run, folder, kind=call, nth=chance.randrange(saves), error=code,
                               always=chance.random() < 0.3)
            tally.hit += 1
            if ended:
                tally.faults.append(f"saving ended with {ended}: {server.words()[-300:]}")
        elif kind == "kill":
            tally.hit += server.run(run, folder, kind=ANY, nth=chance.randrange(6 * saves)) < 0
        else:
            # Killed there, and the power goes in the same moment: what was told until then must be on the disk.
            tally.hit += server.run(run, folder, kind=ANY, nth=chance.randrange(6 * saves), journal=True) < 0
            changes = power.read_journal(server.journal)
            power.lay(power.cut(changes, len(changes), chance.choice(power.NAMES), chance.choice(power.DATA), chance),
                      folder)
        if animator.lost(folder):
            tally.faults.append(f"corrections {number} ({kind}): a saved one is lost")
        ended = server.run(run, folder)
        if ended or animator.lost(folder):
            tally.faults.append(f"corrections {number} ({kind}): no more could be saved afterwards")
