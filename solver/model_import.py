"""Models from files of any kind, and the user's models known by name."""

import contextlib
import dataclasses
import re
from os.path import isdir, isfile  # no is said of a cache that may not be looked into, too
from pathlib import Path

import numpy as np

from capture.errors import ModelError, OutputError, UsageError
from solver.cache import model_cache, unwritable, writable
from solver.face_model import FaceModel
from solver.gltf_file import beside
from solver.ict import ict_model, is_ict
from solver.model_file import load_model, save_model
from solver.model_source import content_key, model_files, read_file
from solver.rig_fbx import read_fbx
from solver.rig_gltf import read_gltf
from solver.rig_model import rig_model
from solver.rig_obj import read_obj_folder
from solver.shape_names import NamesFound, first_table, names_found, read_names, rename_shapes, write_names

VERSION = 6
"""Goes up when a reader changes what it makes of the same file, so that packed copies are made anew."""
BUILT_IN = "mien"
KINDS = "a packed .npz, ICT-FaceKit's folder or zip, a .glb, .gltf, .vrm or .fbx rig, or a folder of .obj shapes"


def import_model(source: Path, name: str) -> FaceModel:
    """Read a face model from whatever `source` is, with ARKit's names for the shapes whose own names are known.

    Raises:
        ModelError: it is missing, of an unknown kind, damaged or has no shapes; the message says which.
    """
    return _renamed(_read(source, name))


@np.errstate(all="ignore")  # a damaged file's numbers overflow; they are refused by name, not warned of
def _read(source: Path, name: str) -> FaceModel:
    """`source` as a model with its shapes' own names."""
    if not source.exists():
        raise ModelError(f"there is no {source}; give {KINDS}")
    suffix = source.suffix.lower()
    if source.is_dir() or suffix == ".zip":
        with model_files(source) as files:
            if is_ict(files):
                return ict_model(source, name)
            if any(file.lower().endswith(".obj") for file in files.names):
                return rig_model(read_obj_folder(files), name)
    if suffix == ".npz" and source.is_file():
        return dataclasses.replace(load_model(source), name=name)
    if suffix in (".fbx", ".glb", ".gltf", ".vrm") and source.is_file():
        data, where = read_file(source), str(source)
        return rig_model(read_fbx(data, where) if suffix == ".fbx" else read_gltf(data, where, beside(source)), name)
    raise ModelError(f"{source} is no face model that mien knows; give {KINDS}")


def _renamed(model: FaceModel, table: dict[str, str] | None = None) -> FaceModel:
    return rename_shapes(model, first_table(model.shape_names) if table is None else table)


def _packed(source: Path, name: str) -> FaceModel:
    """`_read`, from the cache. A .gltf may lean on files beside it, so it is read each time."""
    if source.suffix.lower() in (".npz", ".gltf") or not source.exists():
        return _read(source, name)
    packed = model_cache() / "packed" / f"{content_key(source)}-{VERSION}.npz"
    if isfile(packed):
        with contextlib.suppress(ModelError):  # a damaged cache is no reason to stop: it is made again
            return dataclasses.replace(load_model(packed), name=name)
    model = _read(source, name)
    with contextlib.suppress(OutputError):  # a cache that cannot be kept costs time, nothing else
        save_model(model, packed)
    return model


def packed_before(source: Path, sha256: str) -> Path | None:
    """The packed copy in the cache, made of `source` by an earlier version, in which it is the model of that digest."""
    if source.suffix.lower() in (".npz", ".gltf"):
        return None
    for packed in sorted((model_cache() / "packed").glob(f"{content_key(source)}-*.npz")):
        with contextlib.suppress(ModelError, UsageError):
            if _renamed(load_model(packed)).sha256 == sha256:
                return packed
    return None


