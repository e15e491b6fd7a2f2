"""The open take's proxies: those that are there are used, missing ones are made beside the app, by a child process."""

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.contents import state_of
from app.gui import jobs
from app.gui.jobs import Job
from app.gui.known_clips import clip_of
from app.gui.session import Session
from app.proxies import known_proxies
from capture.errors import MienError
from capture.proxy import open_proxy
from capture.video import Clip

DELAY_MS = 3000
"""So long a take is open, and so long nothing else has run, before its proxies are made."""


class Proxies(QObject):
    """Follows the session's take.

    Attributes:
        clips: the proxy of each of the take's clips, None where there is none yet.
        problem: why none could be made, in one sentence; "" where nothing went wrong.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.clips: tuple[Clip | None, ...] = ()
        self.problem = ""
        self._state: object = None
        self._job: Job | None = None
        self._ending: list[Job] = []
        self._delay = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._delay.timeout.connect(self._make)
        session.take_changed.connect(self._take_changed)

    @property
    def share(self) -> float | None:
        """How much of the clip at hand is done while proxies are made; None otherwise."""
        return self._job.done / max(self._job.total, 1) if self._job is not None else None

    def stop(self) -> None:
        """Make no more, and wait until none is being made."""
        self._give_up()
        for job in list(self._ending):
            job.wait(jobs.GRACE_MS)

    def _give_up(self) -> None:
        """Make no more. What is being made ends in its own time: nobody waits for it."""
        self._delay.stop()
        job, self._job = self._job, None
        if job is not None:
            self._ending.append(job)
            job.cancel()

    def _take_changed(self) -> None:
        data = self.session.data
        if data is None or data.clips is None:
            self._give_up()
            self._state, self.clips, self.problem = None, (), ""
            return
        try:
            state = (data.take.name, *((state_of(clip.path), clip.rotate) for clip in data.clips.clips))
        except MienError:
            return  # a clip has just gone; who shows it will say so
        if state == self._state:
            return
        self._give_up()
        self._state, self.problem = state, ""
        self.clips = known_proxies(data.take, data.clips.clips, clip_of)
        if None in self.clips:
            self._delay.start()
        self.changed.emit()

    def _make(self) -> None:
        if self.session.jobs.running() or self._ending:
            self._delay.start()  # what the user asked for comes first
            return
        take = self.session.data.take
        place = take.folder if take.folder is not None else take.clips[0]
        self._job = Job(f"Proxies of {take.name}", ["proxy", str(place), "--gently"], parent=self)
        self._job.changed.connect(self.changed)
        self._job.ended.connect(lambda job=self._job: self._ended(job))
        self._job.start()

    def _ended(self, job: Job) -> None:
        job.deleteLater()
        if job in self._ending:
            self._ending.remove(job)
            return
        self._job = None
        if job.state == jobs.DONE:
            self._take_up([Path(path) for path in job.outputs])
        else:
            self.problem = job.error
        self.changed.emit()

    def _take_up(self, paths: list[Path]) -> None:
        try:
            self.clips = tuple(open_proxy(clip, path, clip_of) for clip, path in
                               zip(self.session.data.clips.clips, paths, strict=True))
        except (MienError, ValueError) as error:
            self.problem = str(error)
