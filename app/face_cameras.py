"""The cameras of a take by its face: found where there is no rig, and checked where there is one."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from app import artefacts
from app.clocks import lagging, out_of_step
from app.detectors import Landmarker
from app.places import Places
from app.preparing import Prepared
from app.timings import timed
from capture.camera import Rig, load_rig, save_rig
from capture.errors import MienError, RigError
from capture.files import write_bytes
from capture.focal import equivalent_mm, first_lens
from capture.match import TakeClips
from capture.shoot import Take
from solver.embedding import VERSION as EMBEDDING_VERSION
from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.face_poses import face_poses, mirrored
from solver.landmarks import Landmarks, surely
from solver.rig_check import Bump, check_rig, find_bump, odd_size, refuse_foreign
from solver.self_calibrate import FaceCalibration, calibrate_from_face

VERSION = 2
RIG_NAME = "rig.face.toml"
RECORD_NAME = "rig.face.json"

Report = Callable[[str, int, int], None]
"""`report(step, done, total)`."""


def cameras_for(ready: Prepared, landmarks: Landmarks, detect_keys: dict[str, str], landmarker: Landmarker,
                model: FaceModel, force: bool, report: Report, note: Callable[[str], None]) -> tuple[Rig, bool]:
    """The cameras to solve with, and whether one alone had to be assumed.

    Raises:
        RigError: the rig does not belong to the footage, or none can be found from it.
    """
    if len(ready.rig.cameras) < 2:
        return ready.rig, ready.lone
    if not ready.lone:
        _check(ready, ready.rig, landmarks, model, landmarker.embedding(model), note)
        if (late := lagging(landmarks, float(ready.clips.rate), ready.rig, ready.there)):
            note(out_of_step(late))
        return ready.rig, False
    key = artefacts.key_of("cameras", VERSION, detect=detect_keys, model=model.sha256, scheme=landmarks.scheme,
                           embedding=EMBEDDING_VERSION, settings=repr(_settings(ready.take)))
    found = None if force else _before(ready.where, key)
    if found is None:
        if blind := [name for name, there in zip(landmarks.cameras, ready.there, strict=True) if not there.any()]:
            names, plural = " and ".join(blind), len(blind) > 1
            raise RigError(f"no rig.toml, and {names} {'have' if plural else 'has'} no picture in frames {ready.first} "
                           f"to {ready.stop - 1}, by which to find where {'they stand' if plural else 'it stands'}: "
                           "solve more frames, leave such a camera aside by `cameras` in take.toml, or film a board "
                           "and run `mien calibrate`")
        report("cameras", 0, 1)
        with timed(ready.where.work, "cameras", key):
            try:
                calibration = from_face(ready.clips, ready.take, landmarks, landmarker.embedding(model), model,
                                        lambda done, total: report("cameras", done, total))
            except RigError as error:
                raise RigError(f"no rig.toml, and the cameras cannot be found from the face: {error}") from error
        save_rig(calibration.rig, ready.where.work / RIG_NAME)
        words = {str(index): line for index, line in enumerate(
            ("no rig.toml: the cameras are found from the face: " + "; ".join(sentences(calibration)),
             *calibration.warnings))}
        write_bytes(ready.where.work / RECORD_NAME, artefacts.record_bytes({"key": key, **words}))
        found = load_rig(ready.where.work / RIG_NAME), list(words.values())
    rig, lines = found
    for line in lines:
        note(line)
    _check(ready, rig, landmarks, model, landmarker.embedding(model), note)
    return rig, False


def from_face(clips: TakeClips, take: Take, landmarks: Landmarks, embedding: Embedding, model: FaceModel,
              report: Callable[[int, int], None]) -> FaceCalibration:
    """Calibrate a take's cameras from its landmarks.

    Raises:
        RigError: they do not tell enough, or a clip is mirrored.
    """
    landmarks = surely(landmarks)  # an ear that was taken for a face says nothing of where a camera stands
    focal, interocular = _settings(take)
    lenses = [first_lens(clip, focal) for clip in clips.clips]
    cameras = [lens for lens, _ in lenses]
    turned = mirrored(face_poses(landmarks, cameras, model, embedding))
    if turned:
        names = " or ".join(cameras[index].name for index in turned)
        raise RigError(f"the clip of {names} is mirrored: the head turns to the other side than in the other cameras; "
                       "turn the mirror off in the camera, or flip the clip")
    return calibrate_from_face(landmarks, cameras, [stated for _, stated in lenses], model, embedding, clips.rate,
                               interocular, report)


def sentences(calibration: FaceCalibration) -> list[str]:
    """What was found and how sure it is."""
    lines = []
    for index, camera in enumerate(calibration.rig.cameras):
        focal = camera.matrix[0, 0]
        sigma = calibration.focal_sigma[index]
        way = f"direction +- {math.degrees(calibration.direction_sigma[index]):.1f} degrees, " if index else ""
        lines.append(f"{camera.name} {focal:.0f} px +- {100 * sigma:.0f} % ({equivalent_mm(camera):.0f} mm), {way}"
                     f"{calibration.residual_px[index]:.1f} px from the face")
    size = "the model's own size" if math.isnan(calibration.interocular_m) else \
        f"{1000 * calibration.interocular_m:.1f} mm between the eyes"
    return [*lines, f"sizes follow from {size}, +- {100 * calibration.scale_sigma:.0f} %"]


def _check(ready: Prepared, rig: Rig, landmarks: Landmarks, model: FaceModel, embedding: Embedding,
           note: Callable[[str], None]) -> None:
    """Whether the rig belongs to the landmarks of the wanted frames."""
    landmarks = surely(landmarks)
    bump = _bump(landmarks, rig, embedding, ready.there)
    if bump is not None:
        note(f"{' or '.join(bump.cameras)} was moved at frame {ready.first + bump.frame}: from there on the face lies "
             f"{bump.px:.1f} px elsewhere in the pictures; solve the part before and the part after with a rig each "
             "(--start, --end)")
        return
    check = check_rig(landmarks, rig, embedding)
    refuse_foreign(check, landmarks, rig, model, embedding, "the rig")
    if (odd := odd_size(check)) is not None:
        note(odd)


def _bump(landmarks: Landmarks, rig: Rig, embedding: Embedding, there: np.ndarray) -> Bump | None:
    """The first camera that was moved; there (C, T) says in which frames each has a picture. The face jumps also
    where a camera of a rig that is a little off begins or stops: frames are compared that the same cameras show."""
    borders = np.flatnonzero((there[:, 1:] != there[:, :-1]).any(axis=0)) + 1
    for start, stop in pairwise([0, *borders.tolist(), there.shape[1]]):
        some, part = np.flatnonzero(there[:, start]), slice(start, stop)
        if len(some) < 2:
            continue
        shown = Landmarks(tuple(landmarks.cameras[index] for index in some), landmarks.scheme,
                          *(array[some, part] for array in (landmarks.xy, landmarks.sigma, landmarks.seen)))
        bump = find_bump(shown, Rig(tuple(rig.cameras[index] for index in some)), embedding)
        if bump is not None:
            return replace(bump, frame=start + bump.frame)
    return None


def _before(where: Places, key: str) -> tuple[Rig, list[str]] | None:
    record = artefacts.load_record(where.work / RECORD_NAME)
    if record.pop("key", "") != key:
        return None
    try:
        return load_rig(where.work / RIG_NAME), [record[name] for name in sorted(record, key=int)]
    except (MienError, ValueError):
        return None


def _settings(take: Take) -> tuple[float | None, float | None]:
    """What the user says of the lenses, mm on 35 mm film, and of the actor's eyes, metres."""
    interocular = take.setting("interocular_mm")
    return take.setting("focal_35mm"), None if interocular is None else interocular / 1000