def add_model(source: Path, name: str) -> FaceModel:
    """Read `source` and know it as `name` from now on; an earlier model of that name is replaced.

    Beside it lies a table of what its shapes' names mean (`names_file`), which the user may edit; what an earlier
    model's says of shapes that are there still is kept.

    Raises:
        ModelError: see `import_model`; or the earlier model's table is damaged.
        OutputError: the cache cannot be written.
        UsageError: the name cannot be used, or the earlier table leaves out all shapes.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name) or name == BUILT_IN:
        raise UsageError(f"a model cannot be named {name!r}; use up to 64 letters, digits, dots, dashes and "
                         f"underscores, and not {BUILT_IN!r}, which is the built-in head")
    model = _packed(source, name)
    table = first_table(model.shape_names)
    if name in list_models() and names_file(name).exists():
        kept = read_names(names_file(name))
        try:
            looked_over = added_model(name).shape_names
        except ModelError:  # it is damaged, and adding it again is the cure
            looked_over = tuple(kept)
        table = {own: meaning for own, meaning in table.items()
                 if own not in looked_over and (not meaning or meaning not in kept.values())}
        table |= {own: meaning for own, meaning in kept.items() if own in model.shape_names}
    renamed = _renamed(model, table)
    try:
        save_model(model, _registered(name))
        write_names(names_file(name), model.shape_names, table)
    except OutputError as error:
        if not writable():
            raise OutputError(f"the model {name} cannot be kept: {unwritable()}") from error
        raise
    return renamed


def names_file(name: str) -> Path:
    """Where the table of shape names of an added model lies."""
    return model_cache() / "models" / f"{name}.toml"


def added_model(name: str) -> FaceModel:
    """An added model as it came: its shapes under the rig's own names.

    Raises:
        ModelError: there is none of that name, or it is damaged.
    """
    return load_model(_registered(name))


def names_table(name: str) -> dict[str, str]:
    """Own name -> the name to use, of an added model as its table says now; see `rename_shapes`.

    Raises:
        ModelError: the model or its table is damaged.
    """
    table = names_file(name)
    return read_names(table) if table.exists() else first_table(added_model(name).shape_names)


def set_names(name: str, table: dict[str, str]) -> None:
    """Put another table of names in place; it is tried first.

    Raises:
        UsageError: it leaves out all shapes, or speaks of one that there is not.
        ModelError: the model is damaged.
        OutputError: it cannot be written.
    """
    model = added_model(name)
    rename_shapes(model, table)
    write_names(names_file(name), model.shape_names, table)


def names_of(name: str) -> NamesFound | None:
    """What the names of an added model are taken for, by its table as it is now; None for a model that was not added.

    Raises:
        ModelError: the model or its table is damaged.
    """
    if name not in list_models():
        return None
    return names_found(added_model(name).shape_names, names_table(name))


def find_model(name: str, built_in: Path | None = None, paths: bool = False) -> FaceModel:
    """The model of a name.

    Args:
        name: a name given to `add_model`, or "mien" for the built-in head.
        built_in: where the built-in head lies.
        paths: whether the name may be a path too, as in `--model NAME|PATH`. A name out of a file never is: it may come
            from a stranger, and a path from there could be a device or all of the disk.

    Raises:
        ModelError: there is none (the message lists the known names), or its table of names is damaged.
        UsageError: its table of names speaks of shapes that it does not have.
    """
    model, table = own_model(name, built_in, paths)
    return rename_shapes(model, table)


def own_model(name: str, built_in: Path | None = None, paths: bool = False) -> tuple[FaceModel, dict[str, str]]:
    """The same model as it came: its shapes by their own names, and own name -> the one that mien goes by ("" for a
    shape that is left out; a shape without an entry keeps its name).

    Raises:
        ModelError: there is none (the message lists the known names), or its table of names is damaged.
    """
    if name == BUILT_IN and built_in is not None:
        return dataclasses.replace(load_model(built_in), name=BUILT_IN), {}
    if name in list_models():
        model, table = load_model(_registered(name)), names_file(name)
        return model, read_names(table) if table.exists() else first_table(model.shape_names)
    path = Path(name)
    if paths and (path.is_file() or path.is_dir()):
        model = _packed(path, path.stem)
        return model, first_table(model.shape_names)
    known = ", ".join([BUILT_IN, *list_models()])
    raise ModelError(f"there is no model {name!r}, known are: {known}; add it with `mien model add PATH --name NAME`")


def list_models() -> list[str]:
    """The names given to `add_model`, sorted."""
    folder = model_cache() / "models"
    return sorted(path.stem for path in folder.glob("*.npz")) if isdir(folder) else []


def _registered(name: str) -> Path:
    return model_cache() / "models" / f"{name}.npz"
