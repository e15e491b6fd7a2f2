"""Models from files of any kind, and the user's models known by name."""

import dataclasses
import re
from pathlib import Path

from capture.errors import ModelError, UsageError
from solver.cache import model_cache
from solver.face_model import FaceModel
from solver.ict import ict_model, is_ict
from solver.model_file import load_model, save_model
from solver.model_source import content_key, model_files

VERSION = 1
"""Goes up when a reader changes what it makes of the same file, so that packed copies are made anew."""
BUILT_IN = "mien"
KINDS = "a packed .npz, ICT-FaceKit's folder or zip, a .glb, .gltf or .fbx rig, or a folder of .obj shapes"


def import_model(source: Path, name: str) -> FaceModel:
    """Read a face model from whatever `source` is.

    Raises:
        ModelError: it is missing, of an unknown kind, damaged or has no shapes; the message says which.
    """
    if not source.exists():
        raise ModelError(f"there is no {source}; give {KINDS}")
    suffix = source.suffix.lower()
    if source.is_dir() or suffix == ".zip":
        with model_files(source) as files:
            ict = is_ict(files)
        if ict:
            return ict_model(source, name)
    if suffix == ".npz" and source.is_file():
        return dataclasses.replace(load_model(source), name=name)
    raise ModelError(f"{source} is no face model that mien knows; give {KINDS}")


def packed_model(source: Path, name: str) -> FaceModel:
    """`import_model`, from a packed copy in the cache when the same content was read before.

    Raises:
        ModelError: see `import_model`.
    """
    if source.suffix.lower() == ".npz" or not source.exists():
        return import_model(source, name)
    packed = model_cache() / "packed" / f"{content_key(source)}-{VERSION}.npz"
    if packed.exists():
        try:
            return dataclasses.replace(load_model(packed), name=name)
        except ModelError:
            packed.unlink()  # a damaged cache is no reason to stop: it is made again
    model = import_model(source, name)
    save_model(model, packed)
    return model


def add_model(source: Path, name: str) -> FaceModel:
    """Read `source` and know it as `name` from now on; an earlier model of that name is replaced.

    Raises:
        ModelError: see `import_model`.
        UsageError: the name cannot be used.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name) or name == BUILT_IN:
        raise UsageError(f"a model cannot be named {name!r}; use up to 64 letters, digits, dots, dashes and "
                         f"underscores, and not {BUILT_IN!r}, which is the built-in head")
    model = packed_model(source, name)
    save_model(model, _registered(name))
    return model


def find_model(name: str, built_in: Path | None = None) -> FaceModel:
    """The model that `--model NAME|PATH` means.

    Args:
        name: a name given to `add_model`, "mien" for the built-in head, or a path.
        built_in: where the built-in head lies.

    Raises:
        ModelError: there is none; the message lists the known names.
    """
    if name == BUILT_IN and built_in is not None:
        return dataclasses.replace(load_model(built_in), name=BUILT_IN)
    if name in list_models():
        return load_model(_registered(name))
    path = Path(name)
    if path.exists():
        return packed_model(path, path.stem)
    known = ", ".join([BUILT_IN, *list_models()])
    raise ModelError(f"there is no model {name!r}, known are: {known}; add it with `mien model add PATH --name NAME`")


def list_models() -> list[str]:
    """The names given to `add_model`, sorted."""
    folder = model_cache() / "models"
    return sorted(path.stem for path in folder.glob("*.npz")) if folder.is_dir() else []


def _registered(name: str) -> Path:
    return model_cache() / "models" / f"{name}.npz"
