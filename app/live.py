"""`mien live`: a camera's face as weights while it happens, shown, sent on to Live Link Face or VMC, and recorded."""

import argparse
import contextlib
import datetime
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from app.detectors import landmarker_named
from app.live_frames import LiveCamera, Newest, Picture
from app.live_take import live_performance, write_live
from app.models import model_named
from app.progress import JsonLines, Teller, teller
from app.recording import DAY_SECONDS, GIB, ROOM_SECONDS, TICK_SECONDS, free_bytes, sources_of, told, too_little
from app.recording_look import jpeg_text
from app.recording_take import Slate, begin_take, end_take
from app.streaming import PORTS
from app.unhurried import unhurried
from capture.errors import ClipError, MienError, OutputError, UsageError
from capture.files import make_folder
from capture.record import LIVE, LOST, clock_timecode
from capture.record_sources import Source
from exporters import live as wire
from exporters.rotations import continuous
from solver.live import LiveFrame, LiveSolver
from solver.live_landmarks import LiveLandmarks
from solver.network_detector import Look

WAIT_SECONDS = 0.2
OPEN_SECONDS = 15.0
PREVIEW = 420
"""Longest side in px of the picture that is shown."""
RECENT = 50
"""Frames that the frames a second and the latency are of."""
SAY_SECONDS = 1.0
"""Between two sentences about the receiver, or about whether a face is seen; and two looks at the disk."""


def run(options: argparse.Namespace) -> int:
    """Preview until told to stop. Returns the exit code."""
    sources = sources_of(options)
    if len(sources) > 1 and options.camera:
        raise UsageError("the live preview looks through one camera; give one --camera")
    if options.to == "livelink":
        wire.check_subject(options.subject)
    tell = teller(options.events)
    with contextlib.ExitStack() as held:
        send = held.enter_context(wire.sending(options.port or PORTS[options.to], options.host)) if options.to else None
        engine = Live(options, sources[0], tell, send)
        held.callback(engine.close)
        if options.to:
            tell.note("", f"weights go to {options.host}, port {options.port or PORTS[options.to]}")
        lines = told() if options.armed else queue.Queue()
        began = time.monotonic()
        try:
            if options.record and not options.armed:
                engine.obey("record")
            while options.seconds is None or time.monotonic() - began < options.seconds:
                engine.step()
                with contextlib.suppress(queue.Empty):
                    line = lines.get_nowait()
                    if line is None or line == "end":
                        break
                    try:
                        engine.obey(line)
                    except MienError as error:
                        tell.note("", str(error))
        except KeyboardInterrupt:  # that is how it is stopped
            pass
    code = int(bool(engine.failed))
    tell.end(code, engine.done, engine.failed)
    return code


