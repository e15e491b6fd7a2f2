"""Live curves when the numbers fail: the face is lost for a picture, and the person is looked for again."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from solver import live
from solver.live import PERSON_FRAMES, PERSON_SECONDS, LiveSolver
from solver.network_detector import Look
from tests.solver.test_solve import around, everywhere, made, seen_by


@dataclass
class Session:
    """A solver, and what it may look at."""

    solver: LiveSolver
    looks: list[Look]


@pytest.fixture
def session() -> Iterator[Session]:
    model, truth = made(frames=4, kept=30)
    embedding = everywhere(model)
    marks = seen_by(model, embedding, truth, around([0.0]), 0.2)
    solver = LiveSolver((640, 480), Fraction(30), model, embedding, None, "made")
    yield Session(solver, [Look(marks.xy[0, frame], marks.sigma[0, frame], marks.seen[0, frame]) for frame in range(4)])
    solver.close()


@pytest.mark.parametrize("points", ["one place", "nowhere", "two"])
def test_a_picture_that_no_face_fits_is_one_without_a_face(session: Session, points: str) -> None:
    good = session.looks[0]
    bad = {"one place": replace(good, points=np.full_like(good.points, 100.0)),
           "nowhere": replace(good, points=np.full_like(good.points, np.nan)),
           "two": replace(good, seen=np.arange(len(good.seen)) < 2)}[points]
    assert session.solver.next(good, 0.0) is not None
    assert session.solver.next(bad, 1 / 30) is None
    assert np.isfinite(session.solver.next(good, 2 / 30).weights).all()


def test_a_person_that_was_not_found_is_looked_for_again(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def fit(problem, *rest):
        tried.append(problem)
        if len(tried) == 1:
            raise torch.linalg.LinAlgError("not positive definite")
        return found(problem, *rest)

    found = live.fit
    monkeypatch.setattr(live, "fit", fit)
    for turn in range(2 * PERSON_FRAMES):
        assert not session.solver.person_known
        session.solver.next(session.looks[turn % 4], turn * 2 * PERSON_SECONDS)
        if turn % PERSON_FRAMES == PERSON_FRAMES - 1:
            session.solver.close()  # waits for what is being found
    assert len(tried) == 2
    assert session.solver.person_known


def test_a_camera_whose_clock_begins_again_is_still_got_to_know(session: Session) -> None:
    session.solver.next(session.looks[0], 600.0)
    session.solver.next(session.looks[1], 0.0)
    assert len(session.solver._kept) == 2
