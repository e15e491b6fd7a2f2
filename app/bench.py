"""`mien bench accuracy` and `mien bench compare`: figures against truth and peers, each in one run."""

import argparse
import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from app import bench_accuracy, bench_compare
from app.bench_moments import lips_meet, moment_lines
from app.bench_truth import Truth, read_truth, surface_mm, truth_path, vertices_of
from app.bench_variant import Answer, Variant, answer, variant, work_of
from app.clocks import offsets
from app.detectors import landmarker_named
from app.models import model_named
from app.progress import Teller, teller
from app.request import Request
from capture.camera import load_rig
from capture.errors import InputError, MienError, UsageError
from capture.match import plan, probe_take, take_frames
from capture.shoot import Take, find_takes
from capture.turned import fitted
from solver.mediapipe_runtime import face_landmarker
from solver.model_import import BUILT_IN, list_models

PEER = "peers/*.task"
MODELS = "models/*"
ABOVE = 4
"""Folders above a shoot in which peers and models are looked for."""


def run_accuracy(options: argparse.Namespace) -> int:
    """Solve every take whose truth is known and print the errors, the peer's beside them. Returns the exit code."""
    tell = teller(options.events)
    takes = [take for take in takes_on(options) if truth_path(take) is not None]
    if not takes:
        raise InputError(f"{options.on} holds no take whose truth is known; put truth.mien.json or truth.npz beside "
                         "its clips, or use `mien bench compare`, which needs none")
    peer = options.peer or next(iter(_near(options.on, PEER)), None)
    if options.peer is not None and not options.peer.is_file():
        raise UsageError(f"--peer {options.peer}: there is no such file; give the Face Landmarker's .task file")
    if peer is None:
        tell.note("", "no Face Landmarker: give its .task file with --peer to see it beside")
    request = _request(options, takes[0])
    with _kept(options.out) as out:
        for take in takes:
            found = answer(Variant("mien", request), take, out, None, tell)
            say(_accuracy(take, found, peer, tell), options.events, tell)
    return 0


def _accuracy(take: Take, found: Answer, peer: Path | None, tell: Teller) -> list[str]:
    performance, truth = found.performance, _truth(take, found)
    columns = [bench_accuracy.column("mien", performance, truth.performance)]
    if peer is not None:
        tell.progress(take.name, "peer", 0, 1)
        columns += [bench_accuracy.scored(f"Face Landmarker {camera}", names, scores, truth.performance)
                    for camera, names, scores in _peer(take, peer, found.first, performance.frames)]
    scores = [bench_accuracy.scores(column, truth.performance) for column in columns]
    return ["", f"{take.name}: {len(performance.cameras)} cameras, {performance.frames} frames, model "
            f"{found.model.name}", *bench_accuracy.table(truth.performance, scores),
            *bench_accuracy.pose_lines(performance, truth.performance, surface_mm(performance, truth, found.model)),
            *moment_lines(performance, truth.performance, *_meetings(found, truth))]


def _meetings(found: Answer, truth: Truth) -> tuple[np.ndarray | None, np.ndarray | None]:
    """In which frames the lips meet, in what was found and in truth; None where the truth has another face."""
    model = found.model
    if truth.neutral is None or model is None or found.performance.shape_names != model.shape_names:
        return None, None
    embedding = landmarker_named().embedding(model)
    own = model.neutral + np.tensordot(found.performance.identity, model.identity, 1)
    return (lips_meet(own, found.performance, model, embedding),
            lips_meet(truth.neutral, truth.performance, model, embedding))


def run_compare(options: argparse.Namespace) -> int:
    """Answer every take by both sides and say which is better. Returns the exit code."""
    tell = teller(options.events)
    takes = takes_on(options)
    request = _request(options, takes[0])
    actors = _actors(takes[0])
    sides = [variant(word, request, actors) for word in (options.a, options.b)]
    errors: list[list[bench_compare.Errors]] = [[], []]
    rates = []
    with _kept(options.out) as out:
        for take in takes:
            answers = [answer(sides[0], take, out, None, tell)]
            answers.append(answer(sides[1], take, out, work_of(sides[0], take, out), tell))
            rates.append(float(answers[0].performance.frame_rate))
            if answers[0].performance.frames != answers[1].performance.frames:
                raise InputError(f"{take.name}: {options.a} answers {answers[0].performance.frames} frames and "
                                 f"{options.b} {answers[1].performance.frames}; compare the same range")
            for place, one in enumerate(answers):
                errors[place].append(_errors(take, one, answers, options.start))
    rows = bench_compare.compared(*map(bench_compare.joined, errors), rates[0])
    known = all(truth_path(take) is not None for take in takes)
    header = "against the truth" if known else ("no truth here: how far each face lies from the landmarks that it was "
                                                "solved from; it tells of agreement with itself, not of rightness")
    say([f"A = {options.a}, B = {options.b}, {sum(len(part.squared) for part in errors[0])} frames, {header}",
          *bench_compare.lines(rows, options.a, options.b)], options.events, tell)
    return 0


