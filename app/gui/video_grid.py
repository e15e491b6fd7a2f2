"""All cameras of a take side by side, always showing one and the same frame."""

import math

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from app.gui.frame_loader import FrameLoader, Response
from app.gui.session import Session
from app.gui.start_page import StartPage
from app.gui.video_pane import VideoPane

MOST = 8


class VideoGrid(QWidget):
    """Panes for one to eight cameras, and what they show over the footage."""

    shown = Signal(tuple)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.panes: list[VideoPane] = []
        self.loader = FrameLoader(self)
        self.loader.loaded.connect(self._loaded)
        self._busy: int | None = None
        self._late = False
        self._alone: int | None = None
        self._shown: tuple[str, ...] = ()

        self.points_box = self._box("Landmarks", "Where the detector found each landmark (1)", True)
        self.wire_box = self._box("Wireframe", "The solved face, projected into each camera (2)", False)
        self.crop_box = self._box("Crop to face", "Show only the face, standing still through the take (3)", False)
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 2, 8, 2)
        for box in (self.points_box, self.wire_box, self.crop_box):
            bar.addWidget(box)
        bar.addStretch()
        self.grid = QGridLayout()
        self.grid.setSpacing(2)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.start = StartPage(session)
        holder = QWidget()
        holder.setLayout(self.grid)
        self.pages = QStackedLayout()
        self.pages.addWidget(self.start)
        self.pages.addWidget(holder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self.pages, 1)
        layout.addLayout(bar)
        session.take_changed.connect(self._take_changed)
        session.curves_changed.connect(self._refresh)
        session.frame_changed.connect(self._ask)

    def close_loader(self) -> None:
        self.loader.stop()

    def _box(self, text: str, tip: str, on: bool) -> QCheckBox:
        box = QCheckBox(text)
        box.setToolTip(tip)
        box.setChecked(on)
        box.toggled.connect(self._choose)
        return box

    def _choose(self) -> None:
        for pane in self.panes:
            pane.show_points = self.points_box.isChecked()
            pane.show_wire = self.wire_box.isChecked()
            pane.crop = self.crop_box.isChecked()
            pane.update()

    def _take_changed(self) -> None:
        data = self.session.data
        cameras = data.take.cameras[:MOST] if data is not None and data.clips is not None else ()
        if cameras != self._shown or data is None:
            self._fill(len(cameras))
            self._shown = cameras
        for pane in self.panes:
            pane.take_in()
        self.start.say("\n".join(data.problems) if data is not None and data.clips is None else "")
        self._choose()
        self._ask()

    def _fill(self, count: int) -> None:
        for pane in self.panes:
            self.grid.removeWidget(pane)
            pane.setParent(None)
            pane.deleteLater()
        self.panes = [VideoPane(self.session, index, self) for index in range(count)]
        self._alone = None
        for pane in self.panes:
            pane.enlarged.connect(self._enlarge)
        self._arrange()
        self.pages.setCurrentIndex(1 if count else 0)

    def _arrange(self) -> None:
        """Two columns for up to four cameras, three or four beyond; a pane that was double-clicked has it all."""
        columns = max(1, math.ceil(math.sqrt(len(self.panes))))
        for index, pane in enumerate(self.panes):
            pane.setVisible(self._alone is None or self._alone == index)
            self.grid.addWidget(pane, index // columns, index % columns)

    def _enlarge(self, index: int) -> None:
        self._alone = None if self._alone == index else index
        self._arrange()

    def _refresh(self) -> None:
        for pane in self.panes:
            pane.update()

    def _ask(self) -> None:
        data = self.session.data
        if data is None or data.clips is None or not self.panes:
            return
        if self._busy is not None and self.session.playback.playing:
            self._late = True  # the frame that is due when this one is there will be asked for then
            return
        self._busy = self.loader.ask(data.clips, self.session.frame)

    def _loaded(self, response: Response) -> None:
        if response.request.id == self._busy:
            self._busy = None
        data = self.session.data
        if data is None or response.request.clips is not data.clips:
            return
        # One that was overtaken while scrubbing is still better to look at than a picture that stands still.
        if response.problem:
            self.session.message.emit(response.problem)
        for pane, picture in zip(self.panes, response.pictures, strict=False):
            pane.show_picture(picture, response.request.frame)
        self.shown.emit(response.pictures)
        if self._late:
            self._late = False
            self._ask()
