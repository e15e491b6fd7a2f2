"""The landmarks of a take as an actor's own network places them: moved where they were found, and kept beside them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from app import artefacts
from app.preparing import Prepared
from solver.actor import Taught
from solver.actor_network import OwnLook
from solver.detect import runs
from solver.landmarks import Landmarks

LOOK_VERSION = 1


def own_landmarks(ready: Prepared, found: Landmarks, keys: dict[str, str], taught: Taught, force: bool,
                  report: Callable[[str, int, int], None]) -> Landmarks:
    """The landmarks that `app.detection` found, moved; from disk where they are there under their key.

    Args:
        keys: of the steps that found them.
        report: `report(step, done, total)`, counting a camera's frames.

    Raises:
        DataError: the network does not fit.
        ClipError: a frame cannot be decoded.
        OutputError: they cannot be written.
    """
    moved, look = [], None
    for index, camera in enumerate(found.cameras):
        step = f"look at {camera}"
        key = artefacts.key_of("actor look", LOOK_VERSION, detect=keys[f"detect {camera}"], network=taught.key)
        path = ready.where.work / f"actor.{camera}.npz"
        arrays = None if force else artefacts.load(path, key, {"xy": ("f", found.xy.shape[1:])})
        if arrays is None:
            look = look or OwnLook(taught.layers)
            arrays = {"xy": moved_in(look, found.xy[index], found.whole[index],
                                     lambda frames, index=index: ready.pictures(index, frames),
                                     lambda done, total, step=step: report(step, done, total))}
            artefacts.save(path, key, arrays)
        moved.append(arrays["xy"])
    return replace(found, xy=np.stack(moved))


def moved_in(look: OwnLook, xy: np.ndarray, whole: np.ndarray, pictures: Callable[[np.ndarray], object],
             report: Callable[[int, int], None] = lambda done, total: None) -> np.ndarray:
    """One camera's landmarks (T, N, 2), moved in each run of frames with a whole face (T); `pictures(frames)`."""
    out, done, total = xy.copy(), 0, int(whole.sum())
    for run in runs(whole):
        start = run.start
        for batch in look.moved(pictures(np.arange(run.start, run.stop)), xy[run]):
            out[start:start + len(batch)] = batch
            start, done = start + len(batch), done + len(batch)
            report(done, total)
    return out
