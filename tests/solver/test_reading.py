"""Weights read off landmarks: whole files, unseen frames, and the faces of a known performance."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from app.demo import DISTANCE, FOCAL_PX, SIZE, YAWS, known_performance
from app.detectors import landmarker_named
from app.film import ring_of_cameras
from app.models import model_named
from capture.camera import project
from capture.errors import ModelError
from solver.face_model import FaceModel, deform
from solver.landmarks import Landmarks
from solver.network import POINTS
from solver.performance import Performance
from solver.reading_network import Reader, load_reader, save_reader, shipped_reader


@pytest.fixture(scope="module")
def reader() -> Reader:
    return load_reader(shipped_reader())


@pytest.fixture(scope="module")
def filmed(demo: Path) -> tuple[FaceModel, Performance, Landmarks]:
    """The demo's performance, and its landmarks where they truly are; `demo` has filled the cache."""
    model = model_named("mien")
    truth = known_performance(model, 48)
    embedding = landmarker_named().embedding(model)
    points = np.stack([
        embedding.points(model, deform(model, truth.weights[frame], truth.identity, truth.gaze[frame]))
        @ Rotation.from_quat(truth.head_rotation[frame]).as_matrix().T + truth.head_translation[frame]
        for frame in range(truth.frames)])
    rig = ring_of_cameras(YAWS, DISTANCE, SIZE, FOCAL_PX)
    xy = np.stack([project(camera, points) for camera in rig.cameras])
    return model, truth, Landmarks(rig.names, "mien478", xy, np.ones(xy.shape[:3]), np.ones(xy.shape[:3], bool))


def test_the_file_is_small_and_has_a_card() -> None:
    assert shipped_reader().stat().st_size < 3_000_000
    assert shipped_reader().with_suffix(".md").exists()


def test_it_reads_the_demos_faces(reader: Reader, filmed: tuple[FaceModel, Performance, Landmarks]) -> None:
    model, truth, landmarks = filmed
    read = reader.read(landmarks)
    for name in ("jawOpen", "eyeBlinkLeft", "mouthSmileRight"):
        of_name = truth.weights[:, model.shape_names.index(name)]
        assert np.corrcoef(read.weights[:, read.names.index(name)], of_name)[0, 1] > 0.6, name


def test_a_frame_without_a_face_is_not_read(reader: Reader,
                                            filmed: tuple[FaceModel, Performance, Landmarks]) -> None:
    _, _, landmarks = filmed
    seen, xy = landmarks.seen.copy(), landmarks.xy.copy()
    seen[:, 7], xy[:, 7] = False, np.nan
    seen[0, 9, :3], xy[0, 9, :3] = False, np.nan
    read = reader.read(replace(landmarks, seen=seen, xy=xy))
    assert np.isinf(read.sigma[7]).all()
    assert np.isfinite(read.weights).all()
    assert np.isfinite(np.delete(read.sigma, 7, axis=0)).all()
    weights, precision = read.of(("jawOpen", "noseOfClay"), np.array([7, 8]))
    assert (precision[0] == 0).all()
    assert precision[1, 0] > 0
    assert (precision[:, 1] == 0).all()
    assert weights.shape == (2, 2)


def test_one_camera_twice_is_no_surer(reader: Reader, filmed: tuple[FaceModel, Performance, Landmarks]) -> None:
    _, _, landmarks = filmed
    one = replace(landmarks, cameras=("a",), xy=landmarks.xy[:1], sigma=landmarks.sigma[:1], seen=landmarks.seen[:1])
    twice = replace(landmarks, cameras=("a", "b"), xy=landmarks.xy[[0, 0]], sigma=landmarks.sigma[[0, 0]],
                    seen=landmarks.seen[[0, 0]])
    np.testing.assert_allclose(reader.read(one).sigma, reader.read(twice).sigma, rtol=1e-4)


def test_no_face_at_all(reader: Reader) -> None:
    shape = (1, 3, POINTS)
    nothing = Landmarks(("camA",), "mien478", np.full((*shape, 2), np.nan), np.full(shape, np.inf),
                        np.zeros(shape, bool))
    assert np.isinf(reader.read(nothing).sigma).all()


def test_it_reads_back_as_it_was_written(reader: Reader, tmp_path: Path,
                                         filmed: tuple[FaceModel, Performance, Landmarks]) -> None:
    save_reader(reader, tmp_path / "again.npz")
    again = load_reader(tmp_path / "again.npz")
    first, second = reader.read(filmed[2]), again.read(filmed[2])
    assert np.array_equal(first.weights, second.weights)


@pytest.mark.parametrize("damage", ["missing", "cut", "text", "other"])
def test_a_damaged_file_is_told(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "reading.npz"
    whole = shipped_reader().read_bytes()
    if damage == "cut":
        path.write_bytes(whole[:len(whole) // 2])
    elif damage == "text":
        path.write_text("no network")
    elif damage == "other":
        np.savez(path, format=np.array("mien.reading.9"))
    with pytest.raises(ModelError, match=r"reading\.npz"):
        load_reader(path)
