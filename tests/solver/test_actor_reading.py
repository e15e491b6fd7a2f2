"""An actor's own reading: what corrected frames say of others, and nothing where they say nothing that holds."""

from dataclasses import replace

import numpy as np
import pytest

from solver.actor_reading import UNSURE, Said, own_answer
from solver.landmarks import Landmarks
from solver.network_file import SCHEME
from solver.reading_network import Reader, load_reader, shipped_reader

NAMES = ("jawOpen", "mouthSmileLeft", "browInnerUp")


@pytest.fixture(scope="module")
def reader() -> Reader:
    return load_reader(shipped_reader())


@pytest.fixture(scope="module")
def faces() -> Landmarks:
    """Two cameras, 40 frames of a face made of points whose lower half goes up and down."""
    random = np.random.default_rng(4)
    face = random.uniform(100, 300, (478, 2))
    low = np.clip((face[:, 1] - 200) / 100, 0, 1)
    drop = 30 * np.sin(np.arange(40) / 5)
    xy = np.stack([face + side + np.stack([np.zeros(478), low], 1) * drop[:, None, None] for side in (0.0, 12.0)])
    return Landmarks(("a", "b"), SCHEME, xy + random.normal(0, 0.3, xy.shape), np.ones(xy.shape[:3]),
                     np.ones(xy.shape[:3], bool))


def cut(faces: Landmarks, part: slice) -> Landmarks:
    return Landmarks(faces.cameras, faces.scheme, faces.xy[:, part], faces.sigma[:, part], faces.seen[:, part])


def said(reader: Reader, faces: Landmarks, error: np.ndarray, known: np.ndarray | None = None) -> Said:
    """What is right where the network is wrong by `error`, (T, 3) of NAMES."""
    read = reader.looked(faces).weights.mean(axis=0)[:, [reader.names.index(name) for name in NAMES]]
    return Said(faces, NAMES, read + error, np.ones(error.shape, bool) if known is None else known)


def test_an_error_that_all_corrected_frames_have_gets_less_in_others(reader: Reader, faces: Landmarks) -> None:
    person, first, last = reader.person(faces), cut(faces, slice(0, 24)), cut(faces, slice(24, 40))
    answer = own_answer(reader, person, [said(reader, first, np.tile([0.2, 0.0, -0.1], (24, 1)))])
    seen = reader.looked(last, person)
    change = (seen.features @ answer.weight.T + answer.bias).mean(axis=(0, 1))
    of = dict(zip(reader.names, change, strict=True))
    assert 0.05 < of["jawOpen"] < 0.2  # 48 pictures that look alike say no more than some
    assert -0.1 < of["browInnerUp"] < -0.025
    assert abs(of["mouthSmileLeft"]) < 0.02
    assert max(abs(value) for name, value in of.items() if name not in NAMES) == 0.0
    plain, own = reader.read(last, person), reader.read(last, replace(person, own=answer))
    jaw = reader.names.index("jawOpen")
    assert (own.weights[:, jaw] - plain.weights[:, jaw]).mean() > 0.02  # no more than 0..1 lets it
    np.testing.assert_allclose(own.sigma[:, jaw], answer.unsure[jaw] * plain.sigma[:, jaw])


def test_what_is_missed_in_frames_held_out_says_how_sure_to_be(reader: Reader, faces: Landmarks) -> None:
    person, jaw = reader.person(faces), reader.names.index("jawOpen")
    sigma = float(reader.looked(faces, person).sigma[..., jaw].mean())
    flips = np.where(np.arange(40) % 2, 1.0, -1.0)
    for size, wanted in ((0.2, UNSURE[0]), (6.0, UNSURE[1])):
        errors = np.zeros((40, 3))
        errors[:, 0] = sigma * (size + size / 2 * flips)  # the mean is learnt, the rest is missed
        assert own_answer(reader, person, [said(reader, faces, errors)]).unsure[jaw] == pytest.approx(wanted, abs=0.05)


def test_errors_that_say_nothing_of_other_frames_teach_nothing(reader: Reader, faces: Landmarks) -> None:
    """Each quarter is wrong in the opposite way of the one before."""
    turns = np.repeat([1.0, -1.0, 1.0, -1.0], 10)[:, None] * [0.2, 0.2, 0.2]
    assert own_answer(reader, reader.person(faces), [said(reader, faces, turns)]) is None


def test_of_what_nobody_said_nothing_is_learnt(reader: Reader, faces: Landmarks) -> None:
    known = np.zeros((40, 3), bool)
    assert own_answer(reader, reader.person(faces), [said(reader, faces, np.full((40, 3), 0.2), known)]) is None
    known[::5, 0] = True
    answer = own_answer(reader, reader.person(faces), [said(reader, faces, np.full((40, 3), 0.2), known)])
    assert set(np.flatnonzero(np.abs(answer.weight).max(axis=1))) == {reader.names.index("jawOpen")}
    assert own_answer(reader, reader.person(faces), []) is None
