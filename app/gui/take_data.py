"""Everything that is known of one take, read from disk: its clips, cameras, landmarks, solve and corrections."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import assets
from app.artefacts import Shapes, fit
from app.clocks import first_frame
from app.contents import State, state_of
from app.corrections import corrections_path, load_layer, on_clips, rest_on_clips
from app.gui.known_clips import clips_of
from app.places import AROUND_LAYER_NAME, AROUND_NAME, RIG_NAME, SOLVE_NAME, Places, places
from capture.arrays import Damaged, load_arrays
from capture.camera import Camera, Rig, load_rig
from capture.errors import DataError, MienError
from capture.match import NO_PICTURE, TakeClips, plan
from capture.shoot import Take
from capture.turned import fitted, turned_places
from capture.video import Clip
from exporters.scene import Scene, make_scene
from exporters.to_json import read as read_performance
from solver.corrections import Layer, corrected
from solver.face_model import FaceModel
from solver.model_import import BUILT_IN, find_model

if TYPE_CHECKING:
    from solver.embedding import Embedding

REFERENCE = "mediapipe478"
"""The scheme by which other schemes are defined on the model that they were learnt on."""


LANDMARKS: Shapes = {"xy": ("f", ("frames", "points", 2)), "seen": ("b", ("frames", "points")), "scheme": ("U", ())}
"""What is shown of a camera's landmarks on disk; `app.detection`, which knows them all, loads the networks."""
MOST_SCENES = 4
_scenes: dict[Path, tuple[State, FaceModel, Scene]] = {}


@dataclass(frozen=True)
class Points:
    """Landmarks in one camera: xy (T, N, 2) px as filmed, seen (T, N) bool, and which points they are."""

    xy: np.ndarray
    seen: np.ndarray
    scheme: str


@dataclass(frozen=True)
class TakeData:
    """A take as the app shows it.

    Attributes:
        take: the clips and settings.
        where: where its results lie.
        clips: its footage on one clock; None where it cannot be read.
        rig: the cameras the solve used, else the shoot's; None where there are none.
        first: the take's frame that is the solve's first.
        scene: the performance that is shown, on its face; None before a solve.
        solved: the solve of the footage alone.
        around: the solve around corrections; None where there is none of this solve.
        around_layer: the corrections that it went around.
        landmarks: camera -> points, from the solve's first frame on.
        embedding: where these landmarks lie on the scene's face; None where that is not known here.
        layer: the corrections as they lie on disk.
        layer_readable: False where the corrections on disk cannot be read, and so must not be overwritten.
        problems: sentences for the user.
        left_out: some of the corrections on disk are before the take's first frame since it begins later, and so are
            none of `layer`.
    """

    take: Take
    where: Places
    clips: TakeClips | None = None
    rig: Rig | None = None
    first: int = 0
    scene: Scene | None = None
    solved: Scene | None = None
    around: Scene | None = None
    around_layer: Layer = field(default_factory=Layer)
    landmarks: dict[str, Points] = field(default_factory=dict)
    embedding: Embedding | None = None
    layer: Layer = field(default_factory=Layer)
    layer_readable: bool = True
    problems: tuple[str, ...] = ()
    left_out: bool = False

    @property
    def frames(self) -> int:
        if self.clips is not None:
            return self.clips.frames
        return self.scene.performance.frames + self.first if self.scene is not None else 0

    @property
    def rate(self) -> float:
        if self.clips is not None:
            return float(self.clips.rate)
        return float(self.scene.frame_rate) if self.scene is not None else 30.0

    def camera(self, name: str) -> Camera | None:
        return self.rig[name] if self.rig is not None and name in self.rig.names else None


def read_take(take: Take) -> TakeData:
    """Read what is there. What cannot be read is left out, with a sentence among the problems."""
    where = places(take, None)
    problems: list[str] = []
    clips = _attempt(lambda: _footage(take, problems), problems)
    scene = _attempt(lambda: _solved(where), problems) if (where.work / SOLVE_NAME).is_file() else None
    used = where.work / RIG_NAME
    rig_path = used if scene is not None and used.is_file() else take.rig_path
    shown = clips.clips if clips is not None else ()
    filed = _attempt(lambda: load_rig(rig_path), problems) if rig_path is not None else None
    rig = _attempt(lambda: fitted(filed, shown), problems) if filed is not None else None
    layer = _attempt(lambda: load_layer(corrections_path(take)), problems)
    around, around_layer = _around(scene, where)
    if clips is not None and layer is not None and (named := take.settings.get("neutral", "")).isdecimal() \
            and (there := rest_on_clips(layer, clips, int(named))) != int(named):
        problems.append(f"the frame at rest, {named}, is {there} now that the clips are in step otherwise: name it "
                        "anew there (N)")
    left_out = False
    if clips is not None:
        around_layer = on_clips(around_layer, clips)[0]
        before, layer = layer, None if layer is None else on_clips(layer, clips)[0]
        left_out = layer is not None and _size(layer) < _size(before)
    landmarks = _landmarks(take, where)
    if filed is not None and rig_path == used:  # found in pictures that may have been turned otherwise then
        landmarks = {name: _upright(points, name, filed, shown) for name, points in landmarks.items()}
    first = first_frame(clips, scene.performance) if scene is not None else 0
    readable = layer is not None
    return TakeData(take, where, clips, rig, first, scene, scene, around, around_layer, landmarks,
                    _embedding(scene, landmarks), layer if readable else Layer(), readable, tuple(problems), left_out)


def _size(layer: Layer) -> int:
    return len(layer.spots()) + len(layer.right) + len(layer.drags)


