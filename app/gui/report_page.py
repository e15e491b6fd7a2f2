"""A take's report, in the program that this computer opens pages with."""

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from app.gui.session import Session
from app.report.summary import SUFFIX


def show_report(session: Session) -> None:
    """Show the report of the open take; where there is none, or nothing shows pages here, that is said."""
    if session.data is None:
        session.message.emit("open a take first: each solved take has a report")
        return
    take = session.data.take.name
    path = session.data.where.out / (take + SUFFIX)
    if not path.is_file():
        session.message.emit(f"{take} has no report beside its results ({path}); solve it, or run `mien report`")
    elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
        session.message.emit(f"nothing here opens web pages; the report is {path}")
