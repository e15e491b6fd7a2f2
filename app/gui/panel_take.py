"""The inspector's Take page: what the clips are, notes and a rating."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QToolButton, QVBoxLayout, QWidget

from app.gui import theme
from app.gui.noting import note
from app.gui.session import Session
from app.gui.undo import Change
from capture.shoot import Take

STARS = 5
PAUSE_MS = 800
"""Notes are kept when the typing rests so long, or when the take is left."""


class TakePanel(QWidget):
    """Shows the open take; keeps what is noted on it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.facts = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.facts.setStyleSheet(f"color: {theme.QUIET.name()}")
        self.problems = QLabel(wordWrap=True)
        self.problems.setStyleSheet(f"color: {theme.BAD_TEXT.name()}")
        self.stars = []
        line = QHBoxLayout()
        line.addWidget(QLabel("Rating"))
        for number in range(1, STARS + 1):
            star = QToolButton(autoRaise=True, toolTip=f"{number} of {STARS}; once more for none")
            star.setAccessibleName(f"Rate {number} of {STARS}")
            star.clicked.connect(lambda _, number=number: self._rate(number))
            self.stars.append(star)
            line.addWidget(star)
        line.addStretch()
        self.notes = QPlainTextEdit(placeholderText="Notes, kept in take.toml")
        self.notes.setTabChangesFocus(True)
        self.notes.setMaximumHeight(140)
        layout = QVBoxLayout(self)
        for part in (self.facts, self.problems):
            layout.addWidget(part)
        layout.addLayout(line)
        layout.addWidget(self.notes)
        layout.addStretch()
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self.keep)
        self.notes.textChanged.connect(self._typed)
        self._filling = False
        self._take = None
        session.take_changed.connect(self._take_changed)
        session.takes_changed.connect(self._show_stars)
        session.takes_changed.connect(self._show_facts)
        self._take_changed()

    def keep(self) -> None:
        """Write the notes now."""
        self._pause.stop()
        if self._take is not None:
            self._note(self._take, self.notes.toPlainText(), self._rating())

    def _note(self, take: Take, notes: str, rating: int) -> None:
        """Keep them in take.toml; can be undone."""
        if take.folder is None:
            return
        before = {"notes": str(take.settings.get("notes", "")), "rating": int(take.settings.get("rating", 0))}
        after = {"notes": notes, "rating": rating}
        if before != after:
            self.session.undo.push(Change(f"notes on {take.name}", before, after,
                                          lambda values: note(self.session, (take,), values)))

    def _rating(self) -> int:
        return int(self._take.settings.get("rating", 0)) if self._take is not None else 0

    def _rate(self, number: int) -> None:
        if self._take is not None:
            rating = 0 if self._rating() == number else number
            self._note(self._take, self.notes.toPlainText(), rating)

    def _typed(self) -> None:
        if not self._filling:
            self._pause.start()

    def _take_changed(self) -> None:
        data = self.session.data
        if self._pause.isActive():
            self.keep()
        self._take = data.take if data is not None else None
        self._show_facts()
        self.problems.setText("\n".join(data.problems) if data is not None else "")
        self.notes.setEnabled(self._take is not None and self._take.folder is not None)
        self.notes.setToolTip("" if self.notes.isEnabled() or data is None else
                              "A lone clip keeps no notes; put it into a folder of its own")
        self._show_notes()
        self._show_stars()

    def _show_facts(self) -> None:
        self.facts.setText(_facts(self.session.data) if self.session.data is not None else "no take is open")

    def _show_notes(self) -> None:
        self._filling = True
        text = str(self._take.settings.get("notes", "")) if self._take is not None else ""
        if text != self.notes.toPlainText():
            self.notes.setPlainText(text)
        self._filling = False

    def _show_stars(self) -> None:
        for number, star in enumerate(self.stars, 1):
            lit = number <= self._rating()
            star.setIcon(theme.icon("star" if lit else "star-outline", theme.ACCENT if lit else theme.QUIET))
            star.setEnabled(self.notes.isEnabled())
        if not self._pause.isActive():
            self._show_notes()  # an undo may have changed them


def _facts(data) -> str:
    lines = []
    if data.clips is not None:
        lines.append(f"{data.clips.frames} frames at {float(data.clips.rate):.6g} a second")
        if data.clips.start_timecode is not None:
            lines.append(f"starts at {data.clips.start_timecode}")
        lines += [f"{clip.camera}: {clip.size[0]} × {clip.size[1]}, {clip.codec}" for clip in data.clips.clips]
    if (neutral := data.take.settings.get("neutral")) is not None:
        lines.append(f"face at rest: frame {neutral}, as named")
    lines.append(f"sound: {data.take.audio.name}" if data.take.audio is not None else "no sound recording")
    return "\n".join(lines)
