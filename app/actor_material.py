"""What an actor's profile is learnt from: takes that were detected and solved once, and what animators said of them."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from app.bench_variant import lend
from app.corrections import on_clips
from app.detectors import Landmarker
from app.outcomes import options_of
from app.pipeline import solve
from app.places import places
from app.preparing import neutral_in_take, prepare
from app.progress import Teller
from app.request import Request
from app.take_job import tools_for
from capture.errors import DataError
from capture.shoot import Take
from solver.actor_fit import Case, Face, identity_around, solved, without_blurred
from solver.actor_marks import marked, placed, stood
from solver.actor_reading import Said, own_answer
from solver.appearance import Film
from solver.correct import solve_around
from solver.corrections import Grip, Layer
from solver.own_time import in_step
from solver.performance import Performance
from solver.personal import CORRECTED, Evidence, evidence, kept_meaning, on_mesh, personal_points
from solver.reading import OwnAnswer
from solver.reading_network import Person
from solver.skin import skin_of, together
from solver.solve import problem_of

SHARE = 0.03
"""See `personal_points`. People differ more; but landmarks that err alike wherever a face looks alike feign shapes of a
person's own, and a larger share takes more of them over: on four rendered actors, three of whom did as the template
does, weights and shapes together posed a known face 0.45, 0.41, 0.33 and 0.54 mm off, with 0.2 0.63, 0.51, 0.42 and
0.67, and without own shapes 0.44, 0.40, 0.33 and 0.53."""
MOST = 240
"""Frames of a take that are learnt from; of a longer one every second, third ... frame is taken."""
DISAGREE = 1.6
"""Corrections that make a frame's landmarks fit so many times worse are not of what the frame shows."""
MARKED = 40
"""Landmarks that were put right in the neutral frame, of all cameras together, from which on they say who it is."""
FAR_OFF = 0.02
"""Marks that lie so far from any face that fits them, over its height, are no landmarks of a face. Those of a person
who errs by 1.5 px on a face of 330 px lie 0.004 off."""
WILD = 0.1
"""A mark that lies so far off where the others put it is a slip, of which one may bend the whole face. Those of a
person who errs by 1 px on such a face lie up to 0.01 off, by 2 px 0.02."""


@dataclass(frozen=True)
class Material:
    """A take to learn from: T' frames from the take's frame `first` on, each `step` frames after the last.

    `layer` is what was said of what the face does; `marks` are landmarks that were put right in the take's frame
    `neutral`, which `rest` shows alone, also where these frames are a part without it.
    `film(camera, frames)` shows its pictures; None where these were not taken at the landmarks' moments.
    """

    take: str
    key: str
    case: Case
    used: Case
    layer: Layer
    first: int
    step: int
    film: Film | None = None
    neutral: int | None = None
    rest: Case | None = None
    marks: Mapping[Grip, tuple[float, float]] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        return self.case.landmarks.seen.shape[1]

    def part(self, start: int, stop: int) -> "Material":
        chosen, film = np.arange(start, stop), self.film
        return replace(self, case=self.case.of(chosen), used=self.used.of(chosen),
                       first=self.first + start * self.step,
                       film=film and (lambda camera, frames: film(camera, start + frames)))

    @property
    def says_who(self) -> bool:
        """Whether enough landmarks were put right at rest to say who the actor is."""
        return len(self.marks) >= MARKED and self.rest is not None and bool(self.rest.landmarks.found.any())

    def corrected(self) -> np.ndarray:
        """(T') bool: frames of which an animator said something."""
        return np.isin(self.first + self.step * np.arange(self.frames), sorted(self.layer.frames()))


Explained = tuple[Performance, np.ndarray]
"""A take's frames solved around what was said, and what each counts; see `explained`."""


def own_points(materials: Sequence[Material], right: Sequence[Explained], face: Face, shapes: bool) -> np.ndarray:
    """(N, 3, 1 + K) metres: how an actor's points lie beside those of a face, at rest and in each shape.

    Args:
        materials: that show the actor.
        right: each of them as `explained` has it with this face.
        face: the model with the actor's identity, on which landmarks lie as on anybody's.
        shapes: whether the shapes may change, too; without corrected frames there is no telling a person's own shape
            from a wrong weight.
    """
    total: Evidence | None = None
    for one, (performance, counts) in zip(materials, right, strict=True):
        frames = np.flatnonzero(one.used.landmarks.found.any(axis=0))
        problem, _ = problem_of(one.used.landmarks, one.used.rig, False, face.model, face.embedding,
                                one.used.frame_rate, frames)
        said = evidence(problem, performance, frames, counts[frames])
        total = said if total is None else total + said
    offsets = personal_points(total, problem, SHARE if shapes else 0.0)
    offsets[~face.embedding.known] = 0.0
    return offsets


def own_face(materials: Sequence[Material], right: Sequence[Explained], face: Face, shapes: bool
             ) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """An actor's own points (N, 3), and the names and the own form (K', V, 3) of the shapes that are the actor's own;
    see `own_points`."""
    model, offsets = face.model, own_points(materials, right, face, shapes)
    if not shapes:
        return offsets[:, :, 0], (), np.zeros((0, len(model.neutral), 3))
    moved = kept_meaning(model, on_mesh(model, face.embedding, offsets[:, :, 1:]))
    changed = np.flatnonzero(np.abs(moved).max(axis=(1, 2), initial=0.0) > 0)
    return offsets[:, :, 0], tuple(model.shape_names[index] for index in changed), moved[changed]


def identity_of(one: Material, anybody: Face) -> np.ndarray:
    """(I) whom a take shows."""
    found, _ = explained(one, anybody)
    known = told(one, found)
    return identity_around(one.used, anybody, found.weights, known) if known.any() else found.identity


