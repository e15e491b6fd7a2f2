"""The landmarks of a take looked for again, where other cameras say that the face is."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from app import artefacts
from app.detection import SCHEME_SHAPE, clock_key, film_looks, film_shape, on_take_clock, track_shapes
from app.detectors import Landmarker
from app.preparing import Prepared
from app.timings import timed
from capture.camera import Rig
from capture.film_look import faults, unlooked
from solver.detect import Guided, Track
from solver.embedding import VERSION as EMBEDDING_VERSION
from solver.face_model import FaceModel
from solver.landmarks import Landmarks
from solver.seen_by_others import seen_by_others

AGAIN_VERSION = 2


def looked_again(ready: Prepared, found: Landmarks, keys: dict[str, str], rig: Rig, landmarker: Landmarker,
                 model: FaceModel, force: bool, report: Callable[[str, int, int], None], note: Callable[[str], None],
                 ) -> tuple[Landmarks, dict[str, str]]:
    """The landmarks that `app.detection` found, without what is no face to the other cameras, and with the faces that
    these saw alone; from disk where that was done before.

    Args:
        found: by each camera's own clock.
        keys: of the steps that found them.
        rig: the cameras, in the landmarks' order.
        report: `report(step, done, total)`, counting a camera's frames.
        note: hears what was changed.

    Returns:
        The landmarks, and the keys with those of the cameras in which something was looked for again.

    Raises:
        ChangedError: a clip changed meanwhile.
        ClipError: a frame cannot be decoded.
        OutputError: they cannot be written.
    """
    detector = landmarker.detector
    if len(rig.cameras) < 2 or not isinstance(detector, Guided):
        return found, keys
    others = seen_by_others(on_take_clock(found, ready), rig, model, landmarker.embedding(model), detector.margin)
    films = film_looks(ready.where, found.cameras, keys, found.seen.shape[1])
    xy, sigma, seen, changed = found.xy.copy(), found.sigma.copy(), found.seen.copy(), dict(keys)
    for index, camera in enumerate(found.cameras):
        film = films.get(camera, unlooked(found.seen.shape[1]))
        still = faults(film).stands(len(film))
        squares = {frame: square for frame, square in others.squares[index].items()
                   if ready.there[index, frame] and not still[frame]}
        wrong, path = others.wrong[index], ready.where.again(camera)
        if not squares and not wrong.any():
            path.unlink(missing_ok=True)
            continue
        key = artefacts.key_of("detect again", AGAIN_VERSION, detect={**keys, **clock_key(ready)}, camera=camera,
                               rig=artefacts.rig_key(rig), model=model.sha256, embedding=EMBEDDING_VERSION,
                               detector=detector.key)
        arrays = None if force else artefacts.load(
            path, key, {**track_shapes(*seen.shape[1:]), **film_shape(seen.shape[1]), **SCHEME_SHAPE})
        if arrays is None:
            step = f"look again {camera}"
            with timed(ready.where.work, step, key), ready.contents[index].steady():
                track = detector.again(
                    ready.pictures(index, np.array(sorted(squares), dtype=int)), squares, len(wrong),
                    lambda done, total, step=step: report(step, done, total))
            arrays = _merged(Track(xy[index], sigma[index], seen[index]), wrong, track) | {
                "scheme": np.array(found.scheme), "film": film}
            artefacts.save(path, key, arrays)
        more = int((arrays["seen"].any(axis=1) & ~seen[index].any(axis=1)).sum())
        if wrong.any():
            note(f"{camera} followed something else than the face that the other cameras see in {wrong.sum()} of "
                 f"{len(wrong)} frames: that is left out")
        if more:
            note(f"{camera} shows the face in {more} frames more, where the other cameras say that it is")
        xy[index], sigma[index], seen[index] = arrays["xy"], arrays["sigma"], arrays["seen"]
        changed[f"detect {camera}"] = key
    return replace(found, xy=xy, sigma=sigma, seen=seen), changed


def _merged(before: Track, wrong: np.ndarray, again: Track) -> dict[str, np.ndarray]:
    there = again.seen.any(axis=1)
    gone = wrong & ~there
    xy, sigma, seen = before.xy.copy(), before.sigma.copy(), before.seen.copy()
    xy[gone], sigma[gone], seen[gone] = np.nan, np.inf, False
    xy[there], sigma[there], seen[there] = again.xy[there], again.sigma[there], again.seen[there]
    return {"xy": xy, "sigma": sigma, "seen": seen}
