"""Which face models there are, and `mien model list|add|show|check`."""

from pathlib import Path

import cv2
import numpy as np

import assets
from app.detectors import landmarker_named
from capture.errors import UsageError
from capture.files import write_bytes
from solver.embedding_picture import embedding_picture
from solver.face_model import ARKIT, FaceModel
from solver.model_import import BUILT_IN, add_model, find_model, list_models

__all__ = ["BUILT_IN", "model_named", "run"]


def model_named(name: str) -> FaceModel:
    """The model that `--model NAME|PATH` means.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    return find_model(name, assets.path("head.npz"))


def run(action: str, source: str | None, name: str | None, out: Path) -> int:
    """One action of `mien model`. Returns the exit code."""
    if action == "list":
        for known in (BUILT_IN, *list_models()):
            print(_summary(known, model_named(known)))
        return 0
    if source is None:
        raise UsageError(f"`mien model {action}` needs a {'file or folder' if action == 'add' else 'model'}; "
                         f"see `mien model --help`")
    if action == "add":
        model = add_model(Path(source), name or Path(source).stem)
        print(_summary(model.name, model))
        return 0
    model = model_named(source)
    print(_summary(source, model))
    if action == "show":
        _show(model)
    else:
        _check(model, out)
    return 0


def _summary(name: str, model: FaceModel) -> str:
    own = sum(shape not in ARKIT for shape in model.shape_names)
    return (f"{name}: {len(model.neutral)} vertices, {len(model.shape_names) - own} of ARKit's 52 shapes"
            + (f" and {own} of its own" if own else "") + f", {len(model.identity)} identity modes, "
            + (f"{len(model.eyes)} eyes that turn" if model.eyes else "eyes that cannot turn"))


def _show(model: FaceModel) -> None:
    print(f"sha256 {model.sha256}")
    missing = [name for name in ARKIT if name not in model.shape_names]
    if missing:
        print("it lacks: " + ", ".join(missing))
    size = np.ptp(model.neutral, axis=0) * 1000
    print(f"size {size[0]:.0f} x {size[1]:.0f} x {size[2]:.0f} mm")
    for shape, deltas in zip(model.shape_names, model.shapes, strict=True):
        length = np.linalg.norm(deltas, axis=1)
        moved = np.count_nonzero(length > 1e-5)
        print(f"  {shape:<24} moves {moved:>6} vertices by up to {length.max() * 1000:.1f} mm")


def _check(model: FaceModel, out: Path) -> None:
    """Print the landmarks' coverage and draw them."""
    embedding = landmarker_named().embedding(model)
    spread = embedding.spread_m[embedding.known] * 1000
    print(f"{np.count_nonzero(embedding.known)} of {len(embedding.known)} landmarks lie on the model, "
          f"{np.count_nonzero(embedding.contour)} of them slide with the view; "
          f"spread {np.median(spread):.1f} mm median, {spread.max():.1f} mm at most")
    path = out / f"{model.name}.check.png"
    picture = embedding_picture(model, embedding)
    _, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    write_bytes(path, data.tobytes())
    print(path)