def same_footage(one: TakeClips | None, other: TakeClips | None) -> bool:
    """Whether both show the same pictures at the same frames, so that nothing needs to be decoded again."""
    return (one is not None and other is not None and len(one.clips) == len(other.clips)
            and all(a is b for a, b in zip(one.clips, other.clips, strict=True)) and one == other
            and np.array_equal(one.numbers, other.numbers)
            and (one.late is None) == (other.late is None)
            and (one.late is None or np.array_equal(one.late, other.late, equal_nan=True)))


def shown(data: TakeData, layer: Layer, around: bool) -> tuple[TakeData, np.ndarray | None]:
    """The take with the solve that is seen as its scene: the one around corrections, if that is wanted and as far as
    these still say what it went around; and that scene's weights (T, K) under the layer, None without a solve."""
    stands = around and data.around is not None and data.around_layer.within(layer)
    data = replace(data, scene=data.around if stands else data.solved)
    if data.scene is None:
        return data, None
    performance = data.scene.performance
    return data, corrected(layer, performance.weights, performance.shape_names, data.first)


def steps_of(data: TakeData) -> list[dict[str, str]]:
    """The keys of the steps that made a take's solves; they differ where these do."""
    return [scene.performance.steps if scene is not None else {} for scene in (data.solved, data.around)]


@lru_cache(maxsize=4)
def model_named(name: str) -> FaceModel:
    """A face model by its name; kept, because many takes share one.

    Raises:
        ModelError: there is none of that name.
    """
    return find_model(BUILT_IN if name == "built-in" else name, assets.path("head.npz"))


def _attempt(read, problems: list[str]):
    try:
        return read()
    except MienError as error:
        problems.append(str(error))
        return None


def _footage(take: Take, problems: list[str]) -> TakeClips:
    from app.clocks import offsets  # loads SciPy's transforms, which the window should not wait for

    clips = clips_of(take)
    try:
        rig = fitted(load_rig(take.rig_path), clips) if take.rig_path is not None else None
        return plan(take, clips, rig, offsets(take, clips))
    except MienError as error:
        problems.append(str(error))
        return _by_number(clips)


def _by_number(clips: tuple[Clip, ...]) -> TakeClips:
    """Clips side by side, frame by frame, to be looked at where they cannot be solved yet."""
    count = max(clip.frames for clip in clips)
    return TakeClips(clips, clips[0].frame_rate, count, clips[0].start_timecode, (),
                     np.stack([np.where(np.arange(count) < clip.frames, np.arange(count), NO_PICTURE)
                               for clip in clips]))


def _solved(where: Places) -> Scene:
    """The solve, read anew only where its file or the model has changed."""
    path = where.work / SOLVE_NAME
    state = state_of(path)
    known = _scenes.pop(path, None)
    if known is None or known[0] != state or model_named(known[2].performance.model_name) is not known[1]:
        scene = read_solved(path)
        known = state, model_named(scene.performance.model_name), scene
    _scenes[path] = known
    if len(_scenes) > MOST_SCENES:
        del _scenes[next(iter(_scenes))]
    return known[2]


def read_solved(path: Path) -> Scene:
    """A performance on the face that it was solved with.

    Raises:
        MienError: it is none, or that face is not here.
    """
    performance = read_performance(path)
    model = model_named(performance.model_name)
    if model.sha256 != performance.model_sha256:
        raise DataError(f"take {performance.take} was solved with another {performance.model_name!r} than the model "
                        "of that name here; solve it again")
    return make_scene(model, performance)


def _around(scene: Scene | None, where: Places) -> tuple[Scene | None, Layer]:
    """The solve around corrections, if it is there, whole, and of this solve."""
    try:
        performance = read_performance(where.work / AROUND_NAME)
        layer = load_layer(where.work / AROUND_LAYER_NAME)
    except MienError:
        return None, Layer()
    if scene is None or performance.steps.get("solve") != scene.performance.steps.get("solve"):
        return None, Layer()
    return make_scene(model_named(performance.model_name), performance), layer


def _embedding(scene: Scene | None, landmarks: dict[str, Points]) -> Embedding | None:
    schemes = {points.scheme for points in landmarks.values()}
    if scene is None or len(schemes) != 1:
        return None
    from solver.embedding import cached_embedding  # loads SciPy's search trees, half a second before a window is up

    # The scene's own model has the actor's identity in it; landmarks are known on the model as it was added.
    model = model_named(scene.performance.model_name)
    found = cached_embedding(model, schemes.pop()) or cached_embedding(model, REFERENCE)
    fits = found is not None and all(points.seen.shape[1] == len(found.known) for points in landmarks.values())
    return found if fits else None


def _upright(points: Points, camera: str, found_by: Rig, clips: tuple[Clip, ...]) -> Points:
    """Landmarks in a camera's picture as it is turned now; they were found in the pictures that a rig is of."""
    clip = next((clip for clip in clips if clip.camera == camera and camera in found_by.names), None)
    more = 0 if clip is None else (clip.rotate - found_by[camera].rotate) % 360
    return replace(points, xy=turned_places(points.xy, found_by[camera].size, more)) if more else points


def _landmarks(take: Take, where: Places) -> dict[str, Points]:
    found = {}
    for camera in take.cameras:
        path = next((path for path in (where.again(camera), where.landmarks(camera)) if path.is_file()), None)
        if path is not None:
            try:
                arrays = load_arrays(path)
            except Damaged:
                continue  # the next solve finds them again
            if fit(arrays, LANDMARKS):
                found[camera] = Points(arrays["xy"], arrays["seen"], str(arrays["scheme"]))
    return found
