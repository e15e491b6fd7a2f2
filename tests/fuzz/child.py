"""One process that feeds one reader: within limits of time and memory, watched by an audit hook.

`python -m tests.fuzz.child NAME FOLDER SECONDS SEED`, as `python -m tests.fuzz` calls it. With the package `atheris`
installed, coverage guides the mutations (libFuzzer); without it new answers of the reader do.
"""

import contextlib
import faulthandler
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

try:
    import atheris
except ImportError:
    atheris = None

from tests.held import held_mib

ROOT = Path(__file__).resolve().parents[2]
HANG_SECONDS = 10.0
MEMORY = 1 << 30
LARGEST = 1 << 18
SLOW_SECONDS = 2.0
ENOUGH_MIB = 600
RESULT = "result.json"


class Watch:
    """What an input did that reading a file must not: the audit hook notes it."""

    FORBIDDEN = ("os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork", "pickle.find_class",
                 "socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "urllib.Request",
                 "shutil.unpack_archive", "ctypes.dlopen")

    def __init__(self, folder: Path) -> None:
        self.folder, self.on, self.seen = os.path.realpath(folder), False, ""
        self.readable = tuple(os.path.realpath(path) for path in (
            ROOT, sys.prefix, sys.base_prefix, "/proc", "/dev", "/sys", "/usr", folder))
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple) -> None:
        if not self.on or self.seen:
            return
        text_run = event == "exec" and arguments[0].co_filename.startswith("<string")
        if event in self.FORBIDDEN or text_run:
            self.seen = f"{event} {arguments!r:.200}"
        elif event == "open" and isinstance(arguments[0], str | bytes):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            writes = arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if isinstance(arguments[2], int) else 0
            inside = path == self.folder or path.startswith(self.folder + os.sep)
            if not inside and ((writes and path != "/dev/null") or not path.startswith(self.readable)):
                self.seen = f"opens {path}"
        elif event in ("os.rename", "os.remove", "os.mkdir", "os.link", "os.symlink"):
            for path in arguments[:2]:
                if isinstance(path, str | bytes) and not os.path.realpath(os.fsdecode(path)).startswith(self.folder):
                    self.seen = f"{event} {path!r}"


class Feeder:
    """Gives inputs to a reader and keeps those that break it."""

    def __init__(self, target, folder: Path, seconds: float) -> None:
        self.target, self.folder, self.seconds = target, folder, seconds
        self.scratch = folder / "scratch"
        self.inputs, self.answers, self.slowest = 0, {}, 0.0
        self.found = folder / "found"
        self.found.mkdir(parents=True, exist_ok=True)
        self.watch = Watch(self.scratch)
        self.began = time.process_time()
        self.told = self.began

    def feed(self, data: bytes) -> bool:
        """Whether the reader's answer was a new one."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()
        path = self.scratch / self.target.file
        path.write_bytes(data)
        (self.folder / "current").write_bytes(data)
        begin = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)
        answer = self._answer(path, data)
        signal.setitimer(signal.ITIMER_PROF, 0)
        took = time.process_time() - begin
        self.slowest = max(self.slowest, took)
        if self.watch.seen:
            self._keep(data, f"forbidden: {self.watch.seen}")
        if took > SLOW_SECONDS:
            self._keep(data, f"slow: {took:.0f} s")
        self.inputs += 1
        if begin - self.told > 2:
            self.tell()
            self.told = begin
            if held_mib() > ENOUGH_MIB:  # the fuzzer's own: what it keeps of each input; another process goes on
                os._exit(0)
        new = answer not in self.answers
        self.answers[answer] = self.answers.get(answer, 0) + 1
        if begin - self.began > self.seconds:
            self.tell()
            os._exit(0)
        return new

    def _answer(self, path: Path, data: bytes) -> str:
        """The reader's answer in outline; what it should not answer is kept."""
        from capture.errors import MienError

        self.watch.seen, self.watch.on = "", True
        try:
            try:
                self.target.read(path)
            finally:
                self.watch.on = False
        except MienError as error:
            text, link = str(error), error
            while link is not None:
                # FFmpeg says that memory is short where it refuses a size that makes no sense: it asked for none.
                if isinstance(link, MemoryError) and not type(link).__module__.startswith("av."):
                    self._keep(data, f"memory: {_place(error)}")
                    break
                link = link.__cause__ or link.__context__
            if not text.strip() or len(text) > 2000 or "\n" in text.strip():
                self._keep(data, f"sentence: {_place(error)}")
            return re.sub(r"[^a-z ]+|'.*?'", "#", text.lower())[:120]
        except BaseException as error:
            self._keep(data, f"{type(error).__name__}: {_place(error)}", "".join(traceback.format_exception(error)))
            return f"!{_place(error)}"
        return "read"

    def _keep(self, data: bytes, why: str, more: str = "") -> None:
        place = self.found / hashlib.sha256(re.sub(r"\d+", "", why).encode()).hexdigest()[:12]
        if not place.exists() or len(data) < place.stat().st_size:
            place.write_bytes(data)
            place.with_suffix(".txt").write_text(f"{why}\n{more}")

    def tell(self) -> None:
        from app.timings import peak_mib

        result = {"cpu_seconds": time.process_time() - self.began, "inputs": self.inputs, "slowest": self.slowest,
                  "answers": len(self.answers), "peak_mib": round(peak_mib() or 0),
                  "top": sorted(self.answers.items(), key=lambda item: -item[1])[:12]}
        (self.folder / RESULT).write_text(json.dumps(result, indent=1))