def _errors(take: Take, one: Answer, answers: Sequence[Answer], start: str | None) -> bench_compare.Errors:
    if truth_path(take) is not None:
        return bench_compare.from_truth(one.performance, _truth(take, one, max(other.first for other in answers)
                                                                ).performance)
    both = all(other.residuals is not None for other in answers)
    return bench_compare.from_landmarks(one.performance, one.residuals if both else None)


def _truth(take: Take, found: Answer, first: int | None = None) -> Truth:
    """The truth of the frames that were answered.

    Raises:
        InputError: it has fewer frames than the take.
    """
    first = found.first if first is None else first
    path = truth_path(take)
    truth = read_truth(path, found.model or model_named(BUILT_IN))
    stop = first + found.performance.frames
    if stop > truth.performance.frames:
        raise InputError(f"{path} tells of {truth.performance.frames} frames, and the take has {stop} or more; "
                         "give the truth of the whole take")
    alone = take.rig_path is None and len(found.performance.cameras) == 1
    return (truth.around_its_camera() if alone else truth).cut(first, stop)


def _peer(take: Take, task: Path, first: int, frames: int) -> Iterator[tuple[str, tuple[str, ...], object]]:
    """Yield camera, shape names and scores of the Face Landmarker in each camera."""
    probed = probe_take(take)
    rig = fitted(load_rig(take.rig_path), probed) if take.rig_path else None
    clips = plan(take, probed, rig, offsets(take, probed))
    for index, clip in enumerate(clips.clips):
        pictures = (frame.rgb for frame in take_frames(clips, index, first, first + frames))
        there = clips.there[index, first:first + frames]
        if not there.any():
            continue
        names, found = face_landmarker(task, pictures, float(clips.rate))
        scores = np.zeros((frames, len(names)))  # without a picture it sees no face
        scores[there] = found
        yield clip.camera, names, scores


def takes_on(options: argparse.Namespace) -> list[Take]:
    """The takes of --on, with the cameras of --cameras alone."""
    takes = [take for take in find_takes(options.on) if not take.problem]
    wanted = getattr(options, "cameras", None)
    if wanted is None:
        return takes
    chosen = []
    for take in takes:
        missing = [name for name in wanted if name not in take.cameras]
        if missing:
            raise UsageError(f"--cameras: {take.name} has no camera {missing[0]!r}, only {', '.join(take.cameras)}")
        chosen.append(dataclasses.replace(take, clips=tuple(clip for clip, name in zip(
            take.clips, take.cameras, strict=True) if name in wanted)))
    return chosen


def _request(options: argparse.Namespace, take: Take) -> Request:
    model = options.model or _model_of(take)
    return Request(model, options.detector, options.device, None, options.rig, options.actor, (), options.preset,
                   options.start, options.end)


def _model_of(take: Take) -> str:
    """The model that fits a take's truth, among those that mien knows and those in models/ beside or above the take."""
    path = truth_path(take)
    vertices = None if path is None else vertices_of(path)
    if vertices is None:
        return BUILT_IN
    near = [str(found) for found in _near(take.folder, MODELS)]
    for name in [*list_models(), *near]:
        with contextlib.suppress(MienError):  # what is no model cannot be meant
            if len(model_named(name).neutral) == vertices:
                return name
    raise UsageError(f"{path} tells of a face of {vertices} vertices, and mien knows no such model; give it with "
                     "--model")


def _near(path: Path, pattern: str) -> list[Path]:
    """The files of a pattern in a folder, and in those above it, the nearest first."""
    return [found for folder in [path.resolve(), *path.resolve().parents][:ABOVE + 1]
            for found in sorted(folder.glob(pattern))]


def _actors(take: Take) -> tuple[str, ...]:
    folder = take.shoot.folder / "actors" if take.shoot else None
    return tuple(sorted(path.name for path in folder.iterdir() if path.is_dir())) if folder and folder.is_dir() else ()


@contextlib.contextmanager
def _kept(out: Path | None) -> Iterator[Path]:
    """The folder for solves: the given one, else one that is gone afterwards."""
    if out is not None:
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="mien-bench-") as folder:
        yield Path(folder)


def say(lines: Sequence[str], events: bool, tell: Teller) -> None:
    """Print results; with --events as notes, because stdout is for JSON lines then."""
    for line in lines:
        tell.note("", line) if events else print(line, flush=True)

