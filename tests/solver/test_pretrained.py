import shutil
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from capture.errors import ModelError
from solver import pretrained
from solver.network_faces import faces
from tests.material import shared
from tests.solver.mediapipe_graph import raw_outputs

ATTENTION = ("mesh", "lips", "eye_left", "eye_right", "iris_left", "iris_right", "face")
TOLERANCE = 1e-3


def drawn(size: int, count: int = 10) -> np.ndarray:
    """(count, S, S, 3) uint8: rough drawings of faces, turned and shifted, on smooth noise."""
    rng = np.random.default_rng(4)
    pictures = []
    for _ in range(count):
        picture = cv2.resize(rng.integers(0, 255, (6, 6, 3), dtype=np.uint8), (size, size),
                             interpolation=cv2.INTER_CUBIC)
        angle, scale = rng.uniform(-0.4, 0.4), size * rng.uniform(0.8, 1.1)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        middle = size / 2 + rng.normal(0, size * 0.04, 2)

        def ellipse(x, y, width, height, colour, angle=angle, scale=scale, turn=turn, middle=middle, picture=picture):
            centre = middle + turn @ [x * scale, y * scale]
            cv2.ellipse(picture, tuple(int(v) for v in centre), (int(width * scale), int(height * scale)),
                        np.degrees(angle), 0, 360, colour, -1, cv2.LINE_AA)

        ellipse(0, 0, 0.28, 0.38, tuple(int(v) for v in rng.integers(90, 230, 3)))
        for x in (-0.11, 0.11):
            ellipse(x, -0.08, 0.05, 0.025, (250, 250, 250))
            ellipse(x, -0.08, 0.02, 0.02, (40, 30, 20))
            ellipse(x, -0.15, 0.07, 0.012, (50, 30, 20))
        ellipse(0, 0.05, 0.03, 0.05, (120, 90, 80))
        ellipse(0, 0.2, 0.1, 0.03, (150, 60, 60))
        pictures.append(picture)
    return np.stack(pictures)


def photographed(size: int, count: int = 20) -> np.ndarray:
    """(count, S, S, 3) uint8: crops of a real face, each another way."""
    picture = cv2.cvtColor(cv2.imread(str(shared("footage", "astronaut.png"))), cv2.COLOR_BGR2RGB)
    rng = np.random.default_rng(0)
    crops = []
    for _ in range(count):
        angle, scale = rng.normal(0, 0.2), rng.uniform(150, 260) / size
        linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shift = np.array([225, 115]) + rng.normal(0, 8, 2) - linear @ [size / 2, size / 2]
        crops.append(cv2.warpAffine(picture, np.column_stack([linear, shift]), (size, size),
                                    flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP))
    return np.stack(crops)


def as_input(pictures: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255


@pytest.mark.parametrize("pictures", [drawn, photographed])
def test_the_attention_mesh_answers_as_mediapipe_does(pictures):
    pictures = pictures(192)
    reference = raw_outputs(pictures, "face_landmark/face_landmark_with_attention.tflite", 7, 0.0)
    with torch.inference_mode():
        found = pretrained.attention_mesh()(as_input(pictures))
    for name, expected in zip(ATTENTION, reference, strict=True):
        assert np.abs(getattr(found, name).reshape(len(pictures), -1).numpy() - expected).max() < TOLERANCE, name


def test_the_plain_mesh_answers_as_mediapipe_does():
    pictures = drawn(192, 20)
    reference = raw_outputs(pictures, "face_landmark/face_landmark.tflite", 2, 0.0)
    with torch.inference_mode():
        mesh, face = pretrained.plain_mesh()(as_input(pictures))
    assert np.abs(mesh.reshape(20, -1).numpy() - reference[0]).max() < TOLERANCE
    assert np.abs(face.numpy() - reference[1][:, 0]).max() < TOLERANCE


@pytest.mark.parametrize("name", ["short_range", "full_range"])
def test_the_face_finders_answer_as_mediapipe_does(name):
    finder = getattr(pretrained, name)()
    pictures = drawn(finder.size, 20)
    path = {"short_range": "face_detection_short_range", "full_range": "face_detection_full_range_sparse"}[name]
    numbers, scores = raw_outputs(pictures, f"face_detection/{path}.tflite", 2, -1.0)
    with torch.inference_mode():
        own_scores, own_numbers = finder(as_input(pictures) * 2 - 1)
    assert np.abs(own_numbers.reshape(20, -1).numpy() - numbers).max() < TOLERANCE
    assert np.abs(own_scores.numpy() - scores).max() < TOLERANCE


@pytest.mark.parametrize("name", ["short_range", "full_range"])
def test_the_face_finders_find_one_face_where_it_is(name):
    finder = getattr(pretrained, name)()
    picture = cv2.cvtColor(cv2.imread(str(shared("footage", "astronaut.png"))), cv2.COLOR_BGR2RGB)
    small = cv2.resize(picture, (finder.size, finder.size), interpolation=cv2.INTER_AREA)
    found, nothing = faces(finder, np.stack([small, np.zeros_like(small)]))
    assert nothing == []
    assert len(found) == 1
    assert found[0].score > 0.8
    right_eye, left_eye = found[0].points[:2] * 512
    assert np.abs(right_eye - [203, 104]).max() < 6  # read off the photograph
    assert np.abs(left_eye - [248, 107]).max() < 6


def test_an_altered_weight_file_is_refused(tmp_path, monkeypatch):
    name = "face_landmark/face_landmark.tflite"
    target = tmp_path / "modules" / name
    target.parent.mkdir(parents=True)
    monkeypatch.setattr(pretrained.importlib.util, "find_spec",
                        lambda _: SimpleNamespace(submodule_search_locations=[str(tmp_path)]))
    with pytest.raises(ModelError, match="cannot be read"):
        pretrained.plain_mesh()
    shutil.copy(whole_file(name), target)
    data = bytearray(target.read_bytes())
    assert pretrained.weight_file(name) == target  # the untouched copy passes
    data[len(data) // 2] ^= 1
    target.write_bytes(data)
    with pytest.raises(ModelError, match="was altered") as caught:
        pretrained.plain_mesh()
    assert "pip install mediapipe==0.10.21" in str(caught.value)
    target.write_bytes(b"")
    with pytest.raises(ModelError, match="was altered"):
        pretrained.plain_mesh()


def test_another_mediapipe_is_named_whether_its_files_differ_or_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained.importlib.util, "find_spec",
                        lambda _: SimpleNamespace(submodule_search_locations=[str(tmp_path)]))
    monkeypatch.setattr(pretrained.metadata, "version", lambda name: f"{name} 1.0.2")
    said = r"installed is mediapipe mediapipe 1\.0\.2.*pip install mediapipe==0\.10\.21"
    with pytest.raises(ModelError, match=said):
        pretrained.attention_mesh()
    target = tmp_path / "modules" / "face_landmark" / "face_landmark_with_attention.tflite"
    target.parent.mkdir(parents=True)
    target.write_bytes(whole_file("face_landmark/face_landmark.tflite").read_bytes())
    with pytest.raises(ModelError, match=said):
        pretrained.attention_mesh()


def test_without_mediapipe_the_cure_is_named(monkeypatch):
    monkeypatch.setattr(pretrained.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"is not installed; install it with `pip install mediapipe==0\.10\.21`"):
        pretrained.attention_mesh()


def whole_file(name: str) -> Path:
    import mediapipe

    return Path(mediapipe.__file__).parent / "modules" / name
