"""Actors' profiles in a shoot, and what a take is solved with: the model as it is, or as one actor has it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.detectors import Landmarker
from app.places import ACTORS_NAME
from capture.errors import DataError, UsageError
from capture.shoot import Take
from solver.actor import NAME, NAMED, Actor, Taught, load_actor
from solver.actor_fit import Face
from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.reading_network import Person

FOLDER = ACTORS_NAME


@dataclass(frozen=True)
class Subject:
    """Who is solved, and with what.

    Attributes:
        model: the face model, with the actor's own shapes where they are known.
        embedding: finds where the landmarks lie on it; a model's first time takes seconds.
        identity: (I) the actor's; None where nobody is known, and it is looked for.
        person: what the reading network has seen of the actor; None where that is not known.
        key: of the profile; "" where there is none.
        taught: the actor's own network, by which the landmarks are to be moved (`actor_look`); None where there is
            none, or the landmarks are of another detector than it was taught on.
    """

    model: FaceModel
    embedding: Callable[[], Embedding]
    identity: np.ndarray | None = None
    person: Person | None = None
    key: str = ""
    taught: Taught | None = None

    def face(self) -> Face:
        """The same as the solver takes it."""
        return Face(self.model, self.embedding(), self.identity)


def anybody(model: FaceModel, landmarker: Landmarker) -> Subject:
    """Nobody who is known."""
    return Subject(model, lambda: landmarker.embedding(model))


def subject(actor: Actor | None, model: FaceModel, landmarker: Landmarker) -> Subject:
    """What an actor's takes are solved with: all of the profile that fits the landmarks and the reading network.

    Raises:
        DataError: its own reading is that of another network.
    """
    if actor is None:
        return anybody(model, landmarker)

    taught = actor.taught if actor.taught and actor.taught.detector == landmarker.detector.key else None

    def embedding() -> Embedding:
        found = landmarker.embedding(model)
        fits = actor.scheme == found.scheme and actor.points.shape == (len(found.known), 3)
        return replace(found, offset=taught.points if taught else actor.points) if fits else found

    person = None
    if actor.reader_key == landmarker.reader_key and actor.code_faces:
        answer = taught.answer if taught else actor.answer
        if answer is not None and answer.weight.shape != landmarker.reader.answers:
            raise DataError(f"the own reading in the profile of {actor.name} does not fit the network that this mien "
                            "ships; make the profile anew with `mien actor make`")
        person = Person(actor.code, actor.code_faces, answer)
    return Subject(actor.model(model), embedding, actor.identity, person, actor.key, taught)


def actors_folder(take: Take) -> Path:
    """Where the profiles of a take's actors lie: in its shoot, else beside its clips."""
    if take.shoot is not None:
        return take.shoot.folder / FOLDER
    return (take.folder if take.folder is not None else take.clips[0].parent) / FOLDER


def actor_folder(take: Take, name: str) -> Path | None:
    """The folder of an actor's profile; None where there is none."""
    if not NAMED.fullmatch(name):
        return None
    folder = actors_folder(take) / name
    return folder if (folder / NAME).is_file() else None


def known_actors(take: Take) -> list[str]:
    """The names of the profiles that lie where a take's are looked for."""
    return sorted(path.parent.name for path in actors_folder(take).glob(f"*/{NAME}"))


def checked_name(name: str) -> str:
    """The name, if a profile can be called so.

    Raises:
        UsageError: it cannot.
    """
    if not NAMED.fullmatch(name):
        raise UsageError(f"an actor's profile cannot be called {name!r}; use up to 64 letters, digits, spaces, dots "
                         "and dashes, beginning with a letter or a digit")
    return name


def profile_of(take: Take, name: str, model: FaceModel) -> Actor | None:
    """The profile that a take's solve goes by: that of its actor, where there is one.

    Raises:
        DataError: it is damaged, of another model, or from a newer mien.
    """
    folder = actor_folder(take, name)
    return None if folder is None else load_actor(folder, model)
