"""What decides a run's bytes on a machine, apart from the footage and the options: mien itself, what it ships, and the
libraries that reckon for it. Machines that work on one shoot must agree in it."""

import functools
import hashlib
import importlib.metadata
import json
from pathlib import Path

import app
import assets
from capture.files import sha256

LIBRARIES = ("numpy", "scipy", "torch", "av", "opencv-contrib-python", "mediapipe")
SHOWN = 3
FLOORS = ("capture", "solver", "exporters", "app")


@functools.cache
def identity() -> dict[str, str]:
    """Name of a part -> its version or hash; the same on every machine with the same mien."""
    root = Path(app.__file__).parents[1]
    sources = [path for floor in FLOORS for path in sorted((root / floor).rglob("*.py")) if "gui" not in path.parts]
    code = hashlib.sha256()
    for path in sources:
        code.update(f"{path.relative_to(root).as_posix()} {sha256(path)}\n".encode())
    shipped = sorted(assets.path("head.npz").parent.glob("*.npz"))
    return {"mien": app.__version__, "mien's code": code.hexdigest()[:12],
            **{f"mien's {path.name}": sha256(path)[:12] for path in shipped},
            **{name: _version(name) for name in LIBRARIES}}


def digest() -> str:
    """The same in one word: mien's version, and a hash of all."""
    parts = json.dumps(identity(), sort_keys=True)
    return f"{app.__version__}-{hashlib.sha256(parts.encode()).hexdigest()[:12]}"


def differences(ours: dict[str, str], theirs: dict[str, str]) -> str:
    """In what another machine differs: "mien 0.2.0 instead of 0.1.0, ..."; "" where it does not."""
    found = [f"{name} {theirs.get(name, 'missing')} instead of {ours.get(name, 'missing')}"
             for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    return ", ".join(found[:SHOWN]) + (f" and {len(found) - SHOWN} more differences" if len(found) > SHOWN else "")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing"
