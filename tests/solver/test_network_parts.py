"""The second look: squares, mirrors and means; training it; what its files refuse."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from capture.errors import MienError, ModelError
from solver import network_file
from solver.crop import apply, crop_from_picture, crops
from solver.network_mirror import MIRRORED
from solver.network_parts import EYE, FACE, MOUTH, PARTS, PartNetwork, part_square
from solver.network_second import SecondLook, merged
from solver.train_common import Faces, in_shares, rate_at
from solver.train_parts import Config, PartExamples, finished, part_example, point_weights, train
from tests.solver.trainings import cut_off, history_in

SIDE = 160


def face_points(random: np.random.Generator) -> np.ndarray:
    """(478, 2) px: a made face whose two sides mirror each other, about the middle of a picture."""
    points = random.normal(0, [22, 28], (478, 2))
    points[33], points[10], points[152] = (-30, -15), (0, -50), (0, 50)
    for part in (EYE, MOUTH):  # each where it belongs, so that squares differ
        points[list(part.points)] = random.normal((-18, -15) if part is EYE else (0, 28), 5, (len(part.points), 2))
    points[[33, 10, 152]] = (-30, -15), (0, -50), (0, 50)
    middle = np.flatnonzero(np.arange(478) == MIRRORED)
    points[middle, 0] = 0
    left = np.arange(478) < MIRRORED
    points[MIRRORED[left]] = points[left] * [-1, 1]
    return points + (SIDE - 1) / 2


def dotted(points: np.ndarray) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8 with a bright spot on each point."""
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    for x, y in points.round().astype(int):
        picture[max(y, 0):y + 1, max(x, 0):x + 1] = 255
    return picture


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return face_points(np.random.default_rng(1))


@pytest.fixture(scope="module")
def faces() -> Faces:
    import cv2

    random = np.random.default_rng(2)
    true = np.stack([face_points(random) for _ in range(6)])
    jpegs = tuple(cv2.imencode(".jpg", dotted(one))[1].tobytes() for one in true)
    return Faces(jpegs[:4], true[:4], jpegs[4:], true[4:], {"seed": 2})


def test_each_point_of_the_face_is_in_a_part_and_sides_are_whole():
    assert len(set(EYE.points)) == 76
    assert not set(EYE.points) & set(EYE.mirrored)
    assert set(MOUTH.mirrored) == set(MOUTH.points)
    assert sorted({*EYE.points, *EYE.mirrored, *MOUTH.points, *FACE.points}) == list(range(478))
    assert not set(FACE.points) & {*EYE.points, *EYE.mirrored, *MOUTH.points}
    assert set(FACE.mirrored) == set(FACE.points)
    assert {13, 14, 61, 291} <= set(MOUTH.points)
    assert {33, 133, 159, 145, 70, 468} <= set(EYE.points)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_parts_square_holds_its_points_and_turns_with_the_face(part, points):
    square = part_square(points, part)
    inside = apply(crop_from_picture(square, part.size), points[list(part.points)])
    assert inside.min() > 0
    assert inside.max() < part.size
    assert np.ptp(inside, axis=0).max() == pytest.approx(part.size / part.margin, rel=1e-6)
    turn = np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    turned = part_square(points @ turn.T, part)
    assert turned.angle - square.angle == pytest.approx(0.4)
    assert turned.side == pytest.approx(square.side)


def test_the_left_eye_in_a_mirror_is_a_right_eye(points):
    picture = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    both = np.minimum(picture, picture[:, ::-1])  # symmetric, as the points are
    right = part_example(both, points, EYE, False, np.random.default_rng(0), 0.0)
    left = part_example(both, points, EYE, True, np.random.default_rng(0), 0.0)
    assert np.allclose(right[1], left[1], atol=1e-6)
    assert np.abs(right[0].astype(int) - left[0]).max() <= 1


class Told(torch.nn.Module):
    """Stands in for a trained network: whatever it sees, it answers with what it was given."""

    def __init__(self, points: np.ndarray, sigma: float) -> None:
        super().__init__()
        self.points, self.sigma = torch.from_numpy(points.astype(np.float32)), sigma

    def forward(self, picture):
        many = len(picture)
        return self.points.expand(many, -1, -1), torch.full((many, len(self.points)), self.sigma)


