"""A network of the actor's own, taught by corrected takes; and whether solves come nearer to what was said with it."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.actor_look import moved_in
from app.actor_material import Material, explained, own_face, own_reading, same_face, told
from app.actors import subject
from app.bench_intervals import BETTER, WORSE, Interval, intervals
from app.detectors import Landmarker
from app.progress import Teller
from capture.camera import project
from capture.files import make_folder
from capture.links import WORK
from solver.actor import Actor, Taught
from solver.actor_fit import Face, solved
from solver.actor_network import OwnLook, difference_of, shared_eyes
from solver.face_model import FaceModel
from solver.landmarks import Landmarks
from solver.network_file import SCHEME
from solver.performance import Performance
from solver.posed import posed
from solver.reading_network import Person
from solver.train_actor import SHOWN, Lesson, lesson, misses, taught

LEAST = 8
"""Corrected frames from which on a network is taught."""
MOST_PICTURES = 1500
"""Pictures that a lesson shows, of all cameras together; of more, every second, third ... frame is taken."""
SECOND_LESS_FIRST = np.array([[-1.0], [1.0]])
PARTS = 4
"""Parts by time into which each take is cut, each of them held out once."""


@dataclass(frozen=True)
class Gain:
    """What a network of the actor's own brings in frames that were held out: (2,) without and with it, and the
    difference.

    Attributes:
        points, nearer: mean distance of the landmarks from where the face lies, in px of the cut-outs.
        weights, closer: how far solves lie from what animators said, root mean square.
    """

    points: np.ndarray
    nearer: Interval
    weights: np.ndarray
    closer: Interval

    @property
    def taken(self) -> bool:
        """Its points are better, and solves are not worse for it."""
        return self.nearer.against_zero() == BETTER and self.closer.against_zero() != WORSE

    def __str__(self) -> str:
        def words(pair: np.ndarray, change: Interval, digits: int) -> str:
            return (f"{pair[1]:.{digits}f} with it and {pair[0]:.{digits}f} without (95 % of the difference: "
                    f"{change.low:+.{digits}f}..{change.high:+.{digits}f})")

        return (f"a network of the actor's own is {'kept' if self.taken else 'not kept'}: in frames that were held out "
                f"the eyes' landmarks lie off by {words(self.points, self.nearer, 2)} px of their cut-outs, and solves "
                f"miss what was said by {words(self.weights, self.closer, 4)}")


def teach(actor: Actor, model: FaceModel, landmarker: Landmarker, materials: Sequence[Material], folder: Path,
          tell: Teller) -> tuple[Actor, Gain | None]:
    """What the actor's frames teach the eyes' network, if that brings its points nearer and solves no farther off.

    Each quarter of the takes is held out once: the network that was taught by the others is judged on it. What comes
    of it is the mean of the four (Wortsman et al. 2022, "Model soups"): each began at the shared one and went not far.

    Returns:
        The actor, with the network if that is better; and what it brings, None where too little was said to tell.

    Raises:
        DataError: corrections disagree with the footage.
        OutputError: a checkpoint cannot be written.
    """
    shown, materials = materials, [one for one in materials if one.film is not None]
    if sum(int(one.corrected().sum()) for one in materials) < LEAST or landmarker.detector.scheme != SCHEME:
        return actor, None
    face = subject(replace(actor, taught=None), model, landmarker).face()
    same = same_face(shown, Face(model, landmarker.embedding(model)), actor.identity)
    right = [explained(one, face) for one in materials]
    lessons = _lessons(materials, right, face)
    work, squares, away, layers = make_folder(folder / WORK), [], [], []
    for part in range(PARTS):
        others = [learnt for place, (learnt, _) in enumerate(lessons) if place != part]
        network = taught(sum(others[1:], others[0]), lessons[part][1], work,
                         lambda done, total, part=part: tell.progress(actor.name, "teach", part * total + done,
                                                                      PARTS * total))
        layers.append(difference_of(network))
        away += np.stack([misses(one, lessons[part][1]) for one in (shared_eyes(), network)], axis=1).tolist()
        # Own points and shapes that had learnt from what is held out would know it by the shared network's errors.
        rest = [one.part(*_cut(one, place)) for one in materials for place in range(PARTS) if place != part]
        known = [explained(one, same) for one in rest]
        points, names, shapes = own_face(rest, known, same, bool(actor.shape_names))
        without = replace(actor, points=points, shape_names=names, shapes=shapes,
                          answer=own_reading(rest, known, landmarker, _person(actor)))
        with_it = _with_network(without, layers[-1], landmarker, rest, same)
        for one, (performance, _) in zip(materials, right, strict=True):
            squares += _compared(one, performance, part, without, with_it, model, landmarker)
    rate = float(materials[0].used.frame_rate)
    points, weights = np.array(away), np.array(squares)  # (M, 2), (F, 2)
    nearer, = intervals(len(points), 2 * rate, lambda chosen: points[chosen].mean(axis=0) @ SECOND_LESS_FIRST)
    closer, = intervals(len(weights), rate, lambda chosen: _roots(weights[chosen]) @ SECOND_LESS_FIRST)
    gain = Gain(points.mean(axis=0), nearer, _roots(weights), closer)
    mean = {name: np.mean([one[name] for one in layers], axis=0, dtype=np.float32).astype(np.float16)
            for name in layers[0]}
    return (_with_network(actor, mean, landmarker, materials, same) if gain.taken else actor), gain


def _lessons(materials: Sequence[Material], right: Sequence[tuple[Performance, np.ndarray]], face: Face
             ) -> list[tuple[Lesson, Lesson]]:
    """For each of the PARTS what is learnt from it, and the same frames as they are."""
    pictures = sum(int(one.case.landmarks.whole.sum()) for one in materials)
    step = -(-pictures // MOST_PICTURES)
    learnt: list[list[Lesson]] = [[] for _ in range(PARTS)]
    exact: list[list[Lesson]] = [[] for _ in range(PARTS)]
    for one, (performance, counts) in zip(materials, right, strict=True):
        labels = projected(one, performance, face)
        for camera, seen in enumerate(one.case.landmarks.whole):
            for part in range(PARTS):
                inside = np.arange(*_cut(one, part))
                frames = inside[seen[inside]][::step]
                for lessons, times in ((learnt, SHOWN), (exact, 0)):
                    if len(frames):
                        lessons[part].append(lesson(one.film(camera, frames), labels[camera, frames], counts[frames],
                                                    times, len(lessons[part])))
    return [(sum(first[1:], first[0]), sum(second[1:], second[0]))
            for first, second in zip(learnt, exact, strict=True)]


def _compared(one: Material, right: Performance, part: int, without: Actor, with_it: Actor, model: FaceModel,
              landmarker: Landmarker) -> list[list[float]]:
    """Of each corrected frame in a part of a take, the mean square by which a solve misses what was said: without and
    with the actor's own network."""
    first, stop = _cut(one, part)
    held = one.part(first, stop)
    if not held.corrected().any():
        return []
    plain, own = (subject(actor, model, landmarker) for actor in (without, with_it))
    both = [solved(shown.used, who.face(), "standard")[0].weights
            for who, shown in ((plain, read_anew(held, held.case.landmarks, landmarker, plain.person)),
                               (own, with_moved(held, OwnLook(with_it.taught.layers), landmarker, own.person)))]
    known = told(held, right)
    return [[float(np.mean((found[frame] - right.weights[first + frame])[known[frame]] ** 2)) for found in both]
            for frame in np.flatnonzero(known.any(axis=1))]


