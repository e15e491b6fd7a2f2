"""The main job for one take, as steps with keys: prepare, detect each camera, solve, export each format, report.

No printing and no Qt here: whoever calls gives a Teller. A step whose artefact is whole and carries the right key is
skipped, so a run that was cut off goes on where it stopped and ends with the same bytes.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app import artefacts, film_words
from app.actor_look import own_landmarks
from app.actors import Subject, anybody, known_actors, profile_of, subject
from app.again import looked_again
from app.clocks import counted_later, range_key
from app.corrections import layer_key, on_clips, save_layer
from app.detection import clock_key, detect, film_looks, of_several_faces, on_take_clock
from app.detectors import Landmarker
from app.export_notes import without_column
from app.face_cameras import RIG_NAME as FACE_RIG_NAME
from app.face_cameras import cameras_for
from app.places import AROUND_LAYER_NAME, AROUND_NAME, RIG_NAME, SOLVE_NAME, Places
from app.preparing import Options, Prepared, neutral_frame, neutral_in_take, prepare
from app.progress import Teller
from app.quality import flagged, needs_a_look
from app.report.evidence import Evidence, assemble, settings_of, timeline_of
from app.report.making import step as report_step
from app.timings import recorded, timed
from app.upside_down import lying, lying_words, upside_down, words
from capture.camera import Rig, load_rig, save_rig
from capture.errors import MienError, OutputError
from capture.files import remove, sha256_or_none, write_bytes
from capture.film_look import faults
from capture.focal import equivalent_mm
from capture.shoot import Take
from exporters import FORMATS, WRITERS
from exporters.scene import make_scene
from exporters.to_json import read as read_performance
from exporters.to_json import write as write_performance
from solver.actor_fit import OTHER, Case, misfit
from solver.correct import solve_around
from solver.corrections import heard
from solver.embedding import VERSION as EMBEDDING_VERSION
from solver.face_model import FaceModel
from solver.landmarks import Landmarks
from solver.neutral import rest_frame
from solver.performance import HIDDEN, Performance
from solver.solve import PRESETS, TakeFacts, solve_take

SOLVE_VERSION = 24
QUICK_VERSION = 4
CORRECT_VERSION = 5
EXPORT_VERSION = 2
PROFILE = "profile"
"""The step under which a performance keeps the key of the actor's profile that it was solved with."""


@dataclass(frozen=True)
class Tools:
    """What the steps work with: made once for a run."""

    landmarker: Landmarker
    model: FaceModel


@dataclass(frozen=True)
class Solved:
    """A take's performance, the cameras that it was solved with, the same with the focal length that was found, the
    landmarks that it was solved from, and who was solved."""

    performance: Performance
    given: Rig
    rig: Rig
    landmarks: Landmarks
    subject: Subject


def run_take(take: Take, options: Options, tools: Tools, teller: Teller) -> tuple[str, ...]:
    """The main job for one take.

    Returns:
        The paths of the files that are there now.

    Raises:
        MienError: the take cannot be done; what was finished stays, nothing is half-written.
    """
    ready = prepare(take, options, lambda warning: teller.note(take.name, warning))
    solved = correct(solve(ready, options, tools, teller), ready, options, tools, teller)
    if look := needs_a_look(solved.performance):
        teller.note(take.name, look)
    model = solved.subject.model
    outputs = export(solved.performance, model, options.formats, ready.where, options.force, teller)
    settings = settings_of(options.preset, tools.landmarker.detector.key, options.formats,
                           options.rig or take.rig_path or Path(FACE_RIG_NAME),
                           _alone(ready, options))
    settings["neutral face"] = _neutral_words(solved, ready, options)
    return outputs + report_step(
        solved.performance, ready.where, settings, lambda: assemble(Evidence(
            solved.performance, ready.where, model, solved.subject.embedding(), solved.rig,
            ready.clips, ready.first, None, solved.landmarks, timeline_of(take, ready.clips),
            recorded(ready.where.work), tuple(sorted(settings.items())))),
        options.force, teller)


