"""`mien record`: cameras are armed, rolled and cut; each take is ready to be solved when it stops."""

import argparse
import datetime
import queue
import shutil
import sys
import threading
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from app.progress import JsonLines, Teller, teller
from app.recording_look import Look
from app.recording_take import Slate, begin_take, end_take, next_number, take_name
from app.unhurried import unhurried
from capture.errors import ClipError, MienError, OutputError, UsageError
from capture.files import make_folder
from capture.record import LIVE, Camera, Recorded, Status, clock_timecode
from capture.record_sources import Source, attached, parse_source

TICK_SECONDS = 0.05
TELL_SECONDS = 0.2
SYNC_SECONDS = 0.5
ARM_SECONDS = 10.0
"""How long cameras that do not answer are waited for before the others roll."""
ROOM_SECONDS = 30.0
"""Of recording that the disk must have room for, beside what is to stay free, or nothing is rolled."""
GIB = 1 << 30
ARMING, ARMED, ROLLING = "arming", "armed", "rolling"
DAY_SECONDS = 86400
NO_CAMERA = "no camera is attached; connect one, or name a stream with --camera camA=rtsp://..."


def run(options: argparse.Namespace) -> int:
    """Record until told to stop. Returns the exit code."""
    if options.list:
        found = attached()
        for source, title in found:
            print(f"{source.camera}={source.address}  {title}")
        if not found:
            print(f"mien: {NO_CAMERA}", file=sys.stderr)
        return 0
    if options.shoot is None:
        raise UsageError("say which shoot to record into: `mien record my-shoot`; it is made where it is not there")
    slate = Slate(options.slate or "", options.take, options.actor or "")
    sources = sources_of(options)
    tell = teller(options.events)
    make_folder(options.shoot / "takes")
    recorder = Recorder(options.shoot, sources, slate, tell, round(options.keep_free * GIB), options.faces,
                        options.pictures and options.events)
    try:
        if options.armed:
            commanded(recorder, told())
        else:
            once(recorder, options.seconds)
    except KeyboardInterrupt:  # that is how a recording is stopped
        pass
    finally:
        with unhurried():
            recorder.close()
    tell.end(recorder.exit_code, recorder.done, recorder.failed)
    return recorder.exit_code


def sources_of(options: argparse.Namespace) -> tuple[Source, ...]:
    """The cameras that were asked for, or all that are attached.

    Raises:
        UsageError: there are none, or two of one name.
    """
    sources = tuple(parse_source(text, options.size, options.rate) for text in options.camera or ()) or tuple(
        source for source, _ in attached(options.size, options.rate))
    if not sources:
        raise UsageError(NO_CAMERA)
    names = [source.camera for source in sources]
    if twins := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"two cameras are called {twins[0]}; each needs a name of its own")
    return sources


def told() -> "queue.Queue[str | None]":
    """The lines that come on stdin; None at its end."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line.strip())
        lines.put(None)

    threading.Thread(target=read, name="commands", daemon=True).start()
    return lines


def commanded(recorder: "Recorder", lines: "queue.Queue[str | None]") -> None:
    """Do what the lines say: roll, cut, slate SCENE, take NUMBER, actor NAME; an empty one rolls or cuts; end."""
    while True:
        recorder.tick()
        try:
            line = lines.get(timeout=TICK_SECONDS)
        except queue.Empty:
            continue
        if line is None or line == "end":
            return
        try:
            recorder.obey(line)
        except MienError as error:
            recorder.tell.note("", str(error))


def once(recorder: "Recorder", seconds: float | None) -> None:
    """Roll as soon as the cameras are there, for so many seconds or until interrupted."""
    began = time.monotonic()
    while recorder.state == ARMING and time.monotonic() - began < ARM_SECONDS:
        recorder.tick()
        time.sleep(TICK_SECONDS)
    recorder.roll()
    while recorder.state == ROLLING and (seconds is None or recorder.seconds < seconds):
        recorder.tick()
        time.sleep(TICK_SECONDS)


def free_bytes(folder: Path) -> int:
    """Bytes that are free where a folder lies."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:  # it went away: the clips' own writing says so
        return 0