def _with_network(actor: Actor, layers: dict[str, np.ndarray], landmarker: Landmarker, materials: Sequence[Material],
                  same: Face) -> Actor:
    """The actor with own layers, where the landmarks lie and how they are read with them, and shapes learnt from them.
    """
    look = OwnLook(layers)
    person = subject(actor, same.model, landmarker).person
    moved = [with_moved(one, look, landmarker, person) for one in materials]
    right = [explained(one, same) for one in moved]
    points, names, shapes = own_face(moved, right, same, bool(actor.shape_names))
    return replace(actor, shape_names=names, shapes=shapes, taught=Taught(
        landmarker.detector.key, layers, points, own_reading(moved, right, landmarker, _person(actor))))


def _person(actor: Actor) -> Person:
    return Person(actor.code, actor.code_faces)


def _cut(one: Material, part: int) -> tuple[int, int]:
    """The first frame of a part of a take, and the one after its last."""
    return one.frames * part // PARTS, one.frames * (part + 1) // PARTS


def with_moved(one: Material, look: OwnLook, landmarker: Landmarker, person: Person | None) -> Material:
    """A take with its landmarks as the actor's own network has them, and read anew."""
    found = one.case.landmarks
    xy = np.stack([moved_in(look, found.xy[camera], found.whole[camera],
                            lambda frames, camera=camera: one.film(camera, frames))
                   for camera in range(len(found.cameras))])
    return read_anew(one, replace(found, xy=xy), landmarker, person)


def read_anew(one: Material, landmarks: Landmarks, landmarker: Landmarker, person: Person | None) -> Material:
    """A take with other landmarks, and what is read off them of a person who is known."""
    reading = landmarker.read(landmarks, person)
    return replace(one, case=replace(one.case, landmarks=landmarks, reading=reading),
                   used=replace(one.used, landmarks=landmarks, reading=reading))


def projected(one: Material, performance: Performance, face: Face) -> np.ndarray:
    """(C, T, N, 2) px: where the points of a solved face lie in each camera's pictures, as on anybody's."""
    model, embedding = face.model, face.embedding
    points = np.stack([embedding.points(model, posed(model, performance, frame))
                       for frame in range(performance.frames)])
    return np.stack([project(camera, points) for camera in one.used.rig.cameras])


def forget_lessons(folder: Path) -> None:
    """Remove what lessons left to go on from: they have ended."""
    for path in (folder / WORK).glob("network-*.checkpoint.npz"):
        with contextlib.suppress(OSError):
            path.unlink()


def _roots(means: np.ndarray) -> np.ndarray:
    return np.sqrt(means.mean(axis=0))
