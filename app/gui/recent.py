"""What the app remembers between runs: recent shoots, and small choices such as the last export."""

from pathlib import Path

from PySide6.QtCore import QSettings

MOST = 10


class Recent:
    """The user's settings, kept where the system keeps such things."""

    def __init__(self) -> None:
        self.settings = QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "mien", "mien")

    def shoots(self) -> list[Path]:
        """Recent shoots, latest first, as far as they still exist."""
        known = self.settings.value("recent", [], type=list)
        return [Path(path) for path in known if Path(path).exists()]

    def add(self, path: Path) -> None:
        path = str(Path(path).resolve())
        others = [str(known) for known in self.shoots() if str(known) != path]
        self.settings.setValue("recent", [path, *others][:MOST])

    def choice(self, name: str, default: str) -> str:
        return str(self.settings.value(name, default))

    def choose(self, name: str, value: str) -> None:
        self.settings.setValue(name, value)
