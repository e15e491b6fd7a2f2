"""An actor's own eyes' network: no more than what was taught, the same in onnxruntime, and nothing without it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from capture.errors import Cancelled, DataError
from solver import train_actor
from solver.actor_network import LAYERS, OwnLook, difference_of, own_eyes, shared_eyes
from solver.network_onnx import OnnxNetwork
from solver.network_parts import EYE, PartNetwork, part_square
from solver.onnx_networks import to_onnx
from solver.train_actor import EVERY, Lesson, lesson, misses, taught

RANDOM = np.random.default_rng(5)


def nothing() -> dict[str, np.ndarray]:
    state = shared_eyes().state_dict()
    return {name: np.zeros(tuple(state[name].shape), np.float16) for name in LAYERS}


def a_face() -> np.ndarray:
    """(478, 2) px of some face: what counts is where its eyes lie."""
    points = RANDOM.uniform(180, 300, (478, 2))
    for side, middle in ((EYE.points, 200.0), (EYE.mirrored, 280.0)):
        points[list(side)] = RANDOM.uniform(-30, 30, (len(side), 2)) + np.array([middle, 220.0])
    points[[33, 263, 10, 152]] = [[170, 220], [310, 220], [240, 120], [240, 400]]
    return points


FACE = a_face()
LESSONS = 4
NOISE = [RANDOM.integers(0, 255, (480, 480, 3)).astype(np.uint8) for _ in range(LESSONS + 1)]
PICTURES = [cv2.GaussianBlur(noise, (0, 0), 4) for noise in NOISE]


@pytest.fixture(scope="module")
def learnt() -> tuple[Lesson, Lesson]:
    """Examples that say: the same as ever, but two px of the cut-out further right."""
    def moved(one: Lesson) -> Lesson:
        with torch.inference_mode():
            points = shared_eyes().answer(one.features)[0]
        return Lesson(one.features, points + torch.tensor([2.0, 0.0]), one.counts)

    faces = np.stack([FACE] * LESSONS)
    return (moved(lesson(iter(PICTURES[:LESSONS]), faces, np.ones(LESSONS), 8, 1)),
            moved(lesson(iter(PICTURES[LESSONS:]), FACE[None], np.ones(1), 0, 1)))


def test_a_network_that_was_taught_nothing_leaves_landmarks_where_they_are() -> None:
    xy = np.stack([FACE] * len(PICTURES))
    moved = np.concatenate(list(OwnLook(nothing()).moved(PICTURES, xy)))
    np.testing.assert_array_equal(moved, xy)


@pytest.fixture(scope="module")
def network(learnt: tuple[Lesson, Lesson], tmp_path_factory: pytest.TempPathFactory) -> PartNetwork:
    return taught(*learnt, tmp_path_factory.mktemp("lesson"), lambda done, total: None)


def test_a_taught_network_moves_the_eyes_as_it_was_taught_and_nothing_else(learnt: tuple[Lesson, Lesson],
                                                                           network: PartNetwork) -> None:
    assert float(misses(shared_eyes(), learnt[1]).mean()) == pytest.approx(2.0, abs=1e-4)
    assert float(misses(network, learnt[1]).mean()) < 0.7
    moved = np.concatenate(list(OwnLook(difference_of(network)).moved(PICTURES[LESSONS:], FACE[None])))[0] - FACE
    eyes = sorted({*EYE.points, *EYE.mirrored})
    others = np.setdiff1d(np.arange(478), eyes)
    np.testing.assert_allclose(moved[others], 0.0, atol=1e-9)
    px = part_square(FACE, EYE).side / EYE.size
    assert np.median(moved[list(EYE.points), 0]) == pytest.approx(2.0 * px, rel=0.35)
    assert np.median(moved[list(EYE.mirrored), 0]) == pytest.approx(-2.0 * px, rel=0.35)  # taught in a mirror


def test_a_lesson_that_was_cut_off_goes_on_to_the_same_end(learnt: tuple[Lesson, Lesson], tmp_path: Path,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_actor, "STEPS", 4 * EVERY)

    def stop(done: int, total: int) -> None:
        if done == 2 * EVERY:
            raise Cancelled

    whole = difference_of(taught(*learnt, tmp_path / "whole", lambda done, total: None))
    with pytest.raises(Cancelled):
        taught(*learnt, tmp_path / "cut", stop)
    checkpoint, = (tmp_path / "cut").iterdir()
    told: list[int] = []
    resumed = difference_of(taught(*learnt, tmp_path / "cut", lambda done, total: told.append(done)))
    assert told[0] == 3 * EVERY
    for name, values in whole.items():
        np.testing.assert_array_equal(resumed[name], values)
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    for name, values in difference_of(taught(*learnt, tmp_path / "cut", lambda done, total: None)).items():
        np.testing.assert_array_equal(values, whole[name])


def test_a_lesson_that_others_gain_nothing_from_stops_by_itself_and_teaches_nothing(learnt: tuple[Lesson, Lesson],
                                                                                    tmp_path: Path) -> None:
    """Labels of another face: what is held out does not come nearer."""
    learn, held = learnt
    with torch.inference_mode():
        against = Lesson(held.features, shared_eyes().answer(held.features)[0] - torch.tensor([0.5, 0.0]), held.counts)
    told: list[int] = []
    network = taught(learn, against, tmp_path, lambda done, total: told.append(done))
    assert told[-1] < 400
    assert all(not values.any() for values in difference_of(network).values())


def test_it_runs_in_onnxruntime_with_the_same_points(network: PartNetwork) -> None:
    network = own_eyes(difference_of(network))
    shown = RANDOM.uniform(0, 1, (4, 3, EYE.size, EYE.size)).astype(np.float32)
    with torch.inference_mode():
        points, sigma = network(torch.from_numpy(shown))
    in_onnx = OnnxNetwork(to_onnx(network), providers=("CPUExecutionProvider",))(shown)
    np.testing.assert_allclose(in_onnx[0], points.numpy(), atol=1e-3)
    np.testing.assert_allclose(in_onnx[1], sigma.numpy(), atol=1e-3)


def test_layers_of_another_network_are_refused() -> None:
    for bad in ({}, nothing() | {"nearby.bias": np.zeros(7, np.float16)}):
        with pytest.raises(DataError, match="does not fit"):
            own_eyes(bad)