def test_what_the_parts_say_lands_where_it_was_seen(points):
    """Networks that answer the truth in their own crops give the truth back in the picture, on both sides."""
    look = {part.name: Told(part_example(dotted(points), points, part, False, np.random.default_rng(0), 0.0)[1], 1e-3)
            for part in (EYE, MOUTH)}
    rough = points + np.random.default_rng(3).normal(0, 2, points.shape)
    refined, sigma = SecondLook(look).refine([dotted(points)], points[None], rough[None], np.full((1, 478), 2.0))
    known = [*EYE.points, *EYE.mirrored, *MOUTH.points]
    assert np.abs(refined[0, known] - points[known]).max() < 0.01
    assert sigma[0, known].max() < 0.01
    others = np.setdiff1d(np.arange(478), known)
    assert np.array_equal(refined[0, others], rough[others])
    assert np.allclose(sigma[0, others], 2.0)


def test_without_networks_nothing_changes(points):
    refined, sigma = SecondLook({}).refine([dotted(points)], points[None], points[None], np.ones((1, 478)))
    assert np.array_equal(refined[0], points)
    assert (sigma == 1).all()


def test_looks_count_by_how_sure_they_are():
    points = np.array([[[[0.0, 0.0]]], [[[10.0, 0.0]]]])  # two looks, one frame, one point
    mean, sigma = merged(points, np.array([[[1.0]], [[3.0]]]))
    assert mean[0, 0, 0] == pytest.approx(1.0)
    assert 1.0 < sigma[0, 0] < 3.0
    mean, sigma = merged(points, np.array([[[1.0]], [[np.inf]]]))
    assert mean[0, 0, 0] == 0
    assert sigma[0, 0] == pytest.approx(1.0)


def plan(faces: Faces, folder, **settings) -> Config:
    return Config(folder / "parts.npz", faces, **{"steps": 4, "batch": 2, "every": 2, "warm_up": 1, "workers": 0,
                                                  "parts": ("eye", "mouth"), **settings})


def test_training_goes_on_where_it_stopped_and_ships_what_it_learnt(faces, tmp_path):
    config = plan(faces, tmp_path)
    cut_off(train, config, 2)
    assert [entry["step"] for entry in history_in(config.out, network_file.PARTS)] == [2]
    train(config)
    history = history_in(config.out, network_file.PARTS)
    assert [entry["step"] for entry in history] == [2, 4]
    assert {"eye", "mouth"} < set(history[1])
    assert train(replace(config, steps=2)) == config.out  # fewer than were done
    assert history_in(config.out, network_file.PARTS) == history
    whole = replace(config, out=tmp_path / "whole.npz")
    train(whole)
    halved, straight = (network_file.load_checkpoint(path, network_file.PARTS)[1]["weights"]
                        for path in (config.out, whole.out))
    assert all(torch.allclose(value, halved[name], atol=1e-4) for name, value in straight.items())

    ready = finished(config)
    network_file.save_parts(ready, {"recipe": config.faces.recipe}, tmp_path / "small.npz")
    back = network_file.load_parts(tmp_path / "small.npz")
    assert set(back) == {"eye", "mouth"}
    picture = torch.rand(2, 3, EYE.size, EYE.size)
    with torch.inference_mode():
        for got, wanted in zip(back["eye"](picture), ready["eye"](picture), strict=True):
            assert torch.allclose(got, wanted, atol=0.05)


def test_a_training_may_begin_with_finished_weights(faces, tmp_path):
    """Layers that the file has are taken over; a network that it lacks begins as it would without."""
    eye = PartNetwork(EYE)
    torch.nn.init.normal_(eye.out.bias, std=0.1)
    network_file.save_parts({"eye": eye}, {}, tmp_path / "eye.npz")
    config = plan(faces, tmp_path, steps=1, every=1, rate=0.0, begin=tmp_path / "eye.npz")
    begun = network_file.load_parts(train(config))
    assert torch.allclose(begun["eye"].out.bias, eye.out.bias, atol=1e-3)
    step = eye.wide.weight.abs().amax(1, keepdim=True) / 127
    assert ((begun["eye"].wide.weight - eye.wide.weight).abs() <= step / 2 + 1e-6).all()
    assert (begun["mouth"].out.bias == 0).all()


