"""Imports run one way: app -> exporters -> solver -> capture; and some packages have one place each."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("capture", "solver", "exporters", "app")
NOUNS = ("solver.landmarks", "solver.face_model", "solver.performance", "solver.model_file")
ONLY_IN = {  # package: the files (or folders) that may import it
    "PySide6": ("app/gui/",), "qtawesome": ("app/gui/",), "shiboken6": ("app/gui/",),
    "mediapipe": ("solver/mediapipe_runtime.py",),
    "pxr": ("exporters/",),
    "torch": ("solver/", "app/doctor.py", "app/take_job.py"),
    "cv2": ("capture/", "solver/", "app/"),
    "moderngl": ("solver/", "app/gui/"),
    "distributed": ("app/cluster",), "dask": ("app/cluster",), "cloudpickle": ("app/cluster.py",),
}
NEVER = ("pickle", "shelve", "marshal")


def imports(path: Path) -> set[str]:
    """All modules that a file imports, dotted, at any depth of the file."""
    return imports_of(path.read_text(encoding="utf-8"), str(path))


def imports_of(source: str, name: str = "?") -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source, name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import; write it out"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def faults(place: str, modules: set[str]) -> list[str]:
    """What is wrong with a file at `place` (relative, with /) that imports `modules`."""
    wrong = []
    floor = FLOORS.index(place.split("/")[0])
    for module in sorted(modules):
        package = module.split(".")[0]
        if package in FLOORS and FLOORS.index(package) > floor:
            wrong.append(f"{place} imports {module} from a floor above")
        if package == "solver" and place.startswith("exporters/") and module != "solver" \
                and not module.startswith(NOUNS):
            wrong.append(f"{place} imports {module}, which is no noun")
        if package in ONLY_IN and not place.startswith(ONLY_IN[package]):
            wrong.append(f"{place} imports {module}, whose place is {', '.join(ONLY_IN[package])}")
        if f"{module}.".startswith("app.gui.") and not place.startswith("app/gui"):
            wrong.append(f"{place} imports {module}: the window is nobody's library")
        if package in NEVER:
            wrong.append(f"{place} imports {module}: a file from outside could run code")
    return wrong


def files() -> list[Path]:
    return [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]


@pytest.mark.parametrize(("place", "source", "complaint"), [
    ("capture/x.py", "import solver.fit", "a floor above"),
    ("solver/x.py", "def f():\n    from app.cli import main", "a floor above"),
    ("exporters/x.py", "from solver.fit import fit", "no noun"),
    ("exporters/x.py", "import torch", "whose place is"),
    ("app/cli.py", "from PySide6.QtCore import QObject", "whose place is"),
    ("solver/x.py", "import mediapipe", "whose place is"),
    ("app/x.py", "import pickle", "could run code"),
    ("app/report/x.py", "from app.gui import theme", "nobody's library"),
])
def test_the_check_can_fail(place: str, source: str, complaint: str) -> None:
    assert complaint in " ".join(faults(place, imports_of(source)))


def test_floors() -> None:
    assert len(files()) > 40
    assert [fault for path in files() for fault in faults(path.relative_to(ROOT).as_posix(), imports(path))] == []


def test_no_file_is_long() -> None:
    assert {path.relative_to(ROOT).as_posix(): length for path in files()
            if (length := len(path.read_text(encoding="utf-8").splitlines())) > 400} == {}


FORBIDDEN = {  # what is imported: packages that must not be needed for it
    "app.cli": ("PySide6", "torch", "mediapipe", "cv2", "numpy"),
    "app.take_job": ("PySide6", "qtawesome"),
    "app.solving": ("PySide6", "torch", "mediapipe"),
    "app.batch": ("PySide6", "torch", "mediapipe"),
    "app.batch_worker": ("PySide6", "torch", "mediapipe"),
    "app.status": ("PySide6", "torch", "mediapipe"),
    "exporters": ("torch", "PySide6", "mediapipe", "moderngl"),
    "capture.shoot": ("torch", "PySide6", "mediapipe", "moderngl"),
}


@pytest.mark.parametrize("module", sorted(FORBIDDEN))
def test_imports_without_the_forbidden(module: str) -> None:
    assert _import_without(module, FORBIDDEN[module]).returncode == 0


def test_the_forbidden_are_really_blocked() -> None:
    ended = _import_without("app.take_job", ("torch",))
    assert ended.returncode != 0
    assert "torch" in ended.stderr


def _import_without(module: str, packages: tuple[str, ...]) -> subprocess.CompletedProcess:
    code = f"import sys\nfor name in {packages!r}: sys.modules[name] = None\nimport {module}"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
