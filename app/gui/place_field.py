"""Where we are in the take, as timecode; another place can be typed over it."""

import re

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from app.gui import theme
from app.gui.guarded import guarded
from app.gui.session import Session
from app.gui.time_axis import TimeAxis
from capture.errors import DataError, MienError
from capture.timecode import Timecode, frames_after, parse_like

NOWHERE = "--:--:--:--"
WAYS = ("a frame such as 240, a timecode such as 10:00:02:11 or its end, 2:11, or +12 and -12 for so many frames on "
        "and back")


def frame_typed(text: str, axis: TimeAxis, now: int) -> int:
    """The take's frame that is meant by what was typed while the frame `now` was shown: its number; a timecode, whose
    hours, minutes and seconds are those of `now` where they are left out; or frames on (+) and back (-).

    Raises:
        DataError: it is neither, or not in the take.
    """
    text = text.strip()
    if re.fullmatch(r"[+-]?[0-9]{1,9}", text):
        frame = int(text) + (now if text[0] in "+-" else 0)
    elif re.fullmatch(r"[0-9]{1,3}([:;.,][0-9]{1,3}){1,3}", text):
        start = axis.start if axis.start is not None else Timecode(0, axis.rate)
        typed = re.split("[:;.,]", text)
        fields = [*re.split("[:;]", axis.timecode_of(now))[:4 - len(typed)], *(field.zfill(2) for field in typed)]
        frame = frames_after(parse_like(":".join(fields), start), start)
    else:
        raise DataError(f"{text!r} is no place in a take; type {WAYS}")
    if not 0 <= frame < axis.count:
        raise DataError(f"{text} is not in the take; it goes from frame 0 to {axis.count - 1}, "
                        f"{axis.timecode_of(0)} to {axis.timecode_of(axis.count - 1)}")
    return frame


@guarded
class PlaceField(QLineEdit):
    """Shows the present frame's timecode, and goes where somebody types; Escape leaves it as it is."""

    refused = Signal(str)
    """Why what was typed leads nowhere, in one sentence."""

    def __init__(self, session: Session, axis: TimeAxis, parent: QWidget | None = None) -> None:
        super().__init__(NOWHERE, parent)
        self.session, self.axis = session, axis
        self._back_to: QWidget | None = None
        self._typed = False
        self.setFrame(False)
        self.setFont(theme.mono(14))
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAccessibleName("Place in the take")
        self.setToolTip(f"Go to {WAYS} (Ctrl+G)")
        self.setStyleSheet(
            f"QLineEdit {{ color: {theme.ACCENT.name()}; background: transparent; border: 1px solid transparent; "
            "border-radius: 3px; font-weight: 600; padding: 1px; margin: 0 10px; }"
            f"QLineEdit:hover {{ border-color: {theme.BUTTON.name()}; }}"
            f"QLineEdit:focus {{ background: {theme.BASE.name()}; border-color: {theme.ACCENT.name()}; }}"
            f"QLineEdit:disabled {{ color: {theme.DIM.name()}; }}")
        self.textEdited.connect(self._edited)
        self.returnPressed.connect(self._go)
        self.show_place()

    def ask(self) -> None:
        """Take the keyboard until a place is typed, or Escape."""
        if self.isEnabled() and not self.hasFocus():
            self._back_to = QApplication.focusWidget()
            self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    def show_place(self) -> None:
        """Say where we are, unless somebody is typing."""
        data = self.session.data
        there = data is not None and data.frames > 0
        self.setEnabled(there)
        if not (self._typed and self.hasFocus()) or not there:
            self._typed = False
            self.setText(self.axis.timecode_of(self.session.frame) if there else NOWHERE)
            if self.hasFocus():
                self.selectAll()  # the next digit begins a new place
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("0" * (len(self.text()) + 1)) + 26)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.selectAll()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:  # its own menu
            self._typed = False
            self.deselect()
            self.show_place()

    def mouseReleaseEvent(self, event) -> None:
        super().mouseReleaseEvent(event)
        if not self._typed and not self.hasSelectedText():
            self.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._leave()
        else:
            super().keyPressEvent(event)

    def _edited(self) -> None:
        self._typed = True

    def _go(self) -> None:
        if self._typed:
            try:
                self.session.go(frame_typed(self.text(), self.axis, self.session.frame))
            except MienError as error:
                self.refused.emit(str(error))
                self.selectAll()
                return
        self._leave()

    def _leave(self) -> None:
        self._typed = False
        back, self._back_to = self._back_to, None
        if back is not None and back.isVisible():
            back.setFocus()
        else:
            self.clearFocus()
        self.show_place()
