"""Opens the app: python -m app.gui [PATH]."""

import faulthandler
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import cv2  # noqa: F401 - imported here so that its environment can be put right before Qt reads it
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.gui import theme
from app.gui.collector import Collector
from app.gui.heap import give_back
from app.gui.main_window import MainWindow
from app.gui.session import Session

for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):  # OpenCV's point to a Qt of its own
    os.environ.pop(name, None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the window, on a shoot, a take or a clip if one is given. Returns the exit code."""
    if sys.stderr is not None:
        faulthandler.enable()  # a crash below Python says where
    give_back()
    paths = list(sys.argv[1:] if arguments is None else arguments)
    application = QApplication(sys.argv[:1])
    application.setApplicationName("mien")
    theme.dress(application)
    session = Session()
    window = MainWindow(session)
    sys.excepthook = lambda kind, error, trace: _tell(session, kind, error, trace)
    window.show()
    if paths:
        QTimer.singleShot(0, lambda: session.open(Path(paths[0])))
    # Python sees a signal only when it runs: a timer lets it, so that Ctrl+C in the terminal closes the window.
    # Not at once: a signal comes in the middle of whatever is being done.
    signal.signal(signal.SIGINT, lambda *_: QTimer.singleShot(0, window.close))
    alive = Collector()  # beats twice a second
    code = application.exec()
    alive.stop()
    return code


def _tell(session: Session, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A fault of ours, in the middle of an event: the app goes on, the corrections are saved, the user is told."""
    traceback.print_exception(kind, error, trace)
    session.save()
    session.message.emit(f"internal error ({kind.__name__}: {error}); your corrections are saved. Please report what "
                         "the terminal shows")


if __name__ == "__main__":
    sys.exit(main())