class Live:
    """One camera, its face, and where it goes.

    Attributes:
        done, failed: takes so far; one with a problem has failed, though its clip is there.
    """

    def __init__(self, options: argparse.Namespace, source: Source, tell: Teller, send: Callable[[bytes], object] | None
                 ) -> None:
        self._options, self._tell, self._send = options, tell, send
        self._json = tell if isinstance(tell, JsonLines) else None
        self.done = self.failed = 0
        now = datetime.datetime.now()
        self._midnight = time.monotonic() - (now - now.replace(hour=0, minute=0, second=0, microsecond=0)
                                             ).total_seconds()
        self._source = LiveCamera(source, self._seconds_of_day)
        self._camera = self._source.camera
        self._camera.start()
        self._await_camera()  # before the networks, which take seconds to load
        tell.note("", "loading the networks")
        landmarker, self._model = landmarker_named("mien", options.device), model_named(options.model)
        self._embedding, self._reader = landmarker.embedding(self._model), landmarker.reader
        self._scheme = landmarker.detector.scheme
        self._tracker = LiveLandmarks(options.device)
        self._solver: LiveSolver | None = None
        self._looks = Newest()
        self._recent: deque[tuple[float, float]] = deque(maxlen=RECENT)  # moment of a frame's end, its latency
        self._folder: Path | None = None
        self._frames: list[tuple[float, LiveFrame]] = []
        self._sent, self._began, self._said = 0, 0.0, 0.0
        self._looked = self._looked_for = 0.0
        self._noted, self._again = "", False
        self._seen: bool | None = None
        self._person_told = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="landmarks", daemon=True)
        if self._json is not None:
            self._json.write(event="shapes", names=list(self._model.shape_names), model=options.model)
        self._thread.start()

    def obey(self, line: str) -> None:
        """Do one command: record, cut; slate SCENE, actor NAME.

        Raises:
            MienError: it cannot be done, or is none.
        """
        if line == "record" and self._folder is None:
            if self._options.record is None:
                raise UsageError("say which shoot to record into, with --record SHOOT")
            self._again = False
            make_folder(self._options.record / "takes")
            free, flow = self._free(), self._camera.status().bytes_per_second
            if free < ROOM_SECONDS * flow:
                raise OutputError(too_little(self._options.record, free, self._options.keep_free))
            slate = Slate(self._options.slate or "", None, self._options.actor or "")
            self._folder = begin_take(self._options.record, slate, [self._camera.source.camera])
            self._frames = []
            self._camera.roll(self._folder)
            self._tell.note(self._folder.name, "recording")
        elif line == "cut" and self._folder is not None:
            self._cut()
        elif line not in ("record", "cut"):
            raise UsageError(f"{line!r} is no command; say record, cut or end")

    def step(self) -> None:
        """Take the next look, solve it, and send and tell what comes out."""
        found: tuple[Picture, Look | None] | None = self._looks.take(TICK_SECONDS)
        if found is not None:
            picture, look = found
            frame = self._solve(picture, look)
            moment = time.monotonic()
            self._recent.append((moment, moment - picture.moment))
            if frame is not None and self._folder is not None and not self._camera.problem:
                self._frames.append((picture.seconds, frame))
            if self._json is not None:
                self._show(picture, look, frame)
            else:
                self._say_whether_seen(frame is not None)
        status = self._camera.status()
        if status.problem and self._noted != status.problem:
            self._tell.note("", status.problem)
        self._noted = status.problem
        if status.state == LOST and self._json is not None:
            self._json.write(event="live", state="lost", fps=0.0, latency_ms=0.0, missed=0, take="")
        self._look_after_take()

    def close(self) -> None:
        """Let everything go; a take that is recorded is cut."""
        with unhurried():
            if self._folder is not None:
                self._cut()
            self._stop.set()
            self._thread.join()
            self._camera.close()
            if self._solver is not None:
                self._solver.close()

    @property
    def figures(self) -> tuple[float, float, int]:
        """Frames a second, latency in ms from a picture's arrival to its weights, and pictures that were left out."""
        if len(self._recent) < 2:
            return 0.0, 0.0, 0
        span = self._recent[-1][0] - self._recent[0][0]
        late = float(np.median([latency for _, latency in self._recent]))
        return (len(self._recent) - 1) / max(span, 1e-6), 1000 * late, self._source.pictures.missed + self._looks.missed

    # ---- inside

    def _await_camera(self) -> None:
        deadline = time.monotonic() + OPEN_SECONDS
        while self._camera.status().state != LIVE:
            problem = self._camera.status().problem
            if problem or time.monotonic() > deadline:
                self._camera.close()
                raise ClipError(problem or f"{self._camera.source.camera} gives no pictures; check its cable")
            time.sleep(TICK_SECONDS)

    def _look(self) -> None:
        while not self._stop.is_set():
            picture = self._source.pictures.take(WAIT_SECONDS)
            if picture is not None:
                self._looks.put((picture, self._tracker.next(picture.rgb)))

    def _look_after_take(self) -> None:
        """Cut the take where nothing comes any more, or the disk is nearly full. A camera that comes back is recorded
        again where nobody is there to say so."""
        problem = self._camera.problem
        state = self._camera.status().state  # asked after the problem: a camera that went away is lost by then
        if self._folder is not None and problem:
            self._again = not self._options.armed and state == LOST
            self._cut()
        elif self._folder is not None and time.monotonic() - self._looked > SAY_SECONDS:
            self._looked = time.monotonic()
            if self._free() <= 0:
                self._cut(f"the disk has no more than {self._options.keep_free:.1f} GiB left, which stay free; "
                          "free some space")
        elif self._again and state == LIVE:
            try:
                self.obey("record")
            except MienError as error:  # the preview goes on
                self._again = False
                self._tell.note("", str(error))

    def _free(self) -> int:
        """Bytes that may still be written."""
        return free_bytes(self._options.record) - round(self._options.keep_free * GIB)

    def _say_whether_seen(self, seen: bool) -> None:
        if seen != self._seen and time.monotonic() - self._looked_for > SAY_SECONDS:
            self._looked_for, self._seen = time.monotonic(), seen
            self._tell.note("", "a face is seen" if seen else "no face is seen")

    def _solve(self, picture: Picture, look: Look | None) -> LiveFrame | None:
        size = picture.rgb.shape[1], picture.rgb.shape[0]
        if self._solver is None or self._solver.camera.size != size:  # it came back, and was turned or set anew
            self._began = picture.moment if self._solver is None else self._began
            if self._solver is not None:
                self._solver.close()
            self._solver = LiveSolver(size, self._camera.rate, self._model, self._embedding, self._reader, self._scheme)
            self._person_told = False
        if look is None:
            self._solver.lose()
            frame = None
        else:
            frame = self._solver.next(look, picture.seconds)
        if self._send is not None:
            self._send_on(frame, picture.moment)
        return frame

    def _send_on(self, frame: LiveFrame | None, moment: float) -> None:
        if frame is None:
            if self._options.to == "livelink":
                self._sent_off([wire.no_face(self._options.subject)])
            return
        rate = self._camera.rate
        performance = live_performance([frame], ((),), self._model, self._solver.identity, rate,
                                       str(clock_timecode(self._seconds_of_day(self._began), rate)), "live", "",
                                       self._camera.source.camera)
        packets = wire.live_link(performance, self._options.subject) if self._options.to == "livelink" \
            else wire.vmc(performance)
        self._sent_off(packets(max(round((moment - self._began) * float(rate)), 0)))
        self._sent += 1

    def _sent_off(self, packets: Sequence[bytes]) -> None:
        for data in packets:
            try:
                self._send(data)
            except OSError as error:  # a receiver that is away for a moment is no reason to stop
                if time.monotonic() - self._said > SAY_SECONDS:
                    self._said = time.monotonic()
                    self._tell.note("", f"nothing reaches the receiver ({error.strerror}); is it there?")

    def _cut(self, reason: str = "") -> None:
        folder, self._folder = self._folder, None
        part = self._camera.cut()
        problems = [text for text in (reason, part.problem) if text]
        outputs = (str(part.path),) if part.path is not None else ()
        try:
            end_take(folder, [part])
            if outputs and self._solver is not None:
                timecode = clock_timecode(self._seconds_of_day(part.began), part.rate)
                path = write_live(folder, self._frames, part, timecode, self._model, self._solver.identity,
                                  self._options.actor or "")
                outputs += (str(path),) if path is not None else ()
        except OutputError as error:  # the clip is there all the same
            problems.append(str(error))
        failed = bool(problems) or not outputs
        self.done, self.failed = self.done + (not failed), self.failed + failed
        self._tell.take(folder.name, "done" if outputs else "failed", "; ".join(dict.fromkeys(problems)), outputs)

    def _show(self, picture: Picture, look: Look | None, frame: LiveFrame | None) -> None:
        fps, latency, missed = self.figures
        event = {"event": "live", "state": "tracking" if frame is not None else "looking", "fps": round(fps, 1),
                 "latency_ms": round(latency, 1), "missed": missed, "sent": self._sent,
                 "take": self._folder.name if self._folder is not None else "",
                 "size": [picture.rgb.shape[1], picture.rgb.shape[0]], "person": self._solver.person_known}
        if frame is not None:
            turn = continuous(live_quaternion(frame))[0]
            event |= {"weights": frame.weights.round(3).tolist(), "rotation": turn.round(5).tolist(),
                      "translation": frame.translation.round(5).tolist(), "gaze": frame.gaze.round(4).tolist(),
                      "focal_px": round(float(self._solver.camera.matrix[0, 0]), 2)}
            if self._solver.person_known and not self._person_told:
                self._person_told = True
                event["identity"] = self._solver.identity.round(4).tolist()
        if self._options.pictures:
            event["jpeg"] = jpeg_text(_small(picture.rgb))
            event["points"] = look.points.round(1).ravel().tolist() if look is not None else []
        self._json.write(**event)

    def _seconds_of_day(self, moment: float) -> float:
        return (moment - self._midnight) % DAY_SECONDS


def live_quaternion(frame: LiveFrame) -> np.ndarray:
    """(1, 4) x y z w."""
    return Rotation.from_matrix(frame.rotation[None]).as_quat()


def _small(rgb: np.ndarray) -> np.ndarray:
    scale = min(PREVIEW / max(rgb.shape[:2]), 1.0)
    return cv2.resize(rgb, (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)), interpolation=cv2.INTER_AREA)