def _place(error: BaseException) -> str:
    """The innermost line of ours that an error came through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if str(ROOT) in frame.filename
              and ".venv" not in frame.filename and "tests/fuzz" not in frame.filename]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def limit() -> None:
    """1 GiB beyond what is there already, no core file, and an end after ten seconds of one input."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 20, 64 << 20))
    faulthandler.enable()
    faulthandler.register(signal.SIGPROF, chain=True)


def main(name: str, folder: Path, seconds: float, seed: int) -> None:
    from tests.fuzz import mutate

    with atheris.instrument_imports(include=["capture", "solver", "exporters", "app"]) if atheris \
            else contextlib.nullcontext():
        from tests.fuzz.targets import TARGETS
    warnings.simplefilter("error")
    target = TARGETS[name]
    sound = list(target.corpus())
    feeder = Feeder(target, folder, seconds)
    feeder.scratch.mkdir(parents=True, exist_ok=True)
    for data in sound:  # what is imported late is imported now, before the limits
        path = feeder.scratch / target.file
        path.write_bytes(data)
        with contextlib.suppress(Exception):
            target.read(path)
    for data in [*sound, *target.seeds().values()]:
        feeder.feed(data)
    limit()

    def one_mutation(data: bytes, chance: random.Random, others: list[bytes]) -> bytes:
        if target.shapes and chance.random() < 0.5:
            return chance.choice(target.shapes)(data, chance)[:LARGEST]
        return mutate.mutated(data, chance, others, LARGEST)

    if atheris is None:
        chance = random.Random(seed)
        while True:
            data = one_mutation(chance.choice(sound), chance, sound)
            if feeder.feed(data) and len(sound) < 500:
                sound.append(data)
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for index, data in enumerate(sound):
        (corpus / f"sound{index}").write_bytes(data)

    def chosen(data: bytes, largest: int, number: int) -> bytes:
        chance = random.Random(number)
        if chance.random() < 0.4:
            return atheris.Mutate(data, largest)
        return one_mutation(bytes(data), chance, sound)[:largest]

    atheris.Setup([sys.argv[0], f"-max_len={LARGEST}", f"-seed={seed}", "-timeout=100000", "-rss_limit_mb=0",
                   f"-artifact_prefix={folder}/", "-len_control=0", str(corpus)], feeder.feed, custom_mutator=chosen)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
