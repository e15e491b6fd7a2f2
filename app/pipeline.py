"""The main job for one take, as steps with keys: probe, detect each camera, solve, export each format.

No printing and no Qt here: whoever calls gives a Teller. A step whose artefact is whole and carries the right key is
skipped, so a run that was cut off goes on where it stopped and ends with the same bytes.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app import artefacts
from app.clocks import offsets
from app.contents import content, state_of
from app.detectors import Landmarker
from app.places import RIG_NAME, SOLVE_NAME, Places, places
from app.progress import Teller
from app.timings import timed
from capture.camera import Camera, Rig, load_rig, lone_camera, save_rig
from capture.errors import MienError, UsageError
from capture.files import make_folder, sha256, write_bytes
from capture.match import TakeClips, plan, probe_take, take_frames
from capture.shoot import Take
from capture.timecode import parse
from exporters import FORMATS, WRITERS
from exporters.scene import make_scene
from exporters.to_json import read as read_performance
from exporters.to_json import write as write_performance
from solver.detect import Footage, Track, stack
from solver.embedding import VERSION as EMBEDDING_VERSION
from solver.face_model import FaceModel
from solver.performance import Performance
from solver.solve import PRESETS, TakeFacts, solve_take

DETECT_VERSION = 1
SOLVE_VERSION = 2
EXPORT_VERSION = 2
FOCAL_GUESS = 1.2
"""Focal length over the longer side, assumed of a camera of which nothing is known: 43 mm on 35 mm film."""


@dataclass(frozen=True)
class Options:
    """What the user chose. `start` and `end` are frame numbers or timecodes as typed, or None."""

    out: Path | None
    rig: Path | None
    actor: str
    formats: tuple[str, ...]
    preset: str
    start: str | None
    end: str | None
    force: bool


@dataclass(frozen=True)
class Tools:
    """What the steps work with: made once for a run."""

    landmarker: Landmarker
    model: FaceModel


def run_take(take: Take, options: Options, tools: Tools, teller: Teller) -> tuple[str, ...]:
    """The main job for one take.

    Returns:
        The paths of the files that are there now.

    Raises:
        MienError: the take cannot be done; what was finished stays, nothing is half-written.
    """
    states = {path: state_of(path) for path in take.clips}
    clips, rig, lone = _footage(take, options)
    where = places(take, options.out)
    make_folder(where.out)
    make_folder(where.work)
    for warning in clips.warnings:
        teller.note(take.name, warning)
    first, stop = _range(clips, options)
    detector, tracks, detect_keys = tools.landmarker.detector, [], {}
    for camera, clip in enumerate(clips.clips):
        step = f"detect {clip.camera}"
        bytes_of = content(clip.path, where.work, states[clip.path])
        key = artefacts.key_of("detect", DETECT_VERSION, detector=detector.key, rate=str(clips.rate),
                               clip=bytes_of.key, frames=clips.numbers[camera, first:stop].tolist())
        detect_keys[step] = key
        path = where.landmarks(clip.camera)
        arrays = None if options.force else artefacts.load(path, key)
        if arrays is None:
            with timed(where.work, step, key), bytes_of.steady():
                track = detector.detect(
                    _footage_of(clips, camera, first, stop),
                    lambda done, total, step=step: teller.progress(take.name, step, done, total))
            arrays = {"xy": track.xy, "sigma": track.sigma, "seen": track.seen, "scheme": np.array(detector.scheme)}
            artefacts.save(path, key, arrays)
        tracks.append(Track(arrays["xy"], arrays["sigma"], arrays["seen"]))
    landmarks = stack([clip.camera for clip in clips.clips], tracks, detector.scheme)
    _note_unseen(landmarks.found, landmarks.cameras, take, teller)

    solve_key = artefacts.key_of(
        "solve", SOLVE_VERSION, detect=detect_keys, model=tools.model.sha256, preset=options.preset, take=take.name,
        actor=options.actor, scheme=detector.scheme, embedding=EMBEDDING_VERSION, lone=lone,
        timecode=str(clips.start_timecode), rate=str(clips.rate), rig=[_camera_key(camera) for camera in rig.cameras])
    performance, used = (None, None) if options.force else _solved(where, solve_key)
    if performance is None:
        facts = TakeFacts(take.name, options.actor, clips.rate, _timecode_at(clips, first),
                          {**detect_keys, "solve": solve_key})
        teller.progress(take.name, "solve", 0, 1)  # a model's first embedding takes seconds
        with timed(where.work, "solve", solve_key):
            performance, used = solve_take(
                landmarks, rig, lone, tools.model, tools.landmarker.embedding(tools.model), facts,
                lambda done, total: teller.progress(take.name, "solve", done, total), PRESETS[options.preset])
        # The rig first: where solve.json stands under its key, everything of the step stands.
        save_rig(used, where.work / RIG_NAME)
        write_performance(make_scene(tools.model, performance), where.work / SOLVE_NAME)
    if lone:
        camera = used.cameras[0]
        teller.note(take.name, f"no rig.toml: assumed a pinhole camera and found a focal length of "
                               f"{camera.matrix[0, 0]:.0f} px ({_equivalent_mm(camera):.0f} mm on 35 mm film)")
    return export(performance, tools.model, options.formats, where, options.force, teller)


def export(performance: Performance, model: FaceModel, formats: tuple[str, ...], where: Places, force: bool,
           teller: Teller) -> tuple[str, ...]:
    """Write the formats that are not there yet: one step each, its key the performance's and the writer's version."""
    scene = make_scene(model, performance)
    record_path = where.work / "export.json"
    record = artefacts.load_record(record_path)
    outputs = []
    for index, name in enumerate(formats):
        teller.progress(performance.take, "export", index, len(formats))
        path = where.out / (performance.take + FORMATS[name])
        key = artefacts.key_of("export", EXPORT_VERSION, format=name, steps=performance.steps,
                               model=performance.model_sha256)
        if force or not path.is_file() or record.get(path.name) != f"{key} {sha256(path)}":
            with timed(where.work, f"export {name}", key):
                WRITERS[FORMATS[name]](scene, path)
            record[path.name] = f"{key} {sha256(path)}"
            write_bytes(record_path, artefacts.record_bytes(record))
        outputs.append(str(path))
    teller.progress(performance.take, "export", len(formats), len(formats))
    return tuple(outputs)


def _footage(take: Take, options: Options) -> tuple[TakeClips, Rig, bool]:
    """The take's clips on one clock, their cameras, and whether mien had to assume a lone camera."""
    rig_path = options.rig or take.rig_path
    rig = load_rig(rig_path) if rig_path is not None else None
    probed = probe_take(take)
    clips = plan(take, probed, rig, offsets(take, probed))
    if rig is None:
        clip = clips.clips[0]
        return clips, Rig((lone_camera(clip.camera, clip.size, FOCAL_GUESS * max(clip.size)),)), True
    return clips, Rig(tuple(rig[clip.camera] for clip in clips.clips)), False


