"""A face that a person says is at rest: the solve takes their word, and every other frame stands on it."""

from dataclasses import replace

import numpy as np
import pytest

from capture.errors import FaceError
from solver import fit
from solver.neutral import at_rest, rest_frame
from solver.performance import Performance
from solver.problem import Problem
from solver.reading import Reading
from solver.solve import problem_of, solve_take
from tests.solver.test_solve import FACTS, around, everywhere, made, seen_by

REST = 7
ERRS = "eyeSquintLeft"


def resting(frames: int = 12) -> tuple:
    model, truth = made(frames)
    weights = truth.weights.copy()
    weights[REST] = 0.0
    return model, replace(truth, weights=weights)


def solved(neutral: int | None, wrong: float = 0.3) -> tuple[Performance, Performance]:
    """The truth, and what is found where the reading sees too much of one shape in every face."""
    model, truth = resting()
    rig = around([0, 30])
    column = model.shape_names.index(ERRS)
    read = Reading((ERRS,), truth.weights[:, [column]] + wrong, np.full((truth.frames, 1), 0.01))
    found, _ = solve_take(seen_by(model, everywhere(model), truth, rig, 0.5), rig, False, model, everywhere(model),
                          FACTS, lambda done, total: None, reading=read, neutral=neutral)
    return truth, found


def test_the_named_frame_is_at_rest_whatever_was_read() -> None:
    truth, found = solved(REST, 0.0)
    named = found.weights[REST]
    looks = np.array([name.startswith("eyeLook") for name in found.shape_names])
    assert named[~looks].max() < 0.05
    assert (found.weights - truth.weights).std() < 0.12


def test_it_wins_against_a_reader_that_errs() -> None:
    without, told = (solved(neutral, 0.3)[1] for neutral in (None, REST))
    column = told.shape_names.index(ERRS)
    assert without.weights[REST, column] > 0.15
    assert told.weights[REST, column] < 0.5 * without.weights[REST, column]


def test_a_long_take_keeps_it_among_the_frames_that_the_person_is_known_by() -> None:
    model, truth = made(2)
    frames = 2 * fit.SOME_FRAMES
    seen = seen_by(model, everywhere(model), truth, around([0]), 0.5)
    xy, sigma, found = (np.repeat(table, frames // 2, axis=1) for table in (seen.xy, seen.sigma, seen.seen))
    problem, _ = problem_of(replace(seen, xy=xy, sigma=sigma, seen=found), around([0]), False, model, everywhere(model),
                            FACTS.frame_rate, np.arange(frames))
    spread = fit._chosen_frames(problem, fit.STAGES[0])
    assert len(spread) == fit.SOME_FRAMES
    missing = next(frame for frame in range(frames) if frame not in spread)
    told = at_rest(problem, missing, model.shape_names)
    free = [name for name, precision in zip(model.shape_names, told.pins.precision[missing].tolist(), strict=True)
            if precision == 0]
    assert set(free) == {name for name in model.shape_names if name.startswith("eyeLook")}
    assert free
    chosen = fit._chosen_frames(told, fit.STAGES[0])
    part: Problem = fit._part(told, chosen)
    assert missing in chosen
    assert part.pins.precision.any(dim=1).nonzero().flatten().tolist() == [chosen.tolist().index(missing)]
    assert len(part.pins.weights) == len(part.gap) + 1 == part.observed.shape[1]


def test_a_frame_without_a_face_cannot_be_it() -> None:
    model, truth = resting()
    landmarks = seen_by(model, everywhere(model), truth, around([0]), 0.5)
    seen = landmarks.seen.copy()
    seen[:, REST] = False
    with pytest.raises(FaceError, match="no camera saw a face in frame 7, which was named"):
        solve_take(replace(landmarks, seen=seen), around([0]), False, model, everywhere(model), FACTS,
                   lambda done, total: None, neutral=REST)


def test_the_stillest_and_most_central_frame() -> None:
    _, truth = resting()
    assert rest_frame(truth) == REST
    looks = np.array([name.startswith("eyeLook") for name in truth.shape_names])
    aside = replace(truth, weights=np.where(looks & (np.arange(12) == REST)[:, None], 1.0, truth.weights))
    assert rest_frame(aside) == REST, "an actor at rest looks anywhere"
    assert rest_frame(replace(truth, seen=np.where(np.arange(12) == REST, 0.0, 1.0))) != REST
