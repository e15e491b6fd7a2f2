"""What panels note on takes: shown at once, written by the session's writer."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from app.gui.session import Session
from app.gui.take_notes import Values, write_settings
from capture.shoot import Take


def note(session: Session, takes: Iterable[Take], values: Values) -> None:
    """Put values into the takes' take.toml, None taking one away. What cannot be written is told, and taken back."""
    for take in _present(session, takes):
        before = {key: take.settings.get(key) for key in values}
        _set(take, values)
        session.writer.write(partial(write_settings, _folder(take), values), partial(_noted, session, take, before))
    session.takes_changed.emit()


def _folder(take: Take) -> Path:
    """Where its take.toml is, or is to be: that of a lone folder of pictures may lie beside it."""
    return take.settings_path.parent if take.settings_path is not None else take.folder


def _present(session: Session, takes: Iterable[Take]) -> list[Take]:
    """The takes as they are listed now: an undo may hold them from before the disk was looked at again."""
    listed = {take.folder: take for take in session.takes}
    return [listed.get(take.folder, take) for take in takes]


def _noted(session: Session, take: Take, before: Values, reason: str) -> None:
    if reason:
        for present in _present(session, (take,)):
            _set(present, before)
        session.message.emit(reason)
        session.takes_changed.emit()


def _set(take: Take, values: Values) -> None:
    for key, value in values.items():
        take.settings.pop(key, None) if value is None else take.settings.update({key: value})
