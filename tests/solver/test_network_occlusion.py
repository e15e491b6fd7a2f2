"""What is before a face: the network, in torch and in onnxruntime, its training, and the one that ships."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from app.detectors import landmarker_named
from app.models import model_named
from capture.errors import ModelError
from solver import network_file, train_data
from solver.network_hidden import occluded
from solver.network_mirror import MIRRORED, balanced
from solver.network_occlusion import CELL, SIZE, OcclusionNetwork, face_square
from solver.network_run import ready
from solver.train_common import Faces, follow, resumed
from solver.train_data_hands import draw_hand
from solver.train_data_props import hold_before
from solver.train_occlusion import Config, OcclusionExamples, logits, train
from tests.solver.test_network_parts import SIDE, dotted, face_points
from tests.solver.trainings import cut_off, history_in


@pytest.fixture(scope="module")
def faces() -> Faces:
    random = np.random.default_rng(2)
    true = np.stack([face_points(random) for _ in range(6)])
    jpegs = tuple(cv2.imencode(".jpg", dotted(one))[1].tobytes() for one in true)
    hidden = np.zeros((6, 478), bool)
    return Faces(jpegs[:4], true[:4], jpegs[4:], true[4:], {"seed": 2}, hidden[:4], hidden[4:])


def test_it_runs_in_onnxruntime_as_in_torch():
    torch.manual_seed(0)
    network = OcclusionNetwork().eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    pictures = np.random.default_rng(0).uniform(0, 1, (3, 3, SIZE, SIZE)).astype(np.float32)
    with torch.inference_mode():
        wanted = network(torch.from_numpy(pictures)).numpy()
    assert wanted.shape == (3, 1, SIZE // CELL, SIZE // CELL)
    np.testing.assert_allclose(ready(network)(pictures)[0], wanted, atol=1e-4)


def test_each_point_asks_the_cells_about_it():
    """A network that sees something in the picture's right half: points there are hidden, in batches as one by one."""
    points = np.stack([face_points(np.random.default_rng(seed)) for seed in range(3)])
    cells = np.where(np.arange(SIZE // CELL) >= SIZE // CELL // 2, 8.0, -8.0) * np.ones((SIZE // CELL, 1))

    def right_half(pictures: np.ndarray) -> list[np.ndarray]:
        return [np.tile(cells, (len(pictures), 1, 1, 1))]

    said = occluded(right_half, [dotted(one) for one in points], points)
    for face, own in zip(points, said, strict=True):
        square = face_square(face)
        right = face[:, 0] > square.centre[0] + square.side / 40
        left = face[:, 0] < square.centre[0] - square.side / 40
        assert (own[right] > 0.99).all()
        assert (own[left] < 0.01).all()
        grid = torch.from_numpy(cells[None, None].astype(np.float32))
        place = (face - np.array(square.centre) + square.side / 2) / square.side * SIZE
        assert np.allclose(torch.sigmoid(logits(grid, torch.from_numpy(place[None].astype(np.float32))))[0], own,
                           atol=1e-3)


def test_what_is_held_before_a_face_is_told_cell_by_cell():
    picture, points = np.full((SIDE, SIDE, 3), 90, np.uint8), face_points(np.random.default_rng(0))
    random = np.random.default_rng(5)
    for _ in range(8):
        shown, before = hold_before(picture, points, np.zeros((SIDE, SIDE), bool), 1.0, random)
        assert before.any()
        assert (shown != picture).any(axis=2)[before].mean() > 0.9
    _, before = hold_before(picture, points, np.zeros((SIDE, SIDE), bool), 0.0, random)
    assert not before.any()


def test_examples_know_what_is_new_before_the_face_and_what_was_there(faces):
    marked = faces.occluded.copy()
    marked[:, 13] = True
    data = OcclusionExamples((faces.jpegs, faces.points, marked), 0, 0, 12, 0.0)
    for picture, points, hidden, counts in (data[index] for index in range(12)):
        assert picture.shape == (3, SIZE, SIZE)
        assert torch.nonzero(hidden).flatten().tolist() == [13]
        assert counts.sum() > 400
        assert points.shape == (478, 2)
    busy = OcclusionExamples((faces.jpegs, faces.points, faces.occluded), 0, 0, 12, 1.0)
    assert sum(bool(busy[index][2].any()) for index in range(12)) > 8


def test_training_goes_on_where_it_stopped_and_what_it_learnt_can_be_shipped(faces, tmp_path):
    config = Config(tmp_path / "occlusion.npz", faces, steps=4, batch=2, every=2, warm_up=1, workers=0)
    cut_off(train, config, 2)
    train(config)
    assert [entry["step"] for entry in history_in(config.out, network_file.OCCLUSION)] == [2, 4]
    done = config.out.read_bytes()
    assert train(replace(config, steps=2)) == config.out  # fewer steps than were done
    assert config.out.read_bytes() == done
    whole = replace(config, out=tmp_path / "whole.npz")
    train(whole)
    halved, straight = (network_file.load_checkpoint(path, network_file.OCCLUSION)[1]["weights"]
                        for path in (config.out, whole.out))
    assert all(torch.allclose(value, halved[name], atol=1e-4) for name, value in straight.items())
    shipped = tmp_path / "shipped.npz"
    learnt = network_file.load_occlusion(config.out)
    network_file.save_parts({network_file.OCCLUSION_NAME: learnt}, {"step": 4}, shipped, network_file.OCCLUSION)
    picture = torch.rand(1, 3, SIZE, SIZE)
    with torch.inference_mode():
        assert torch.allclose(network_file.load_occlusion(shipped)(picture), learnt(picture), atol=0.2)
    with pytest.raises(ModelError, match="this mien runs 'occlusion-1'"):
        network_file.load_occlusion(network_file.shipped_parts())


def test_training_goes_on_on_another_device(faces, tmp_path):
    """The device `meta` holds no numbers, but mixes with the processor as little as a graphics card does."""
    config = Config(tmp_path / "occlusion.npz", faces, steps=1, batch=2, every=1, warm_up=1, workers=0)
    train(config)
    network = OcclusionNetwork().to("meta")
    names = dict(network.named_parameters())
    optimiser = torch.optim.AdamW(names.values())
    step, _, tables = resumed(config, names, optimiser, network_file.OCCLUSION)
    for parameter in names.values():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    follow(tables["weights"], network, 0.9, step + 1)
    assert all(value.is_meta for value in tables["weights"].values())


def test_the_one_that_ships_sees_a_hand_and_nothing_where_there_is_none():
    """Made faces that it never learnt from, without and with a hand of another's hue before the mouth or an eye."""
    model = model_named("mien")
    embedding = landmarker_named("mien").embedding(model)
    samples = train_data.gather(list(train_data.make(train_data.Recipe(12, 990, things=0.0), model, embedding)))
    points = train_data.true_points(samples, model, embedding)
    assert not train_data.occluded_points(samples, points).any()
    clear = [np.ascontiguousarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1])
             for jpeg in samples.jpegs]
    network, random = ready(network_file.load_occlusion(network_file.shipped_occlusion())), np.random.default_rng(0)
    hands, truly = [], np.zeros(points.shape[:2], bool)
    for row, picture in enumerate(clear):
        layer, share = picture.astype(np.float32), np.zeros(picture.shape, np.float32)
        draw_hand(layer, share, points[row, (14, 145)[row % 2]], np.array([150.0, 110.0, 90.0]), random)
        hands.append(np.where(share > 0.5, np.clip(layer, 0, 255), picture).astype(np.uint8))
        column, line = np.clip(points[row], 0, train_data.SIDE - 1).astype(int).T
        truly[row] = share[line, column, 0] > 0.5
    said, wrongly = occluded(network, hands, points) > 0.5, (occluded(network, clear, points) > 0.5).mean()
    precision, recall = ((said & truly).sum() / one.sum() for one in (said, truly))
    print(f"hidden points: precision {precision:.2f}, recall {recall:.2f}; without a hand {wrongly:.3f}")
    assert precision > 0.75
    assert recall > 0.6
    assert wrongly < 0.03


def test_a_hidden_half_is_put_where_the_other_one_has_it():
    points = face_points(np.random.default_rng(3))
    turn = np.array([[0.9, -0.3], [0.25, 0.7]])  # a head that is tilted and turned, seen from afar
    face = points @ turn.T + [40, 10]
    hidden = np.flatnonzero((points[:, 0] > points[:, 0].mean() + 2) & (points[:, 1] > 20))
    seen = np.ones(478, bool)
    seen[hidden] = False
    guessed = face.copy()
    guessed[hidden] += 9.0
    found = balanced(guessed[None], seen[None])[0]
    assert np.abs(found - face).max() < 1e-6
    seen[MIRRORED[hidden]] = False
    assert np.array_equal(balanced(guessed[None], seen[None])[0], guessed)  # no side shows it: the guess stays