def solve(ready: Prepared, options: Options, tools: Tools, teller: Teller) -> Solved:
    """Detect what is not detected yet, and solve.

    Raises:
        MienError: the take cannot be solved.
    """
    take, where, model, detector = ready.take.name, ready.where, tools.model, tools.landmarker.detector
    quick = PRESETS[options.preset].quick

    def report(step: str, done: int, total: int) -> None:
        teller.progress(take, step, done, total)

    found, detect_keys = detect(ready, tools.landmarker, options.force, report)
    looks = film_looks(where, found.cameras, detect_keys, found.seen.shape[1])
    shown = dict(zip(found.cameras, ready.there, strict=True))
    films = {camera: faults(look, shown[camera]) for camera, look in looks.items()}
    for camera, wrong in films.items():
        for fault in film_words.said(camera, wrong, ready.first, np.count_nonzero(shown[camera])):
            teller.note(take, fault.text)
    if chosen := of_several_faces(ready):
        teller.note(take, f"several faces of like size in {' and '.join(chosen)}: the one that is longest and largest "
                          "is followed; `mien face` chooses another")
    if turned := upside_down(ready, found, tools.landmarker, lambda: report("upside down", 0, 1)):
        teller.note(take, words(turned, ready.take))
    rig, lone = cameras_for(ready, on_take_clock(found, ready), {**detect_keys, **clock_key(ready)}, tools.landmarker,
                            model, options.force, report, lambda text: teller.note(take, text))
    found, detect_keys = looked_again(ready, found, detect_keys, rig, tools.landmarker, model, options.force,
                                      report, lambda text: teller.note(take, text))
    anybodys, sources = on_take_clock(found, ready), {**detect_keys, **clock_key(ready)}
    _note_unseen(anybodys.found, ready.there, anybodys.cameras, take, teller)
    actor = profile_of(ready.take, options.actor, model)
    if options.actor and actor is None and (others := known_actors(ready.take)):
        teller.note(take, f"there is no profile of {options.actor}, but of {', '.join(others)}: solved as a face that "
                          "nobody knows; name the actor as the profile is called where it is one of these")
    who, nobody = subject(actor, model, tools.landmarker), anybody(model, tools.landmarker)
    landmarks = anybodys
    if actor is not None and actor.taught is not None and who.taught is None and not quick:
        teller.note(take, f"the network of {options.actor}'s own was taught on another detector than this solve's: it "
                          f"is left out; make the profile anew with `mien actor make {options.actor}`")
    if who.taught is not None:
        landmarks = on_take_clock(own_landmarks(ready, found, detect_keys, who.taught, options.force, report), ready)
    neutral = neutral_frame(ready, options)
    if not ready.there.all() and (sooner := counted_later(ready.clips, _read(where.work / SOLVE_NAME))):
        teller.note(take, _counted_anew(sooner, ready, options))
    key = artefacts.key_of(
        "solve", SOLVE_VERSION, detect=sources, model=model.sha256, preset=options.preset, take=take,
        actor=options.actor, scheme=detector.scheme, embedding=EMBEDDING_VERSION,
        reader=tools.landmarker.reader_key, lone=lone, **({"quick": QUICK_VERSION} if quick else {}),
        timecode=str(ready.clips.start_timecode), rate=str(ready.clips.rate), **range_key(ready.clips),
        rig=artefacts.rig_key(rig), **({"profile": who.key} if who.key else {}),
        **({"neutral": neutral} if neutral is not None else {}))
    performance, used = (None, None) if options.force else _solved(where, key)
    if performance is None:
        teller.progress(take, "solve", 0, 1)  # a model's first embedding takes seconds
        with timed(where.work, "solve", key):
            reading = tools.landmarker.read(landmarks, who.person)
            if who.key and (ratio := misfit(Case(landmarks, rig, lone, ready.clips.rate, reading), who.face(),
                                            nobody.face())) > OTHER:
                teller.note(take, f"the profile of {options.actor} is not of this face ({ratio:.1f} times worse than "
                                  "the face's own): it is left out; name the right actor with --actor")
                who, landmarks, reading = nobody, anybodys, tools.landmarker.read(anybodys)
            keys = {**detect_keys, **range_key(ready.clips), **({PROFILE: who.key} if who.key else {}), "solve": key}
            facts = TakeFacts(take, options.actor, ready.clips.rate, ready.timecode, keys)
            performance, used = solve_take(
                landmarks, rig, lone, who.model, who.embedding(), facts,
                lambda done, total: report("solve", done, total), PRESETS[options.preset],
                reading=reading, known=who.identity,
                film=ready.pictures, neutral=neutral)
            cuts = {frame for wrong in films.values() for cut in wrong.cuts for frame in (cut - 1, cut)}
            performance = replace(performance, model_sha256=model.sha256, flags=tuple(
                (*flags, "cut") if frame in cuts else flags for frame, flags in enumerate(performance.flags)))
        _keep(performance, used, model, where)
    elif who.key and performance.steps.get(PROFILE) != who.key:
        teller.note(take, f"the profile of {options.actor} is not of this face: it was left out")
        who, landmarks = nobody, anybodys
    if hidden := np.count_nonzero(flagged(performance, HIDDEN)):
        teller.note(take, f"something is before the face in {hidden} of {performance.frames} frames: what it hides is "
                          "carried over from before and after, or from the face's other side, and flagged")
    if sideways := lying(performance, used):
        teller.note(take, lying_words(sideways, turned, ready.take))
    if _alone(ready, options):
        camera = used.cameras[0]
        found = "and found a focal length" if lone else "of the stated focal length"
        cure = "; state focal_35mm in take.toml where the lens is known" if lone else ""
        teller.note(take, f"no rig.toml: assumed a pinhole camera {found} of {camera.matrix[0, 0]:.0f} px "
                          f"({equivalent_mm(camera):.0f} mm on 35 mm film){cure}")
    return Solved(performance, rig, used, landmarks, who)


