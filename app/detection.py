"""The landmarks of a take, found part by part: the parts may be done in any order, by any process on any machine.

A detector follows the face from frame to frame, so that what it finds in a frame hangs on where it began. A camera's
frames are therefore cut at fixed borders, and each part begins a little before its border with a face that is newly
looked for: what comes out hangs on the footage alone, not on who did which part, nor on what was killed in between.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app import artefacts, timings
from app.corrections import corrections_path
from app.detectors import Landmarker
from app.places import Places
from app.pointed_face import Pointed, kept_sightings, pointed, several, turned_key
from app.preparing import Prepared
from app.timings import Took, timed
from capture.film_look import Looker, faults, unlooked, whole
from solver.detect import Footage, Report, Track, Whereabouts, stack
from solver.landmarks import Landmarks
from solver.network_actor import every
from solver.own_time import at_moments, in_step

DETECT_VERSION = 6
CLOCK_VERSION = 4
"""Of how a take's clips are put on one clock: with another, takes that are done are looked at again."""
MOMENTS_VERSION = 2
"""Of what `on_take_clock` makes of the same lateness."""
PART_FRAMES = 480
"""A part's length: half a minute to a minute of work, so that no more is lost with a worker."""
WARM_UP = 16
"""Frames before a part's border that are looked at and dropped: by then the followed square has settled, and the
network detector's batches lie as they would without a border."""

SCHEME_SHAPE: artefacts.Shapes = {"scheme": ("U", ())}
"""What stands beside the landmarks of a whole camera on disk."""


@dataclass(frozen=True)
class Part:
    """The frames `first` up to, and without, `stop` of one camera of a take; the detector begins at frame `warm`."""

    camera: int
    name: str
    first: int
    stop: int
    warm: int


@dataclass(frozen=True)
class Filmed(Track):
    """The landmarks of one camera, and how its film looks, (T, 8); see `capture.film_look`."""

    film: np.ndarray


def parts(ready: Prepared, camera: int) -> tuple[Part, ...]:
    """The parts of one camera's wanted frames, in their order; none of frames in which it has no picture."""
    name, (begin, end) = ready.clips.clips[camera].camera, span(ready, camera)
    return tuple(Part(camera, name, first, stop, max(first - WARM_UP, begin)) for first, stop in stretches(begin, end))


