"""Networks on disk: checkpoints to go on training from, and the small file of what training changed.

Both are NumPy's npz without pickle, so that a file from a stranger runs no code. The shipped file holds differences to
MediaPipe's own weights (which mien does not ship) as 16-bit floats, and names the recipe that made them.
"""

import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from capture.arrays import Damaged, load_arrays, save_arrays
from capture.errors import ModelError
from capture.files import sha256
from solver import pretrained
from solver.face_model import FaceModel
from solver.network import LandmarkNetwork
from solver.network_occlusion import OcclusionNetwork
from solver.network_parts import PARTS as PARTS_KNOWN
from solver.network_parts import PartNetwork

FORMAT, VERSION = "mien.network", 1
ARCHITECTURE = "attention-mesh-sigma-1"
PARTS = "parts-2"
"""The architecture of the second look's networks."""
OCCLUSION = "occlusion-1"
"""That of the network which sees what is before a face."""
OCCLUSION_NAME = "occlusion"
Own = TypeVar("Own", bound=nn.Module)
SCALE = "/scale"
"""Ends the name of what the bytes of a weight are multiplied by."""
SCHEME = "mien478"
"""The point set of our network: MediaPipe's 478, where they lie on the model that it was trained on."""
DEFINED_ON = "28bf0817b75b7dc9c8e14c99488364bcfe5f8daa3763dc72c60e7b143478270e"
"""The geometry, as `geometry_key` has it, of the head whose points it learnt: ICT-FaceKit's mean."""


def geometry_key(model: FaceModel) -> str:
    """A name for a model's rest shape and triangles, whatever its parts and shapes are called."""
    digest = hashlib.sha256()
    for array, kind in ((model.neutral, np.float32), (model.triangles, np.int32)):
        digest.update(np.ascontiguousarray(array, kind).tobytes())
    return digest.hexdigest()


def fresh() -> LandmarkNetwork:
    """Our network before any training: MediaPipe's weights, and one uncertainty for all points.

    Raises:
        ModelError: see `pretrained.attention_mesh`.
    """
    network = LandmarkNetwork()
    network.base.load_state_dict(pretrained.attention_mesh().state_dict())
    return network


def shipped_path() -> Path | None:
    """The trained weights in `assets`, or None where none ship."""
    path = Path(str(resources.files("assets") / "landmarks.npz"))  # installed as files, never inside a zip
    return path if path.exists() else None


def shipped_parts() -> Path | None:
    """The second look's trained weights in `assets`, or None where none ship."""
    path = Path(str(resources.files("assets") / "parts.npz"))
    return path if path.exists() else None


def key_of(path: Path) -> str:
    """A name for these weights: equal keys mean equal landmarks."""
    return f"{ARCHITECTURE}-{sha256(path)[:16]}"


def is_network(path: Path) -> bool:
    """Whether a file looks like weights of our landmark network, by its first words alone."""
    try:
        return json.loads(bytes(load_arrays(path, ("about",))["about"]))["architecture"] == ARCHITECTURE
    except (Damaged, KeyError, ValueError, TypeError):
        return False


def save_difference(network: LandmarkNetwork, about: dict[str, Any], path: Path) -> None:
    """Write what training changed, and `about` it (plain JSON values)."""
    start = fresh().state_dict()
    arrays = {name: (value.detach().cpu() - start[name]).numpy().astype(np.float16)
              for name, value in network.state_dict().items()}
    _write(path, {"format": FORMAT, "version": VERSION, "architecture": ARCHITECTURE, "kind": "difference", **about},
           arrays, compress=True)


def load_trained(path: Path) -> LandmarkNetwork:
    """The network of a difference or a checkpoint, ready to look at pictures.

    Raises:
        ModelError: the file is missing, damaged, or of another version or architecture.
    """
    about, arrays = _read(path, ARCHITECTURE)
    network = fresh()
    start = network.state_dict()
    state = {}
    for name, value in start.items():
        stored = arrays.get(f"weights/{name}" if about["kind"] == "checkpoint" else name)
        _check(path, name, stored, value, ARCHITECTURE)
        stored = torch.from_numpy(stored.astype(np.float32))
        state[name] = stored if about["kind"] == "checkpoint" else value + stored
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def shipped_occlusion() -> Path | None:
    """The trained weights of the network that sees what is before a face, or None where none ship."""
    path = Path(str(resources.files("assets") / "occlusion.npz"))
    return path if path.exists() else None


def save_parts(networks: Mapping[str, nn.Module], about: dict[str, Any], path: Path, architecture: str = PARTS) -> None:
    """Write networks by name and `about` them (plain JSON values): weights as bytes, each row with a scale of its own,
    all else as 16-bit floats."""
    arrays = {}
    for name, network in networks.items():
        for key, value in network.state_dict().items():
            own = value.detach().cpu().numpy()
            if own.ndim > 1 and key.endswith("weight"):
                arrays[f"{name}.{key}"], arrays[f"{name}.{key}{SCALE}"] = _bytes(own)
            else:
                arrays[f"{name}.{key}"] = own.astype(np.float16)
    _write(path, {"format": FORMAT, "version": VERSION, "architecture": architecture, "kind": "weights", **about},
           arrays, compress=True)


