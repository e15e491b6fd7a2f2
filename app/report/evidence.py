"""Everything that a take's report is made from, gathered from the steps' artefacts and the footage."""

import importlib.metadata
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from app import __version__, artefacts
from app.clocks import first_frame, offsets
from app.detection import film_looks, kept
from app.detectors import Landmarker, landmarker_named
from app.models import model_named
from app.places import RIG_NAME, Places
from app.report.plain import without_folders
from app.timings import Took, recorded
from capture.camera import Rig, load_rig
from capture.errors import ClipError, DataError, MienError
from capture.film_look import Faults, faults
from capture.match import TakeClips, plan, probe_take
from capture.shoot import Take
from capture.sync import Timeline, by_stated_timecode, load_timeline
from solver import network_file
from solver.detect import Track, stack
from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.landmarks import Landmarks
from solver.performance import Performance
from solver.residuals import Residuals, residuals

SETTINGS_NAME = "settings.json"
Found = TypeVar("Found")
LIBRARIES = ("numpy", "torch", "opencv-contrib-python", "av", "mediapipe")


@dataclass(frozen=True)
class Evidence:
    """What is known of a solved take. What is None is not there any more, and `missing` says so.

    Attributes:
        performance: T frames.
        where: the take's folders.
        model: the face, and `embedding`: where the landmarks lie on it.
        rig: the cameras as the solve used them.
        clips: the footage, and `first`: its frame that is the performance's first.
        residuals: the face against the landmarks.
        landmarks: what was found in the pictures.
        timeline: how the cameras were brought in step; None for one camera, or where they were taken to begin together.
        took: what the steps took.
        settings: what the solve was asked for, and by which versions it was made.
        missing: sentences.
        films: what is wrong with each camera's film, where that is known.
    """

    performance: Performance
    where: Places
    model: FaceModel | None = None
    embedding: Embedding | None = None
    rig: Rig | None = None
    clips: TakeClips | None = None
    first: int = 0
    residuals: Residuals | None = None
    landmarks: Landmarks | None = None
    timeline: Timeline | None = None
    took: tuple[Took, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    films: tuple[tuple[str, Faults], ...] = ()

    @property
    def rate(self) -> float:
        return float(self.performance.frame_rate)

    @property
    def there(self) -> np.ndarray:
        """(C, T) bool: in which frames each camera has a picture; in all, as far as is known."""
        shape = len(self.performance.cameras), self.performance.frames
        if self.clips is not None and tuple(clip.camera for clip in self.clips.clips) == self.performance.cameras:
            there = self.clips.there[:, self.first:self.first + self.performance.frames]
            if there.shape == shape:
                return there
        return np.ones(shape, bool)


def settings_of(preset: str, detector: str, formats: tuple[str, ...], rig_path: Path | None, lone: bool,
                ) -> dict[str, str]:
    """What a solve was asked for and what did it, as words; without a path, for results must not tell where they are.
    """
    cameras = "assumed: one pinhole camera" if lone else rig_path.name if rig_path is not None else "rig.toml"
    libraries = {f"version of {name}": _version(name) for name in LIBRARIES}
    own = {name: "set" for name in sorted(os.environ) if name.startswith("MIEN_")}
    return {"cameras": cameras, "detector": detector, "formats": ", ".join(formats), "preset": preset,
            "version of mien": __version__, **libraries, **own}


def gather(performance: Performance, where: Places, take: Take | None) -> Evidence:
    """Everything on disk about a performance; what is not there is left out, with a sentence.

    Args:
        take: its footage; None where that is not known.
    """
    missing: list[str] = []

    def attempt(read: Callable[[], Found], what: str) -> Found | None:
        try:
            return read()
        except (MienError, KeyError, ValueError) as error:
            missing.append(f"{what}: {without_folders(str(error), where, take)}")
            return None

    model = attempt(lambda: _model(performance), "The face model is not known here")
    rig = attempt(lambda: load_rig(where.work / RIG_NAME), "The cameras that the solve used are not known")
    clips = attempt(lambda: _clips(take, rig), "There are no pictures, for the footage cannot be read")
    landmarks = attempt(lambda: _landmarks(performance, where), "There are no residuals by camera and region")
    embedding = None
    if model is not None and landmarks is not None:
        embedding = attempt(lambda: _embedding(model, landmarks.scheme), "There are no residuals by camera and region")
    settings = artefacts.load_record(where.work / SETTINGS_NAME)
    timeline = attempt(lambda: timeline_of(take, clips), "How the cameras were brought in step is not known")
    return assemble(Evidence(performance, where, model, embedding, rig, clips, first_frame(clips, performance), None,
                             landmarks, timeline, recorded(where.work), tuple(sorted(settings.items())),
                             tuple(missing)))


def assemble(evidence: Evidence) -> Evidence:
    """The same with what is wrong with its films, and with its residuals, where there is all that they need."""
    performance = evidence.performance
    looks = film_looks(evidence.where, performance.cameras, performance.steps, performance.frames)
    shown = dict(zip(performance.cameras, evidence.there, strict=True))
    e = replace(evidence, films=tuple((camera, faults(look, shown[camera])) for camera, look in looks.items()))
    if e.model is None or e.embedding is None or e.rig is None or e.landmarks is None:
        return e
    found = residuals(e.performance, e.model, e.embedding, e.rig, e.landmarks)
    return replace(e, residuals=found)


def timeline_of(take: Take | None, clips: TakeClips | None) -> Timeline | None:
    """By what a take's cameras were brought in step; None for one camera, or where nothing told."""
    if take is None or clips is None or len(clips.clips) < 2:
        return None
    if take.sync_path is not None:
        return load_timeline(take.sync_path)
    return by_stated_timecode(clips.clips)


@lru_cache(maxsize=4)
def _model_named(name: str) -> FaceModel:
    return model_named(name, paths=False)  # a performance says it


def _model(performance: Performance) -> FaceModel:
    model = _model_named(performance.model_name)
    if model.sha256 != performance.model_sha256:
        raise DataError(f"the model called {model.name!r} here is not the one that the take was solved with; solve it "
                        "again, or name that model")
    return model


def _clips(take: Take | None, rig: Rig | None) -> TakeClips:
    if take is None:
        raise ClipError("it does not lie beside the results; give the take itself, and its results with --out")
    if rig is None:
        raise ClipError("where its cameras stand is not known")
    probed = probe_take(take)
    return plan(take, probed, rig, offsets(take, probed))


def _landmarks(performance: Performance, where: Places) -> Landmarks:
    tracks, scheme = [], ""
    for camera in performance.cameras:
        arrays = kept(where, camera, performance.steps.get(f"detect {camera}", ""), performance.frames)
        if arrays is None:
            raise DataError(f"the landmarks of {camera} that the solve began from are gone; solve the take again")
        tracks.append(Track(arrays["xy"], arrays["sigma"], arrays["seen"]))
        scheme = str(arrays["scheme"])
    if not tracks:
        raise DataError("the performance names no camera")
    return stack(performance.cameras, tracks, scheme)


@lru_cache(maxsize=4)
def _landmarker(scheme: str) -> Landmarker:
    return landmarker_named("mien" if scheme == network_file.SCHEME else "mediapipe", "cpu")


def _embedding(model: FaceModel, scheme: str) -> Embedding:
    return _landmarker(scheme).embedding(model)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