def span(ready: Prepared, camera: int) -> tuple[int, int]:
    """The first of the wanted frames in which a camera has a picture, and the one after the last."""
    rows = ready.first + np.flatnonzero(ready.there[camera])
    return (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (ready.first, ready.first)


def stretches(first: int, stop: int) -> tuple[tuple[int, int], ...]:
    """The frames from `first` up to, and without, `stop`, cut at the borders of the parts."""
    return tuple((start, min(start + PART_FRAMES, stop)) for start in range(first, stop, PART_FRAMES))


def detect_key(ready: Prepared, camera: int, detector_key: str) -> str:
    """The key of all landmarks of one camera."""
    return artefacts.key_of(
        "detect", DETECT_VERSION, detector=detector_key, rate=str(ready.clips.rate), clip=ready.contents[camera].key,
        frames=ready.clips.numbers[camera, ready.first:ready.stop].tolist(), parts=[PART_FRAMES, WARM_UP],
        **_faces_key(ready, camera))


def part_key(ready: Prepared, part: Part, detector_key: str) -> str:
    """The key of the landmarks of one part."""
    return artefacts.key_of(
        "detect part", DETECT_VERSION, detector=detector_key, rate=str(ready.clips.rate),
        clip=ready.contents[part.camera].key, warm=part.first - part.warm,
        frames=ready.clips.numbers[part.camera, part.warm:part.stop].tolist(), **_faces_key(ready, part.camera))


def missing(ready: Prepared, detector_key: str) -> tuple[Part, ...]:
    """The parts of all cameras that are not on disk yet, as far as a look at their keys tells."""
    left = []
    for camera, clip in enumerate(ready.clips.clips):
        if not artefacts.stands(ready.where.landmarks(clip.camera), detect_key(ready, camera, detector_key)):
            left += [part for part in parts(ready, camera)
                     if not artefacts.stands(ready.where.part(part.name, part.first),
                                             part_key(ready, part, detector_key))]
    return tuple(left)


def detect_part(ready: Prepared, part: Part, landmarker: Landmarker, force: bool, report: Report) -> Filmed:
    """The landmarks of one part, from disk where they are there under their key, else found and put there.

    `report(done, total)` counts the part's frames.

    Raises:
        ChangedError: the clip changed meanwhile.
        ClipError: a frame cannot be decoded.
        DataError: there is no face where a person pointed at the actor's.
        OutputError: they cannot be written.
    """
    key, path = part_key(ready, part, landmarker.detector.key), ready.where.part(part.name, part.first)
    arrays = None if force else artefacts.load(
        path, key, {**track_shapes(part.stop - part.first), **film_shape(part.stop - part.first)})
    if arrays is None:
        dropped = part.first - part.warm
        looker = Looker(ready.clips.numbers[part.camera, part.warm:part.stop].tolist())
        with timed(path.parent, str(part.first), key), ready.contents[part.camera].steady():
            footage = _footage(ready, part, force, lambda: report(0, part.stop - part.first))
            track = landmarker.detector.detect(
                replace(footage, pictures=lambda: looker.passing(footage.pictures())),
                lambda done, total: report(max(done - dropped, 0), total - dropped))
            looker.light(track.xy, track.seen)
        arrays = {"xy": track.xy[dropped:], "sigma": track.sigma[dropped:], "seen": track.seen[dropped:],
                  "film": looker.look[dropped:]}
        artefacts.save(path, key, arrays)
    return Filmed(arrays["xy"], arrays["sigma"], arrays["seen"], whole(arrays["film"]))


def _footage(ready: Prepared, part: Part, force: bool, step: Callable[[], None]) -> Footage:
    """What a part shows, and whose face in it is the actor's, as a person said or else the whole clip says."""
    footage, what = ready.footage(part.camera, part.warm, part.stop), _pointed(ready, part.camera)
    clip = ready.clips.clips[part.camera]

    def about() -> Whereabouts | None:
        found = kept_sightings(clip, ready.contents[part.camera].key, what, corrections_path(ready.take),
                               ready.where.work, force and part.first == span(ready, part.camera)[0], step)
        numbers = ready.clips.numbers[part.camera, part.warm:part.stop]
        return found.during(numbers.tolist(), every(clip.frame_rate))

    return replace(footage, actor=about()) if what else replace(footage, longest=about)


def of_several_faces(ready: Prepared) -> tuple[str, ...]:
    """The cameras in which the actor's face was chosen, by nobody who pointed, from several of like size."""
    return tuple(clip.camera for index, clip in enumerate(ready.clips.clips)
                 if not _pointed(ready, index) and several(clip, ready.contents[index].key, ready.where.work))


def _pointed(ready: Prepared, camera: int) -> Pointed:
    return pointed(ready.faces, ready.clips.clips[camera], corrections_path(ready.take))


def _faces_key(ready: Prepared, camera: int) -> dict[str, object]:
    """What a person pointed at, and by how much the pictures are turned, as a part of keys; none where that is
    nothing."""
    what = _pointed(ready, camera)
    return {**({"faces": what.rows} if what else {}), **turned_key(ready.clips.clips[camera])}


def detect(ready: Prepared, landmarker: Landmarker, force: bool,
           report: Callable[[str, int, int], None]) -> tuple[Landmarks, dict[str, str]]:
    """All landmarks of a take: what is missing is found, the parts are joined.

    Args:
        report: `report(step, done, total)`, counting a camera's frames.

    Returns:
        The landmarks, and the key of each camera's step.

    Raises:
        MienError: see `detect_part`.
    """
    detector, total, keys = landmarker.detector, ready.stop - ready.first, {}
    tracks: dict[int, Track] = {}
    # Those that have no picture at all come last: what the others found says how many landmarks there are.
    for camera in sorted(range(len(ready.clips.clips)), key=lambda camera: not ready.there[camera].any()):
        clip = ready.clips.clips[camera]
        step = f"detect {clip.camera}"
        keys[step] = detect_key(ready, camera, detector.key)
        path = ready.where.landmarks(clip.camera)
        arrays = None if force else artefacts.load(
            path, keys[step], {**track_shapes(total), **film_shape(total), **SCHEME_SHAPE})
        if arrays is None:
            found = [detect_part(ready, part, landmarker, force,
                                 lambda done, _, step=step, part=part: report(step, part.first - ready.first + done,
                                                                              total))
                     for part in parts(ready, camera)]
            arrays = {name: np.concatenate([getattr(part, name) for part in found])
                      for name in ("xy", "sigma", "seen", "film")} if found else _nothing(tracks)
            _without_still(arrays)
            arrays = _in_all_frames(arrays, span(ready, camera)[0] - ready.first, total)
            arrays["scheme"] = np.array(detector.scheme)
            _join_records(ready, camera, detector.key)
            artefacts.save(path, keys[step], arrays)
            ready.where.again(clip.camera).unlink(missing_ok=True)
            shutil.rmtree(ready.where.parts(clip.camera), ignore_errors=True)
        tracks[camera] = _track(arrays)
    keys = {f"detect {clip.camera}": keys[f"detect {clip.camera}"] for clip in ready.clips.clips}
    return stack([clip.camera for clip in ready.clips.clips], [tracks[camera] for camera in sorted(tracks)],
                 detector.scheme), keys


def kept(where: Places, camera: str, key: str, frames: int) -> dict[str, np.ndarray] | None:
    """A camera's landmarks of that key, as found or as looked for again; None where they are gone."""
    shapes = {**track_shapes(frames), **SCHEME_SHAPE}
    again = artefacts.load(where.again(camera), key, shapes)
    return again if again is not None else artefacts.load(where.landmarks(camera), key, shapes)


def track_shapes(frames: int, points: int | str = "points") -> artefacts.Shapes:
    """What the landmarks of one camera are on disk."""
    return {"xy": ("f", (frames, points, 2)), "sigma": ("f", (frames, points)), "seen": ("b", (frames, points))}


def film_shape(frames: int) -> artefacts.Shapes:
    """What stands beside them of how the film looks; landmarks that an older mien found have none, or fewer columns."""
    return {"film": ("f", (frames, "columns"))}


def film_looks(where: Places, cameras: Sequence[str], keys: Mapping[str, str], frames: int) -> dict[str, np.ndarray]:
    """How the films look, (T, COLUMNS) each, of the cameras whose landmarks are on disk under the keys of their steps.

    Those that an older mien found have no look; a damaged file counts as absent.
    """
    found = {}
    for camera in cameras:
        key, shape = keys.get(f"detect {camera}", ""), film_shape(frames)
        arrays = artefacts.load(where.again(camera), key, shape) or artefacts.load(where.landmarks(camera), key, shape)
        if arrays:
            found[camera] = whole(arrays["film"])
    return found


def _nothing(tracks: Mapping[int, Track]) -> dict[str, np.ndarray]:
    """What is found in no frame, of as many landmarks as others have."""
    points = next(iter(tracks.values())).xy.shape[1]
    return {"xy": np.zeros((0, points, 2), np.float32), "sigma": np.zeros((0, points), np.float32),
            "seen": np.zeros((0, points), bool), "film": unlooked(0)}


def _in_all_frames(arrays: dict[str, np.ndarray], first: int, total: int) -> dict[str, np.ndarray]:
    """What was found in some frames from `first` on as of all: where a camera has no picture it sees nothing."""
    out = {}
    for name, without in (("xy", np.nan), ("sigma", np.inf), ("seen", False), ("film", np.nan)):
        out[name] = np.full((total, *arrays[name].shape[1:]), without, arrays[name].dtype)
        out[name][first:first + len(arrays[name])] = arrays[name]
    return out


def _without_still(arrays: dict[str, np.ndarray]) -> None:
    """Take away what a film that stands still shows: it is of another moment."""
    still = faults(arrays["film"]).stands(len(arrays["film"]))
    arrays["xy"][still], arrays["sigma"][still], arrays["seen"][still] = np.nan, np.inf, False


def on_take_clock(landmarks: Landmarks, ready: Prepared) -> Landmarks:
    """A take's landmarks at its own moments, where its cameras ran without genlock."""
    return landmarks if ready.late is None else at_moments(landmarks, ready.late)


def clock_key(ready: Prepared) -> dict[str, str]:
    """What `on_take_clock` hangs on, as a key; none where the cameras are in step."""
    if ready.late is None or in_step(ready.late):
        return {}
    return {"clock": artefacts.key_of("clock", MOMENTS_VERSION, late=np.nan_to_num(ready.late).round(4).tolist())}


def _track(arrays: dict[str, np.ndarray]) -> Track:
    return Track(arrays["xy"], arrays["sigma"], arrays["seen"])


def _join_records(ready: Prepared, camera: int, detector_key: str) -> None:
    """What all parts of a camera took together, and the most memory that one of them held."""
    name, key = ready.clips.clips[camera].camera, detect_key(ready, camera, detector_key)
    keys = {part_key(ready, part, detector_key) for part in parts(ready, camera)}
    took = [part for part in timings.recorded(ready.where.parts(name)) if part.key in keys]
    memory = [part.peak_mib for part in took if part.peak_mib is not None]
    timings.save(ready.where.work, Took(f"detect {name}", key, round(sum(part.seconds for part in took), 3),
                                        round(sum(part.cpu_seconds for part in took), 3), max(memory, default=None)))