def load_parts(path: Path) -> dict[str, PartNetwork]:
    """The second look's networks by name, of a file or a checkpoint, ready to look at pictures.

    Raises:
        ModelError: as `load_trained`.
    """
    stored = stored_parts(path)
    return {part.name: _filled(PartNetwork(part), part.name, stored, path, PARTS) for part in PARTS_KNOWN
            if any(name.startswith(f"{part.name}.") for name in stored)}


def load_occlusion(path: Path) -> OcclusionNetwork:
    """The network that sees what is before a face, of a file or a checkpoint.

    Raises:
        ModelError: as `load_trained`.
    """
    stored = stored_parts(path, OCCLUSION)
    name = OCCLUSION_NAME if any(key.startswith(OCCLUSION_NAME) for key in stored) else ""
    return _filled(OcclusionNetwork(), name, stored, path, OCCLUSION)


def _filled(network: Own, name: str, stored: Mapping[str, torch.Tensor], path: Path, architecture: str) -> Own:
    """The network with the weights that are stored under its name, ready to look at pictures."""
    first, state = f"{name}." if name else "", network.state_dict()
    for key, value in state.items():
        _check(path, first + key, stored.get(first + key), value, architecture)
    network.load_state_dict({key: stored[first + key] for key in state})
    return network.eval().requires_grad_(False)


def stored_parts(path: Path, architecture: str = PARTS) -> dict[str, torch.Tensor]:
    """The weights of a file or a checkpoint as they are, by network and layer ("eye.stem.weight").

    Raises:
        ModelError: the file is missing, damaged, or of another version or architecture.
    """
    about, arrays = _read(path, architecture)
    scales = {name.removesuffix(SCALE): arrays.pop(name) for name in list(arrays) if name.endswith(SCALE)}
    for name, scale in scales.items():
        if name not in arrays or scale.shape != arrays[name].shape[:1] + (1,) * (arrays[name].ndim - 1):
            raise ModelError(f"{path} is damaged (the scale of {name} is not that of its rows); "
                             "train again with `mien net train`")
    return {name.removeprefix("weights/"): torch.from_numpy(np.asarray(array * scales.get(name, 1), np.float32))
            for name, array in arrays.items() if about["kind"] != "checkpoint" or name.startswith("weights/")}


def save_checkpoint(path: Path, about: dict[str, Any], tables: dict[str, dict[str, torch.Tensor]],
                    architecture: str = ARCHITECTURE) -> None:
    """Write all that training needs to go on, tables of tensors by name: "weights", and such as the optimiser's
    moments."""
    arrays = {f"{table}/{name}": value.detach().cpu().numpy() for table, values in tables.items()
              for name, value in values.items()}
    _write(path, {"format": FORMAT, "version": VERSION, "architecture": architecture, "kind": "checkpoint", **about},
           arrays, compress=False)


def load_checkpoint(path: Path, architecture: str = ARCHITECTURE
                    ) -> tuple[dict[str, Any], dict[str, dict[str, torch.Tensor]]]:
    """What `save_checkpoint` wrote: about, and tables of tensors by their first name ("weights", ...).

    Raises:
        ModelError: as `load_trained`.
    """
    about, arrays = _read(path, architecture)
    if about["kind"] != "checkpoint":
        raise ModelError(f"{path} holds finished weights, which cannot be trained on; give a checkpoint")
    tables: dict[str, dict[str, torch.Tensor]] = {}
    for name, value in arrays.items():
        table, _, rest = name.partition("/")
        tables.setdefault(table, {})[rest] = torch.from_numpy(value)
    return about, tables


def _check(path: Path, name: str, stored: np.ndarray | torch.Tensor | None, wanted: torch.Tensor,
           architecture: str) -> None:
    if stored is None or tuple(stored.shape) != tuple(wanted.shape) or not np.isfinite(np.asarray(stored)).all():
        raise ModelError(f"{path} does not hold whole weights of {architecture} ({name} is missing or wrong); "
                         "train again with `mien net train`")


def _bytes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers of 8 bits, and the scale of each row, of which the largest is 127."""
    scale = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True).astype(np.float32) / 127
    scale = np.maximum(scale, np.finfo(np.float32).tiny)
    return np.round(values / scale).astype(np.int8), scale


def _write(path: Path, about: dict[str, Any], arrays: dict[str, np.ndarray], compress: bool) -> None:
    text = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    save_arrays(path, {"about": text, **whole}, compress)


def _read(path: Path, architecture: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    try:
        arrays = load_arrays(path)
        about = json.loads(bytes(arrays.pop("about")).decode())
        found = (about["format"], about["version"], about["architecture"], about["kind"])
    except (Damaged, KeyError, ValueError, TypeError) as error:
        if isinstance(error.__cause__, OSError):
            raise ModelError(f"{path} cannot be read: {error.__cause__.strerror or error}; give the path of a trained "
                             "network") from error
        raise ModelError(f"{path} is damaged or holds no trained network ({error}); train again with `mien net train`"
                         ) from error
    if found[:3] != (FORMAT, VERSION, architecture):
        raise ModelError(f"{path} is a network {found[2]!r} of version {found[1]!r}, and this mien runs "
                         f"{architecture!r} of version {VERSION}; train again with `mien net train`")
    odd = next((name for name, array in arrays.items() if array.dtype.kind not in "fiub"), None)
    if odd is not None:
        raise ModelError(f"{path} is damaged ({odd} holds no numbers); train again with `mien net train`")
    return about, arrays