def _counted_anew(sooner: int, ready: Prepared, options: Options) -> str:
    """What is said once of a take that an older mien began with the last of its cameras."""
    named = options.neutral or ""
    mend = f"; take.toml names the neutral frame {named}: if that was said before, write `neutral = " \
           f"{int(named) + sooner}`" if named == ready.take.settings.get("neutral") and named.isdecimal() else ""
    return (f"it begins with the first of its cameras now, no more with the last: what was frame 0 is frame {sooner}. "
            f"Corrections go with their pictures; numbers given by --start and --end do not{mend}")


def _alone(ready: Prepared, options: Options) -> bool:
    """Whether there is one camera and no rig: its lens is stated or a guess."""
    return len(ready.rig.cameras) == 1 and options.rig is None and ready.take.rig_path is None


def correct(solved: Solved, ready: Prepared, options: Options, tools: Tools, teller: Teller) -> Solved:
    """Solve the frames near corrections again; the solve itself stays as it is.

    Raises:
        OutputError: it cannot be written.
    """
    where, take, landmarks = ready.where, solved.performance.take, solved.landmarks
    layer, shifts = on_clips(options.corrections, ready.clips)
    if layer.frames() and shifts:
        words = ", ".join(f"{camera} by {shift:+d}" for camera, shift in sorted(shifts.items()))
        teller.note(take, f"the clips are in step otherwise than when corrections were made: these move with the "
                          f"pictures ({words} frames)")
    neutral = neutral_in_take(ready, options)
    if neutral is not None and options.neutral.isdecimal() and int(options.neutral) != neutral:
        teller.note(take, f"the neutral frame {options.neutral} goes with the landmarks dragged in it: it is {neutral} "
                          f"now; write `neutral = {neutral}` in take.toml")
    layer, left_out = heard(layer, solved.performance.shape_names, landmarks.cameras, landmarks.scheme,
                            landmarks.seen.shape[2], ready.clips.frames)
    for sentence in left_out:
        teller.note(take, sentence)
    if not layer.frames():
        return solved
    face = layer.of_face(neutral)
    if (count := len(layer.drags) - len(face.drags)) and solved.subject.identity is None:
        teller.note(take, f"{count} landmarks were dragged in the neutral frame {neutral}: they say who the actor is, "
                          "not what the face does; `mien actor make` learns from those that were dragged one by one")
    key = artefacts.key_of("correct", CORRECT_VERSION, solve=solved.performance.steps["solve"], first=ready.first,
                           layer=layer_key(layer), **({"neutral": neutral} if count else {}))
    performance = None if options.force else _read(where.work / AROUND_NAME)
    if performance is None or performance.steps.get("correct") != key:
        teller.progress(take, "correct", 0, 1)
        with timed(where.work, "correct", key):
            performance = solve_around(
                face, solved.performance, ready.first, solved.landmarks, solved.given, solved.rig,
                solved.subject.model, solved.subject.embedding(),
                tools.landmarker.read(solved.landmarks, solved.subject.person),
                {**solved.performance.steps, "correct": key},
                lambda done, total: teller.progress(take, "correct", done, total))
        remove(where.work / AROUND_NAME)  # in this order for the reason that `_keep` says
        save_layer(layer, where.work / AROUND_LAYER_NAME)
        write_performance(make_scene(tools.model, performance), where.work / AROUND_NAME)
    return replace(solved, performance=performance)


