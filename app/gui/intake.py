"""Footage that is dropped on the window, or chosen: a folder is opened, clips and their sound become a take."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QWidget

from app.gui.session import Session
from capture.shoot import CLIP_SUFFIXES, SOUND_SUFFIXES

CLIPS = f"Clips ({' '.join('*' + suffix for suffix in CLIP_SUFFIXES)})"
FOOTAGE = f"Clips and sound ({' '.join('*' + suffix for suffix in (*CLIP_SUFFIXES, *SOUND_SUFFIXES))})"
"""What a dialog that opens files offers."""


def new_shoot(parent: QWidget, session: Session) -> None:
    """Ask where, and open it."""
    folder = QFileDialog.getExistingDirectory(parent, "Choose or make a folder for the shoot")
    if folder:
        session.create_shoot(Path(folder))


def choose_clips(parent: QWidget, session: Session) -> None:
    """Ask which, and make a take of them."""
    files, _ = QFileDialog.getOpenFileNames(parent, "Clips of one take, one for each camera", "", FOOTAGE)
    if files:
        take_in(parent, session, [Path(file) for file in files])


def take_in(parent: QWidget, session: Session, paths: Sequence[Path]) -> None:
    """Open a folder, or a lone clip where no shoot is open; else make a take of the clips and their sound."""
    folders = [path for path in paths if path.is_dir()]
    clips = [path for path in paths if path.suffix.lower() in CLIP_SUFFIXES]
    files = [*clips, *(path for path in paths if path.suffix.lower() in SOUND_SUFFIXES)]
    if folders:
        session.open(folders[0])
        if len(paths) > 1:
            session.message.emit(f"only {folders[0].name} was opened; a folder is opened alone")
    elif not clips:
        session.message.emit(f"{paths[0].name if paths else 'that'} is no clip that mien knows; "
                             f"drop {', '.join(CLIP_SUFFIXES)} or a folder")
    elif session.shoot is None and len(files) == 1:
        session.open(clips[0])
    elif session.shoot is not None or _shoot_is_made(parent, session, clips[0]):
        _make_take(parent, session, files)
        if left := [path.name for path in paths if path not in files]:
            session.message.emit(f"{', '.join(left)}: neither clip nor sound, and so left out")


def copy_files(session: Session, name: str, files: Sequence[Path]) -> None:
    """Copy clips and sound into the shoot as the take `name`."""
    if name in (".", "..") or any(letter in '/\\:*?"<>|' for letter in name):
        session.message.emit(f"{name!r} cannot be a take's name; use letters, digits, - and _")
        return
    job = session.jobs.add(f"Copy {len(files)} file{'s' if len(files) != 1 else ''} to {name}",
                           [str(_folder(session, name)), *map(str, files)], module="app.gui.copy_in", light=True)
    job.ended.connect(session.reload)


def _make_take(parent: QWidget, session: Session, files: Sequence[Path]) -> None:
    known = {take.name for take in session.takes}
    free = next(name for number in range(1, 10000) if (name := f"T{number:03d}") not in known)
    name, given = QInputDialog.getText(parent, "New take", "What is the take called?", text=free)
    name = name.strip()
    if given and name and (not _folder(session, name).exists() or _yes(
            parent, f"{name} is there already", f"Add {', '.join(file.name for file in files)} to it, as more cameras "
            "and sound of the same moments?")):
        copy_files(session, name, files)


def _shoot_is_made(parent: QWidget, session: Session, first: Path) -> bool:
    """Whether a shoot is open then. Without one only the first clip can be looked at."""
    if _yes(parent, "No shoot is open", "Files that make one take are kept in a shoot. Choose a folder for a new one? "
                                        f"If not, {first.name} is opened alone, where it lies."):
        new_shoot(parent, session)
    else:
        session.open(first)
    return session.shoot is not None


def _folder(session: Session, take: str) -> Path:
    return session.shoot.folder / "takes" / take


def _yes(parent: QWidget, title: str, question: str) -> bool:
    return QMessageBox.question(parent, title, question) == QMessageBox.StandardButton.Yes
