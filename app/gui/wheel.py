"""The wheel scrolls: it changes a choice or a number only where the keyboard's focus is, so never by the way."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QWidget

from app.gui.guarded import guarded


@guarded
class WheelGuard(QObject):
    """Watches the wheel over drop-downs and numbers of a window until it is stopped."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        for field in (*window.findChildren(QComboBox), *window.findChildren(QAbstractSpinBox)):
            if field.focusPolicy() == Qt.FocusPolicy.WheelFocus:
                field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # else the wheel itself gives the focus
        QApplication.instance().installEventFilter(self)

    def stop(self) -> None:
        QApplication.instance().removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.Wheel:
            return False
        held = watched.parent() if isinstance(watched.parent(), QComboBox | QAbstractSpinBox) else watched
        if not isinstance(held, QComboBox | QAbstractSpinBox) or not isinstance(watched, QWidget) \
                or watched.window() is not held.window() or held.hasFocus() or watched.hasFocus():
            return False
        event.ignore()  # what it lies in scrolls
        return True