def _footage_of(clips: TakeClips, camera: int, first: int, stop: int) -> Footage:
    return Footage(clips.clips[camera].size, clips.rate, stop - first,
                   lambda: (frame.rgb for frame in take_frames(clips, camera, first, stop)))


def _range(clips: TakeClips, options: Options) -> tuple[int, int]:
    """First frame and the frame after the last, within the take."""
    first = _frame(options.start, clips, "--start") if options.start is not None else 0
    stop = _frame(options.end, clips, "--end") if options.end is not None else clips.frames
    if not 0 <= first < stop <= clips.frames:
        raise UsageError(f"--start {first} and --end {stop} leave no frames of a take of {clips.frames}; "
                         f"choose 0 <= start < end <= {clips.frames}")
    return first, stop


def _frame(text: str, clips: TakeClips, option: str) -> int:
    """A frame number as typed, or the frame at a timecode."""
    if text.isdecimal():
        return int(text)
    if clips.start_timecode is None:
        raise UsageError(f"{option} {text} is a timecode, and the clips carry none; give a frame number")
    return parse(text, clips.rate).frame - clips.start_timecode.frame


def _timecode_at(clips: TakeClips, first: int) -> str:
    return str(clips.start_timecode + first) if clips.start_timecode is not None else str(parse("00:00:00:00",
                                                                                                clips.rate) + first)


def _solved(where: Places, key: str) -> tuple[Performance, Rig] | tuple[None, None]:
    """The solve of that key from an earlier run, if it is there and whole."""
    try:
        performance = read_performance(where.work / SOLVE_NAME)
        rig = load_rig(where.work / RIG_NAME)
    except MienError:
        return None, None
    return (performance, rig) if performance.steps.get("solve") == key else (None, None)


def _note_unseen(found: np.ndarray, cameras: tuple[str, ...], take: Take, teller: Teller) -> None:
    """Say how much of the take each camera missed: found (C, T)."""
    for camera, seen in zip(cameras, found, strict=True):
        if not seen.all():
            teller.note(take.name, f"{camera} saw no face in {np.count_nonzero(~seen)} of {len(seen)} frames")


def _camera_key(camera: Camera) -> list[object]:
    return [camera.name, camera.size, camera.matrix.tolist(), camera.model, list(camera.distortion),
            camera.rotation.tolist(), camera.translation.tolist()]


def _equivalent_mm(camera: Camera) -> float:
    return camera.matrix[0, 0] / max(camera.size) * 36.0
