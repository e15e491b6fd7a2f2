"""`mien doctor`: what is installed, what is missing and how to get it."""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

PACKAGES = ("numpy", "scipy", "torch", "mediapipe", "opencv-contrib-python", "av", "moderngl", "trimesh", "PySide6",
            "usd-core", "distributed", "openjd-cli", "embreex")
OPTIONAL = {"usd-core": "writes USD: pip install usd-core",
            "distributed": "solves on a cluster: pip install mien[cluster]",
            "openjd-cli": "runs job bundles here: pip install mien[cluster]",
            "embreex": "lights the faces that networks learn from: pip install mien[train]"}


def run() -> int:
    """Print the table. Returns 1 if something that the main job needs is missing."""
    rows = [("python", True, f"{platform.python_version()} on {platform.platform()}")]
    rows += [_package(name) for name in PACKAGES]
    rows += [_check("face weights", _face_weights), _check("OpenGL", _opengl), _check("H.264", _codecs),
             _check("GPU", _gpu), _check("cache", _cache), ("cores", True, f"{os.cpu_count()}")]
    rows.append(("display", True, "yes" if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
                 or sys.platform in ("win32", "darwin") else "none: the command line works, the app needs one"))
    for name, good, text in rows:
        print(f"{'ok ' if good else 'NO '} {name:<24} {text}")
    return 0 if all(good for _, good, _ in rows) else 1


def _package(name: str) -> tuple[str, bool, str]:
    try:
        return name, True, importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        if name in OPTIONAL:
            return name, True, f"not there; {OPTIONAL[name]}"
        return name, False, f"not there; pip install -c constraints.txt {name}"


def _check(name: str, look: Callable[[], str]) -> tuple[str, bool, str]:
    try:
        return name, True, look()
    except Exception as error:  # the doctor reports whatever is wrong, and goes on with the next question
        return name, False, str(error)


def _face_weights() -> str:
    places = importlib.util.find_spec("mediapipe")
    if places is None or not places.submodule_search_locations:
        raise FileNotFoundError("mediapipe is not there; pip install mediapipe==0.10.21")
    folder = Path(places.submodule_search_locations[0]) / "modules" / "face_landmark"
    if not (folder / "face_landmark_with_attention.tflite").is_file():
        raise FileNotFoundError("this mediapipe carries no face weights; pip install mediapipe==0.10.21")
    return "in the mediapipe package"


def _opengl() -> str:
    from capture.camera import lone_camera
    from solver.render import Renderer

    with Renderer(16, 16) as renderer:
        renderer.colours(lone_camera("test", (16, 16), 20.0), [])
    return "draws without a display"


def _codecs() -> str:
    import av

    av.codec.Codec("h264", "r")
    av.codec.Codec("libx264", "w")
    return f"reads and writes (PyAV {av.__version__})"


def _gpu() -> str:
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none; everything runs on the processor"


def _cache() -> str:
    from solver.cache import existing_part, model_cache, unwritable, writable

    if not writable():
        raise OSError(f"{unwritable()}; models cannot be added, and each start takes longer")
    free = shutil.disk_usage(existing_part()).free
    return f"{model_cache()}, {free / 1e9:.0f} GB free"