def too_little(shoot: Path, left: int, keep_free: float) -> str:
    """The sentence for a disk with so many bytes left beside the GiB that are to stay free."""
    return (f"{shoot} has {left / GIB + keep_free:.1f} GiB left, of which {keep_free:.1f} stay free: too little to "
            "record; free some space")


class Recorder:
    """Cameras, the take that is recorded, and what is told of them.

    Args:
        keep_free: bytes that stay free on the disk.
        faces: whether to look for faces.
        pictures: whether small pictures are told too.
        free: bytes that are free where a folder lies; for tests.

    Attributes:
        state: "arming", "armed" or "rolling".
        done, failed: takes so far; one with a problem has failed, though its clips are there.
    """

    def __init__(self, shoot: Path, sources: Sequence[Source], slate: Slate, tell: Teller, keep_free: int,
                 faces: bool = True, pictures: bool = False,
                 free: Callable[[Path], int] | None = None) -> None:
        self.shoot, self.slate, self.tell = shoot, slate, tell
        self.state, self.done, self.failed = ARMING, 0, 0
        self._keep_free, self._free = keep_free, free or free_bytes
        now = datetime.datetime.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self._midnight = time.monotonic() - (now - midnight).total_seconds()
        self._cameras = tuple(Camera(source, self._seconds_of_day) for source in sources)
        self._folder: Path | None = None
        self._rolled = self._told = self._synced = 0.0
        self._noted: dict[str, str] = {}
        self._rates_told = ""
        self._json = tell if isinstance(tell, JsonLines) else None
        for camera in self._cameras:
            camera.start()
        self._look = Look(self._cameras, faces, pictures)

    @property
    def exit_code(self) -> int:
        return int(bool(self.failed))

    @property
    def seconds(self) -> float:
        """Since the take was rolled."""
        return time.monotonic() - self._rolled if self.state == ROLLING else 0.0

    def obey(self, line: str) -> None:
        """Do one command.

        Raises:
            MienError: it cannot be done, or is none.
        """
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word in ("roll", "cut") or not word:
            if self.state == ROLLING and word != "roll":
                self.cut()
            elif self.state != ROLLING and word != "cut":
                self.roll()
        elif word in ("slate", "actor", "take"):
            self.slate = _slated(self.slate, word, rest)
        else:
            raise UsageError(f"{line!r} is no command; say roll, cut, slate SCENE, take NUMBER, actor NAME or end")

    def roll(self) -> None:
        """Begin a take with all cameras that give pictures.

        Raises:
            MienError: none does, the disk has no room, or the take's folder cannot be made.
        """
        live = [camera for camera in self._cameras if camera.status().state == LIVE]
        if not live:
            said = self._cameras[0].status().problem if len(self._cameras) == 1 else ""
            raise ClipError(said or "no camera gives pictures; look at cables and addresses")
        free, flow = self._room()
        if free < ROOM_SECONDS * flow:
            raise OutputError(too_little(self.shoot, free, self._keep_free / GIB))
        self._tell_rates(live)
        self._folder = begin_take(self.shoot, self.slate, [camera.source.camera for camera in self._cameras])
        for camera in self._cameras:
            camera.roll(self._folder)
        self.state, self._rolled, self._noted = ROLLING, time.monotonic(), {}
        self.tell.note(self._folder.name, f"rolling {len(live)} of {len(self._cameras)} cameras")

    def cut(self, reason: str = "") -> None:
        """End the take.

        Args:
            reason: why, where nobody asked for it.
        """
        folder, self._folder, self.state = self._folder, None, ARMED
        recorded = [camera.cut() for camera in self._cameras]
        self.slate = Slate(self.slate.scene, None, self.slate.actor)
        problems = list(dict.fromkeys(filter(None, [reason, *(part.problem for part in recorded)])))
        try:
            outputs = end_take(folder, recorded)
        except OutputError as error:
            outputs = tuple(str(part.path) for part in recorded if part.path is not None)
            problems.append(str(error))
        failed = bool(problems) or not outputs
        self.done, self.failed = self.done + (not failed), self.failed + failed
        for part in recorded:
            if part.path is not None:
                self.tell.note(folder.name, _words(part))
        self.tell.take(folder.name, "done" if outputs else "failed", "; ".join(problems), outputs)

    def tick(self) -> None:
        """Look after everything; to be called some times a second."""
        now = time.monotonic()
        statuses = [camera.status() for camera in self._cameras]
        if self.state == ARMING and all(status.state == LIVE for status in statuses):
            self.state = ARMED
            self._tell_rates(self._cameras)
        for status in statuses:
            if status.problem and self._noted.get(status.camera) != status.problem:
                self.tell.note(self._folder.name if self._folder else "", status.problem)
            self._noted[status.camera] = status.problem
        free, _ = self._room()
        if self.state == ROLLING:
            ended = [camera.problem for camera in self._cameras]
            if free <= 0:
                self.cut(f"the disk has no more than {self._keep_free / GIB:.1f} GiB left, which stay free; "
                         "free some space")
            elif all(ended):
                self.cut()
        if now - self._synced > SYNC_SECONDS:
            self._synced = now
            for camera in self._cameras:
                camera.sync()
        if self._json is not None and now - self._told > TELL_SECONDS:
            self._told = now
            self._tell_all(now, statuses)

    def close(self) -> None:
        """Cut if it rolls, and let all cameras go."""
        if self.state == ROLLING:
            self.cut()
        self._look.close()
        for camera in self._cameras:
            camera.close()

    # ---- inside

    def _tell_all(self, now: float, statuses: Sequence[Status]) -> None:
        free, flow = self._room()
        for status in statuses:
            found = self._look.levels.get(status.camera)
            self._json.write(
                event="camera", camera=status.camera, state=status.state, frames=status.frames, dropped=status.dropped,
                rate=round(status.rate, 2), size=list(status.size), problem=status.problem,
                face=_rounded(self._look.face(status.camera)),
                **{name: _rounded(getattr(found, name, None)) for name in ("focus", "exposure", "clipped", "crushed")})
            if (jpeg := self._look.shown.pop(status.camera, None)) is not None:
                self._json.write(event="picture", camera=status.camera, jpeg=jpeg)
        take = self._folder.name if self._folder else take_name(
            self.slate.scene, self.slate.number or next_number(self.shoot, self.slate.scene))
        self._json.write(event="recorder", state=self.state, take=take, seconds=round(self.seconds, 2),
                         timecode=str(clock_timecode(self._seconds_of_day(now), self._cameras[0].rate)),
                         free_bytes=max(free, 0), seconds_left=round(free / flow) if flow and free > 0 else 0)

    def _tell_rates(self, cameras: Sequence[Camera]) -> None:
        rates: dict[Fraction, str] = {}
        for camera in cameras:
            rates.setdefault(camera.rate, camera.source.camera)
        if len(rates) > 1:
            said = " and ".join(f"{name} {float(rate):.5g}" for rate, name in rates.items())
            sentence = (f"the cameras' frame rates differ ({said}): all frames are recorded, but to solve the take set "
                        "one rate in all cameras, or convert the clips")
            if sentence != self._rates_told:
                self.tell.note("", sentence)
            self._rates_told = sentence

    def _room(self) -> tuple[int, float]:
        """Bytes that may still be written, and bytes a second that come."""
        flow = sum(camera.status().bytes_per_second for camera in self._cameras)
        return self._free(self.shoot) - self._keep_free, flow

    def _seconds_of_day(self, moment: float) -> float:
        return (moment - self._midnight) % DAY_SECONDS


def _slated(slate: Slate, word: str, value: str) -> Slate:
    if word == "take":
        if not value.isdecimal() or int(value) < 1:
            raise UsageError(f"{value!r} is no take number; give 1, 2, 3 and so on")
        return Slate(slate.scene, int(value), slate.actor)
    return Slate(value, None, slate.actor) if word == "slate" else Slate(slate.scene, slate.number, value)


def _words(part: Recorded) -> str:
    return f"{part.camera}: {part.frames} frames" + (f", {part.dropped} dropped" if part.dropped else "")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