def same_face(materials: Sequence[Material], anybody: Face, identity: np.ndarray) -> Face:
    """The face of an actor of an identity that landmarks show; where they were put right in a neutral frame, the face
    that these show.

    Raises:
        DataError: they are no landmarks of a face.
    """
    one = max(materials, key=lambda one: len(one.marks))
    if not one.says_who:
        return replace(anybody, identity=identity)
    said = marked(one.rest, anybody, one.marks)
    if said.off > FAR_OFF:
        raise DataError(f"take {one.take}: the landmarks dragged in its neutral frame {one.neutral} are of no "
                        f"face (they lie {said.off:.0%} of its height off the nearest); left and right may be "
                        "exchanged, or they belong to another frame")
    if said.farthest > WILD:
        camera, point = said.where
        raise DataError(f"take {one.take}: landmark {point}, dragged in {camera} in its neutral frame {one.neutral}, "
                        f"lies {said.farthest:.0%} of the face's height off where the others put it; drag it to where "
                        "it belongs")
    return replace(anybody, identity=said.identity, stance=said.stance)


def own_reading(materials: Sequence[Material], right: Sequence[Explained], landmarker: Landmarker, person: Person
                ) -> OwnAnswer | None:
    """How corrected frames say that the actor is to be read; None where that is no better in frames held out."""
    said = [Said(one.case.landmarks, found.shape_names, found.weights, told(one, found))
            for one, (found, _) in zip(materials, right, strict=True) if one.corrected().any()]
    return own_answer(landmarker.reader, person, said) if said and person.faces else None


def own_skin(materials: Sequence[Material], right: Sequence[Explained], face: Face) -> np.ndarray:
    """(V, 4) uint8 what the actor's skin looks like, or (0, 4) where no pictures can be shown."""
    skins = [skin_of(one.film, found, one.used.landmarks.found, one.used.rig, face.model)
             for one, (found, _) in zip(materials, right, strict=True) if one.film is not None]
    return together(skins) if skins else np.zeros((0, 4), np.uint8)


def told(one: Material, right: Performance) -> np.ndarray:
    """(T', K) bool: shapes of which an animator set the weight in a frame; all of them where landmarks were dragged."""
    frames, dragged = one.first + one.step * np.arange(one.frames), {frame for _, _, frame in one.layer.drags}
    out = np.stack([np.isin(frames, [key.frame for key in one.layer.keys.get(name, ())])
                    for name in right.shape_names], axis=1)
    return out | np.isin(frames, sorted(dragged))[:, None]


def explained(one: Material, face: Face) -> Explained:
    """The frames solved with the actor's identity, around what an animator said; and what each frame counts.

    Raises:
        DataError: corrections disagree with the footage.
    """
    base, used = solved(one.used, face, "standard")
    corrected = one.corrected()
    if not one.layer or not corrected.any():
        return stood(base, face.stance), np.ones(one.frames)
    case = one.used
    around = solve_around(one.layer, base, one.first, case.landmarks, case.rig, used, face.model, face.embedding,
                          case.reading, {}, lambda done, total: None)
    worse = np.nanmedian(around.residual_px[corrected] / np.maximum(base.residual_px[corrected], 1e-9))
    if worse > DISAGREE:
        raise DataError(f"take {one.take}: its corrections disagree with its footage (landmarks fit {worse:.1f} times "
                        "worse in corrected frames); look them over: left and right may be exchanged, or they belong "
                        "to another take")
    return stood(around, face.stance), np.where(corrected, CORRECTED, 1.0)


def material(take: Take, request: Request, tell: Teller) -> Material:
    """A take detected, its cameras found, solved once; its artefacts elsewhere than those of the user's own solve."""
    tools = tools_for(request.model, request.detector, request.device)
    with tempfile.TemporaryDirectory(prefix="mien-actor-") as scratch:
        own = replace(request, out=Path(scratch), actor="")
        lend(places(take, None).work, places(take, own.out))
        if request.out is not None:
            lend(places(take, request.out).work, places(take, own.out))
        options = replace(options_of(take, own), actor="")
        ready = prepare(take, options, lambda warning: tell.note(take.name, warning))
        done = solve(ready, options, tools, tell)
    landmarks = without_blurred(done.landmarks)
    if lost := int((done.landmarks.found.any(axis=0) & ~landmarks.found.any(axis=0)).sum()):
        tell.note(take.name, f"{lost} frames are too blurred to learn from")
    step = 1 if options.corrections else -(-done.performance.frames // MOST)
    chosen = np.arange(0, done.performance.frames, step)
    in_time = ready.late is None or in_step(ready.late)
    layer, _ = on_clips(options.corrections, ready.clips)
    lone = ready.lone and len(done.given.cameras) == 1
    case = Case(landmarks, done.given, lone, ready.clips.rate / step, tools.landmarker.read(done.landmarks))
    neutral = neutral_in_take(ready, options)
    marks, rest = {}, None
    if neutral is not None and layer.of_face(neutral).drags != layer.drags:
        rest = replace(case, rig=done.rig, lone=False).of(np.array([neutral - ready.first]))
        marks = placed(layer.of_person(neutral), rest.landmarks) if layer.scheme == landmarks.scheme else {}
        if len(marks) < MARKED:
            tell.note(take.name, f"{len(marks)} landmarks were dragged one by one in the neutral frame {neutral}, too "
                                 f"few to say who the actor is: drag {MARKED} or more, in all cameras together")
    return Material(take.name, done.performance.steps["solve"], case.of(chosen),
                    replace(case.of(chosen), rig=done.rig, lone=False), layer.of_face(neutral), ready.first, step,
                    (lambda camera, frames: ready.pictures(camera, frames * step)) if in_time else None, neutral, rest,
                    marks)