def test_sigmas_are_stretched_to_hold_their_share(faces, tmp_path):
    """A network that has learnt nothing but says that it is sure is corrected on the held-out faces."""
    config = plan(faces, tmp_path, parts=("mouth",), rate=0.0)
    train(config)
    data = PartExamples(faces.held_jpegs, faces.held_points, (MOUTH,), 2, 0, 2)
    pictures = torch.cat([data[index][0][0] for index in range(2)]).float() / 255
    true = torch.cat([data[index][0][1] for index in range(2)])
    with torch.inference_mode():
        points, sigma = finished(config)["mouth"](pictures)
    assert float(((points - true).abs() < sigma[..., None]).float().mean()) == pytest.approx(0.683, abs=0.02)


def test_a_file_of_another_kind_is_refused(faces, tmp_path):
    network_file.save_parts({"eye": PartNetwork(EYE)}, {}, tmp_path / "eye.npz")
    with pytest.raises(ModelError, match="and this mien runs 'attention-mesh-sigma-1'"):
        network_file.load_trained(tmp_path / "eye.npz")
    with np.load(tmp_path / "eye.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    about = bytes(arrays["about"]).replace(b'"version": 1', b'"version": 2')
    np.savez(tmp_path / "newer.npz", **arrays | {"about": np.frombuffer(about, np.uint8)})
    with pytest.raises(ModelError, match="'parts-2' of version 2, and this mien runs 'parts-2' of version 1"):
        network_file.load_parts(tmp_path / "newer.npz")
    with pytest.raises(ModelError, match="and this mien runs 'attention-mesh-sigma-1'"):
        network_file.load_checkpoint(tmp_path / "eye.npz")
    arrays["eye.out.bias"] = arrays["eye.out.bias"][:-1]
    np.savez(tmp_path / "short.npz", **arrays)
    with pytest.raises(ModelError, match=r"eye\.out\.bias is missing or wrong"):
        network_file.load_parts(tmp_path / "short.npz")
    scale = next(name for name in arrays if name.endswith("/scale"))
    np.savez(tmp_path / "scaled.npz", **{**arrays, scale: np.repeat(arrays[scale], 2, axis=0)})
    with pytest.raises(ModelError, match="is not that of its rows"):
        network_file.load_parts(tmp_path / "scaled.npz")
    with pytest.raises(ModelError, match="cannot be trained on"):
        train(replace(plan(faces, tmp_path), out=tmp_path / "eye.npz"))


def test_batches_halve_when_memory_runs_out_and_say_so():
    learnt, told = [], []

    def learn(part: slice, of_all: float) -> None:
        if part.stop - part.start > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        learnt.append((part.start, part.stop, of_all))

    assert in_shares(learn, learnt.clear, 8, 8, told.append) == 2
    assert learnt == [(0, 2, 0.25), (2, 4, 0.25), (4, 6, 0.25), (6, 8, 0.25)]
    assert told == ["memory ran out: going on with 4 examples at a time, to the same end",
                    "memory ran out: going on with 2 examples at a time, to the same end"]

    def never(part: slice, of_all: float) -> None:
        raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes")

    with pytest.raises(MienError, match="too small for a single example"):
        in_shares(never, learnt.clear, 2, 2, told.append)

    def broken(part: slice, of_all: float) -> None:
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        in_shares(broken, learnt.clear, 2, 2, told.append)


def test_the_rate_warms_up_and_fades():
    rates = [rate_at(step, 1.0, 10, 100, 0.01) for step in range(1, 101)]
    assert rates[0] == pytest.approx(0.1, rel=0.01)
    assert max(rates) == rates[9]
    assert rates[-1] == pytest.approx(0.01)
    assert (np.diff(rates[9:]) < 0).all()


def test_lids_lips_and_irises_count_more():
    assert float(point_weights(FACE).std()) == 0
    for part, fine, coarse in ((EYE, 159, 70), (MOUTH, 13, 42)):
        weights = point_weights(part)
        assert float(weights.mean()) == pytest.approx(1)
        assert weights[part.points.index(fine)] > weights[part.points.index(coarse)]


def test_crops_of_parts_are_as_fine_as_the_picture():
    """A 330 px face shows its eyes at about one px per px."""
    points = face_points(np.random.default_rng(1)) * 3.3
    assert part_square(points, EYE).side / EYE.size < 1.6
    assert crops([np.zeros((528, 528, 3), np.uint8)], [part_square(points, EYE)], EYE.size).shape == (1, 112, 112, 3)