def export(performance: Performance, model: FaceModel, formats: tuple[str, ...], where: Places, force: bool,
           teller: Teller) -> tuple[str, ...]:
    """Write the formats that are not there yet: one step each, its key the performance's and the writer's version."""
    scene = make_scene(model, performance)
    for note in without_column(performance, formats):
        teller.note(performance.take, note)
    record_path = where.work / "export.json"
    record = artefacts.load_record(record_path)
    outputs = []
    for index, name in enumerate(formats):
        teller.progress(performance.take, "export", index, len(formats))
        path = where.out / (performance.take + FORMATS[name])
        key = artefacts.key_of("export", EXPORT_VERSION, format=name, steps=performance.steps,
                               model=performance.model_sha256)
        if force or record.get(path.name) != f"{key} {sha256_or_none(path)}":
            with timed(where.work, f"export {name}", key):
                WRITERS[FORMATS[name]](scene, path)
            found = sha256_or_none(path)
            if found is None:
                raise OutputError(f"{path} cannot be read back after it was written; look after the disk, and run the "
                                  "same command again")
            record[path.name] = f"{key} {found}"
            write_bytes(record_path, artefacts.record_bytes(record))
        outputs.append(str(path))
    teller.progress(performance.take, "export", len(formats), len(formats))
    return tuple(outputs)


def _keep(performance: Performance, used: Rig, model: FaceModel, where: Places) -> None:
    """Write a solve. Where solve.json stands under its key, everything of the step stands: the rig comes before it, and
    an earlier solve, whose rig it was not, is gone by then."""
    remove(where.work / SOLVE_NAME)
    save_rig(used, where.work / RIG_NAME)
    write_performance(make_scene(model, performance), where.work / SOLVE_NAME)


def _solved(where: Places, key: str) -> tuple[Performance, Rig] | tuple[None, None]:
    """The solve of that key from an earlier run, if it is there and whole."""
    performance = _read(where.work / SOLVE_NAME)
    if performance is None or performance.steps.get("solve") != key:
        return None, None
    try:
        return performance, load_rig(where.work / RIG_NAME)
    except MienError:
        return None, None


def _read(path: Path) -> Performance | None:
    """A performance from an earlier run, if it is there and whole."""
    try:
        return read_performance(path)
    except MienError:
        return None


def _note_unseen(found: np.ndarray, there: np.ndarray, cameras: tuple[str, ...], take: str, teller: Teller) -> None:
    """Say how much of its pictures each camera missed the face in: found and there (C, T)."""
    for camera, seen, shown in zip(cameras, found, there, strict=True):
        if missed := np.count_nonzero(~seen & shown):
            teller.note(take, f"{camera} saw no face in {missed} of {np.count_nonzero(shown)} frames")


def _neutral_words(solved: Solved, ready: Prepared, options: Options) -> str:
    if (neutral := neutral_in_take(ready, options)) is not None:
        return f"frame {neutral if options.neutral.isdecimal() else options.neutral}, as named"
    if solved.subject.identity is not None:
        return f"that of the profile of {options.actor}"
    left = "" if options.neutral is None else f" (frame {options.neutral}, as named, is not among those solved)"
    return f"found from the whole take; nearest to it is frame {ready.first + rest_frame(solved.performance)}{left}"
