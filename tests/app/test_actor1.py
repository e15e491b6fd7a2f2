"""What the rendered shoot says of its own cameras and clocks, by the landmarks that our network finds in it."""

import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from app.accuracy import compare
from app.bench_truth import read_truth
from app.detectors import landmarker_named
from capture.camera import Camera, Rig, load_rig
from capture.errors import RigError
from capture.sync import synchronise
from capture.video import Clip
from exporters.to_json import read
from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.landmarks import Landmarks
from solver.rig_check import check_rig, find_bump, refuse_foreign
from tests.app.command import mien_here
from tests.material import shared


@pytest.fixture(scope="module")
def rig() -> Rig:
    return load_rig(shared("truth", "actor1", "rig.toml"))


@pytest.fixture(scope="module")
def embedding(ict: FaceModel) -> Embedding:
    return landmarker_named("mien").embedding(ict)


def turned(camera: Camera, *degrees: float) -> Camera:
    turn = cv2.Rodrigues(np.radians(np.array(degrees, float)))[0]
    return replace(camera, rotation=turn @ camera.rotation, translation=turn @ camera.translation)


def part_of(seen: Landmarks, names: tuple[str, ...]) -> Landmarks:
    rows = [seen.cameras.index(name) for name in names]
    return Landmarks(names, seen.scheme, seen.xy[rows], seen.sigma[rows], seen.seen[rows])


def begun(xy: np.ndarray, frames: float) -> np.ndarray:
    """The landmarks (T, N, 2) of a clip that began so many frames later than this one, or earlier, without a face."""
    whole = int(np.floor(frames))
    if frames != whole:
        xy = CubicSpline(np.arange(len(xy)), xy)(np.arange(len(xy) - 1) + frames - whole)
    return xy[whole:] if whole >= 0 else np.concatenate([np.full((-whole, *xy.shape[1:]), np.nan), xy])


@pytest.mark.parametrize("offsets", [(7.0, -20.25), (12.75, -40.25), (-40.0, -33.75)])
def test_motion_finds_made_offsets_within_a_tenth_of_a_frame(offsets: tuple[float, float], actor1_landmarks: Landmarks,
                                                             rig: Rig, tmp_path: Path) -> None:
    """By the rig, and without one; up to 40 frames and a quarter."""
    begins = dict(zip(rig.names, (0.0, *offsets), strict=True))
    signals = {name: begun(xy, begins[name]) for name, xy in zip(rig.names, actor1_landmarks.xy, strict=True)}
    clips = [Clip(tmp_path, name, (480, 640), Fraction(30), len(xy), np.arange(len(xy)) / 30, None, False, "h264",
                  False, ()) for name, xy in signals.items()]
    for known in (rig, None):
        timeline = synchronise(clips, signals=signals, rig=known)
        assert timeline.method == "motion"
        for name, begin in begins.items():
            assert 30 * timeline.offsets[name] == pytest.approx(begin, abs=0.1)


@pytest.mark.parametrize("names", [("camA", "camB", "camC"), ("camA", "camB"), ("camA", "camC"), ("camB", "camC")])
def test_its_rig_passes_and_a_rolled_or_tilted_one_does_not(names: tuple[str, ...], actor1_landmarks: Landmarks,
                                                            rig: Rig, ict: FaceModel, embedding: Embedding) -> None:
    seen, right = part_of(actor1_landmarks, names), Rig(tuple(rig[name] for name in names))
    refuse_foreign(check_rig(seen, right, embedding), seen, right, ict, embedding, "rig.toml")
    for which, degrees in (((1,), (0, 0, 5)), ((0,), (0, 0, 5)), (range(len(names)), (0, 0, 5)), ((1,), (0, 2, 0)),
                           ((1,), (2, 0, 0))):
        wrong = Rig(tuple(turned(camera, *degrees) if at in which else camera
                          for at, camera in enumerate(right.cameras)))
        with pytest.raises(RigError, match=r"does not belong to this footage: .* \d+\.\d px"):
            refuse_foreign(check_rig(seen, wrong, embedding), seen, wrong, ict, embedding, "rig.toml")


@pytest.mark.parametrize("names", [("camA", "camB", "camC"), ("camA", "camB"), ("camB", "camC")])
@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0)])
def test_a_bump_is_found_at_its_frame(names: tuple[str, ...], axis: tuple[int, ...], actor1_landmarks: Landmarks,
                                      rig: Rig, embedding: Embedding) -> None:
    seen, right = part_of(actor1_landmarks, names), Rig(tuple(rig[name] for name in names))
    assert find_bump(seen, right, embedding) is None
    for at, camera in enumerate(right.cameras):
        turn = cv2.Rodrigues(np.radians(1.5) * np.array(axis, float))[0]
        xy = seen.xy.copy()
        rays = np.concatenate([xy[at, 21:], np.ones((*xy[at, 21:].shape[:2], 1))], axis=2)
        rays = rays @ (camera.matrix @ turn @ np.linalg.inv(camera.matrix)).T
        xy[at, 21:] = rays[..., :2] / rays[..., 2:]
        bump = find_bump(replace(seen, xy=xy), right, embedding)
        assert (bump.cameras, bump.frame) == ((camera.name,), 21)


def test_without_its_rig_it_is_solved_nearly_as_well(actor1: Path, ict: FaceModel, rig: Rig, tmp_path: Path) -> None:
    """Cameras from the face alone: directions within 1.5 degrees, weights no more than 20 % worse."""
    take = Path(shutil.copytree(shared("truth", "actor1", "takes", "T001"), tmp_path / "T001"))
    shutil.copytree(actor1 / ".mien", tmp_path / "out" / ".mien")  # the landmarks, which need no finding again
    mien_here("solve", take, "--model", shared("models", "ICT-FaceKit-master.zip"), "--out", tmp_path / "out",
              "--format", "json")
    found = load_rig(tmp_path / "out" / ".mien" / "T001" / "rig.face.toml")
    for mine, right in zip(found.cameras[1:], rig.cameras[1:], strict=True):
        axes = [each.rotation[2] @ first.rotation.T for each, first in ((mine, found.cameras[0]),
                                                                       (right, rig.cameras[0]))]
        assert np.degrees(np.arccos(np.clip(axes[0] @ axes[1], -1, 1))) < 1.5
    truth = read_truth(shared("truth", "actor1", "truth.npz"), ict).performance
    with_rig, without = (compare(read(folder / "T001.mien.json"), truth).mean_rmse
                         for folder in (actor1, tmp_path / "out"))
    assert without < 1.2 * with_rig
