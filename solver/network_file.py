"""Networks on disk: checkpoints to go on training from, and the small file of what training changed.

Both are NumPy's npz without pickle, so that a file from a stranger runs no code. The shipped file holds differences to
MediaPipe's own weights (which mien does not ship) as 16-bit floats, and names the recipe that made them.
"""

import json
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch

from capture.arrays import save_arrays
from capture.errors import ModelError
from capture.files import sha256
from solver import pretrained
from solver.network import LandmarkNetwork

FORMAT, VERSION = "mien.network", 1
ARCHITECTURE = "attention-mesh-sigma-1"
SCHEME = "mien478"
"""The point set of our network: MediaPipe's 478, where they lie on the model that it was trained on."""
DEFINED_ON = "b039389b8d82dfe8ea87a9808011926a2d6165495a46e12ffbdccd4adb11835b"
"""The sha256 of that model, ICT-FaceKit as `solver.ict` reads it."""


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


def key_of(path: Path) -> str:
    """A name for these weights: equal keys mean equal landmarks."""
    return f"{ARCHITECTURE}-{sha256(path)[:16]}"


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
    about, arrays = _read(path)
    network = fresh()
    start = network.state_dict()
    state = {}
    for name, value in start.items():
        stored = arrays.get(f"weights/{name}" if about["kind"] == "checkpoint" else name)
        if stored is None or stored.shape != tuple(value.shape) or not np.isfinite(stored).all():
            raise ModelError(f"{path} does not hold whole weights of {ARCHITECTURE} ({name} is missing or wrong); "
                             "train again with `mien net train`")
        stored = torch.from_numpy(stored.astype(np.float32))
        state[name] = stored if about["kind"] == "checkpoint" else value + stored
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def save_checkpoint(path: Path, about: dict[str, Any], weights: dict[str, torch.Tensor],
                    moments: dict[str, dict[str, torch.Tensor]]) -> None:
    """Write all that training needs to go on: weights by name, and the optimiser's moments by name and weight."""
    arrays = {f"weights/{name}": value.detach().cpu().numpy() for name, value in weights.items()}
    arrays |= {f"{moment}/{name}": value.detach().cpu().numpy()
               for moment, values in moments.items() for name, value in values.items()}
    _write(path, {"format": FORMAT, "version": VERSION, "architecture": ARCHITECTURE, "kind": "checkpoint", **about},
           arrays, compress=False)


def load_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, dict[str, torch.Tensor]]]:
    """What `save_checkpoint` wrote: about, and tables of tensors by their first name ("weights", ...).

    Raises:
        ModelError: as `load_trained`.
    """
    about, arrays = _read(path)
    if about["kind"] != "checkpoint":
        raise ModelError(f"{path} holds finished weights, which cannot be trained on; give a checkpoint")
    tables: dict[str, dict[str, torch.Tensor]] = {}
    for name, value in arrays.items():
        table, _, rest = name.partition("/")
        tables.setdefault(table, {})[rest] = torch.from_numpy(value)
    return about, tables


def _write(path: Path, about: dict[str, Any], arrays: dict[str, np.ndarray], compress: bool) -> None:
    text = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    save_arrays(path, {"about": text, **whole}, compress)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            about = json.loads(bytes(archive["about"]).decode())
            arrays = {name: archive[name] for name in archive.files if name != "about"}
            found = (about["format"], about["version"], about["architecture"], about["kind"])
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}; give the path of a trained network"
                         ) from error
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError) as error:
        raise ModelError(f"{path} is damaged or holds no trained network ({error}); train again with `mien net train`"
                         ) from error
    if found[:3] != (FORMAT, VERSION, ARCHITECTURE):
        raise ModelError(f"{path} is a network {found[2]!r} of version {found[1]!r}, and this mien runs "
                         f"{ARCHITECTURE!r} of version {VERSION}; train again with `mien net train`")
    return about, arrays
