"""Making an actor's profile from takes: what is learnt, and whether it holds on frames that nothing was learnt from."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.actor_material import (
    Material,
    explained,
    identity_of,
    material,
    own_face,
    own_reading,
    own_skin,
    same_face,
)
from app.actor_teach import forget_lessons, teach
from app.actors import actors_folder, checked_name
from app.bench_intervals import BETTER, Interval, intervals
from app.detectors import Landmarker
from app.locks import held
from app.progress import Teller
from app.request import Request
from app.take_job import tools_for
from capture.errors import DataError, MienError
from capture.files import make_folder
from capture.shoot import Take
from solver.actor import Actor, load_actor, save_actor
from solver.actor_fit import OTHER, Face, foretold, misfit
from solver.face_model import FaceModel
from solver.personal import ENOUGH
from solver.reading_network import Person

FEWEST = 16
"""Frames with a face that a profile needs."""
LEARNT = 0.75
"""The share of each take, from its start, that is learnt from while the rest says whether it holds."""
MEASURES = {  # name: the landmarks between which it lies
    "mouth_width": (61, 291), "face_width": (234, 454), "left_eye_width": (362, 263), "right_eye_width": (33, 133),
    "left_eye_opening": (386, 374), "right_eye_opening": (159, 145), "nose_length": (168, 2),
}
CHIN = 152


@dataclass(frozen=True)
class Verdict:
    """How a profile foretells landmarks that it did not see, in px: without and with it, and the difference."""

    without: float
    with_it: float
    difference: Interval

    def __str__(self) -> str:
        return (f"hidden landmarks of held-out frames are foretold to {self.with_it:.2f} px with it and "
                f"{self.without:.2f} px without (difference {self.difference.value:+.3f}, 95 %: "
                f"{self.difference.low:+.3f}..{self.difference.high:+.3f})")


def make(name: str, takes: Sequence[Take], request: Request, tell: Teller) -> tuple[Path, Actor]:
    """Make the profile of an actor from takes and put it into their shoot, if it is better than none.

    Raises:
        DataError: it is not, or the takes show different people, or there is too little to learn from.
        BusyError: another process works on the profile.
        MienError: a take cannot be solved.
    """
    folder = actors_folder(takes[0]) / checked_name(name)
    tools = tools_for(request.model, request.detector, request.device)
    model, landmarker = tools.model, tools.landmarker
    with held(make_folder(folder), lambda text: tell.note(name, text)):
        if gone := _forgotten(folder, [take.name for take in takes]):
            tell.note(name, f"the profile that is there was learnt from {', '.join(gone)}, too: the new one, which "
                            "takes its place, is learnt from the named takes alone; name all that it shall know")
        materials = [material(take, request, tell) for take in takes]
        frames = sum(int(one.case.landmarks.found.any(axis=0).sum()) for one in materials)
        if frames < FEWEST:
            raise DataError(f"the takes show a sharp face in {frames} frames, and a profile needs {FEWEST}; film the "
                            "poses of `mien actor guide`, in focus and with a short shutter")
        tell.progress(name, "learn", 0, 3)
        cut = [max(round(LEARNT * one.frames), 1) for one in materials]
        # What is tried is judged by landmarks: its skin need not be looked at.
        first = [replace(one.part(0, at), film=None) for one, at in zip(materials, cut, strict=True)]
        held_out = [one.part(at, one.frames) for one, at in zip(materials, cut, strict=True) if at < one.frames]
        tried = learn(name, model, landmarker, first)
        tell.progress(name, "check", 1, 3)
        verdict = judged(tried, model, landmarker, held_out)
        if verdict.difference.against_zero() != BETTER:
            raise DataError(f"the profile of {name} is not taken: {verdict}; film more, sharper, or the poses of "
                            "`mien actor guide`")
        tell.progress(name, "learn", 2, 3)
        actor = learn(name, model, landmarker, materials)
        actor, gain = teach(actor, model, landmarker, materials, folder, tell)
        entry = {"from": [one.take for one in materials], "solves": [one.key for one in materials], "frames": frames,
                 "corrected": int(sum(one.corrected().sum() for one in materials)),
                 "marked": max(len(one.marks) if one.says_who else 0 for one in materials),
                 "px_without": round(verdict.without, 3), "px_with": round(verdict.with_it, 3),
                 **({} if gain is None else {"network": str(gain)})}
        actor = replace(actor, history=(entry,))
        path = save_actor(actor, folder)
        tell.progress(name, "learn", 3, 3)
        forget_lessons(folder)
        tell.note(name, str(verdict))
        if gain is not None:
            tell.note(name, str(gain))
    return path, actor


def _forgotten(folder: Path, takes: Sequence[str]) -> list[str]:
    """The takes that an earlier profile was learnt from, and a new one would not be."""
    with contextlib.suppress(MienError):
        known = {str(take) for entry in load_actor(folder).history for take in entry.get("from", ())}
        return sorted(known - set(takes))
    return []


def learn(name: str, model: FaceModel, landmarker: Landmarker, materials: Sequence[Material]) -> Actor:
    """A profile from solved frames; nothing is written.

    Raises:
        DataError: the takes show different people, or corrections disagree with the footage.
    """
    embedding = landmarker.embedding(model)
    anybody = Face(model, embedding)
    share = np.array([one.frames for one in materials]) / sum(one.frames for one in materials)
    identity = share @ np.stack([identity_of(one, anybody) for one in materials])
    same = Face(model, embedding, identity)
    if len(materials) > 1:
        for one in materials:
            if (ratio := misfit(one.used, same, anybody)) > OTHER:
                raise DataError(f"take {one.take} shows another face than the other takes (it fits theirs {ratio:.1f} "
                                f"times worse than its own); leave it out of --from")
    same = same_face(materials, anybody, identity)
    identity = same.identity
    told = sum(int(one.corrected().sum()) for one in materials)
    right = [explained(one, same) for one in materials]
    points, names, shapes = own_face(materials, right, same, told >= ENOUGH)
    people = [landmarker.reader.person(one.case.landmarks) for one in materials] if landmarker.reader else []
    faces = sum(person.faces for person in people)
    code = sum((person.code * person.faces for person in people), np.zeros(len(people[0].code) if people else 0))
    code = code / max(faces, 1)
    answer = own_reading(materials, right, landmarker, Person(code, faces)) if told >= ENOUGH else None
    return Actor(name, model.name, model.sha256, embedding.scheme, identity, points, names, shapes, code, faces,
                 landmarker.reader_key, measures(model, landmarker, identity), answer=answer,
                 skin=own_skin(materials, right, same))


def judged(actor: Actor, model: FaceModel, landmarker: Landmarker, held_out: Sequence[Material]) -> Verdict:
    """A profile on frames that it was not learnt from."""
    from app.actors import subject

    own, anybody = subject(actor, model, landmarker).face(), Face(model, landmarker.embedding(model))
    rows = []
    for one in held_out:
        if not one.used.landmarks.found.any():
            continue
        for fold in (0, 1):
            rows.append(np.stack([foretold(one.used, face, fold) for face in (anybody, own)], axis=1))  # (T, 2)
    pairs = np.concatenate(rows) if rows else np.zeros((0, 2))
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    if not len(pairs):
        raise DataError("the last quarter of the takes shows no face; give takes that show it to their end")
    rate = float(held_out[0].used.frame_rate)
    difference, = intervals(len(pairs), rate, lambda chosen: _roots(pairs[chosen]) @ np.array([[-1.0], [1.0]]))
    without, with_it = _roots(pairs)
    return Verdict(float(without), float(with_it), difference)


def measures(model: FaceModel, landmarker: Landmarker, identity: np.ndarray) -> dict[str, float]:
    """The actor's resting face in metres."""
    embedding = landmarker.embedding(model)
    resting = model.neutral + np.tensordot(identity, model.identity, 1)
    points = embedding.points(model, resting)
    out = {name: float(np.linalg.norm(points[a] - points[b])) for name, (a, b) in MEASURES.items()
           if embedding.known[[a, b]].all()}
    if model.eyes:
        left, right = (eye.centre(resting) for eye in model.eyes)
        out = {"interocular": float(np.linalg.norm(left - right)), **out}
    if "jawOpen" in model.shape_names and embedding.known[CHIN]:
        drop = embedding.points(model, model.shapes[model.shape_names.index("jawOpen")])[CHIN]
        out["jaw_drop"] = float(np.linalg.norm(drop))
    return out


def _roots(pairs: np.ndarray) -> np.ndarray:
    return np.sqrt((pairs**2).mean(axis=0))
