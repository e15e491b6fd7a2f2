"""Timeline and curves: the overview of the take, the list of curves and the curves, on one time axis."""

from fractions import Fraction

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget

from app.gui import theme
from app.gui.channel_list import ChannelList
from app.gui.curve_mouse import CurveMouse
from app.gui.curve_view import CurveView
from app.gui.mark_lane import HEIGHT, MarkLane
from app.gui.overview import GAP, QUALITY, RULER, SOUND, Overview
from app.gui.session import Session
from app.gui.time_axis import TimeAxis


class Timeline(QWidget):
    """The lower part of the window."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.axis = TimeAxis(self)
        self.channels = ChannelList(session)
        self.overview = Overview(session, self.axis)
        self.marks = MarkLane(session, self.overview.whole, self.axis)
        self.curves = CurveView(session, self.axis)
        self.mouse = CurveMouse(self.curves)
        self.sound_label = QLabel("Audio")
        self.quality_label, self.marks_label = QLabel("Confidence"), QLabel("Corrections")
        for label, height in ((self.sound_label, SOUND), (self.quality_label, QUALITY + 2), (self.marks_label, HEIGHT)):
            label.setStyleSheet(f"color: {theme.QUIET.name()}; padding-left: 10px")
            label.setFixedHeight(height)
        left = QWidget()
        lines = QVBoxLayout(left)
        lines.setContentsMargins(0, RULER + GAP, 0, 0)
        lines.setSpacing(0)
        lines.addWidget(self.sound_label)
        lines.addWidget(self.quality_label)
        lines.addSpacing(GAP - 2)
        lines.addWidget(self.marks_label)
        lines.addSpacing(GAP)
        lines.addWidget(self.channels, 1)
        right = QWidget()
        columns = QVBoxLayout(right)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(0)
        columns.addWidget(self.overview)
        columns.addWidget(self.marks)
        columns.addSpacing(1)
        columns.addWidget(self.curves, 1)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([262, 1000])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)
        session.take_changed.connect(self._take_changed)
        session.selection_changed.connect(self._selection_changed)
        self._known: tuple[object, int] = (None, 0)

    def stop(self) -> None:
        self.overview.stop()

    def _take_changed(self) -> None:
        data = self.session.data
        known = (data.take if data is not None else None, data.frames if data is not None else 0)
        if known != self._known:
            self._known = known
            start = data.clips.start_timecode if data is not None and data.clips is not None else None
            rate = data.clips.rate if data is not None and data.clips is not None else Fraction(30)
            for axis in (self.overview.whole, self.axis):
                axis.set_take(known[1], rate, start)
        self.sound_label.setText("Audio  " + self.session.data.take.audio.name
                                 if data is not None and data.take.audio is not None else "Audio")
        self._selection_changed()

    def _selection_changed(self) -> None:
        self.curves.set_shown(self.channels.shown())
