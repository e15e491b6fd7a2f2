"""A board that moves before cameras that are not in step."""

import itertools
import tomllib
from dataclasses import replace

import cv2
import numpy as np
import pytest

from capture.board import OWN_BOARD, Corners, find
from capture.board_motion import FEWEST_CORNERS, in_rows, sliding
from capture.bundle import rms
from capture.calibrate import calibrate
from capture.camera import Camera, Rig, project
from capture.errors import RigError
from capture.video import frames, probe
from tests.capture.test_calibrate import BOARDS, SIZE, camera
from tests.material import shared

INVERTED = BOARDS[2]
POINTS = OWN_BOARD.points - OWN_BOARD.points.mean(axis=0)
LAG = {"camA": 0.0, "camB": 0.45, "camC": -0.3}
RIG = Rig((camera("camA", 0, 1100), camera("camB", 35, 900), camera("camC", -40, 1000)))


def waved(frame: float) -> np.ndarray:
    """The board's corners (N, 3) in the world as a hand carries it about, some 15 to 40 px a frame in the pictures."""
    tilt = np.radians([30 * np.sin(0.16 * frame), 28 * np.sin(0.12 * frame + 1), 20 * np.sin(0.14 * frame + 2)])
    place = np.array([0.22 * np.sin(0.11 * frame), 0.1 * np.sin(0.15 * frame + 1), 0.12 * np.sin(0.09 * frame + 2)])
    return POINTS @ (cv2.Rodrigues(tilt)[0] @ np.diag([1.0, -1.0, -1.0])).T + place


def film(frames: list[int], lag: dict[str, float], jitter: float = 0.08) -> dict:
    generator = np.random.default_rng(3)
    seen: dict = {name: [] for name in RIG.names}
    for frame in frames:
        for each in RIG.cameras:
            xy = project(each, waved(frame + lag[each.name] + jitter * generator.normal()))
            xy += generator.normal(0, 0.1, xy.shape)
            ids = np.flatnonzero(((xy > 0) & (xy < np.array(SIZE) - 1)).all(axis=1))
            seen[each.name].append(Corners(ids, xy[ids]) if len(ids) >= 6 else None)
    return seen


def baselines(rig: Rig, other: Rig) -> tuple[list[float], list[float]]:
    """How two rigs differ in each pair of cameras: lengths as a share, and degrees between them."""
    lengths, turns = [], []
    for pair in itertools.combinations(range(len(rig.cameras)), 2):
        mine, theirs = ([each.cameras[index] for index in pair] for each in (rig, other))
        length, true = (np.linalg.norm(a.centre - b.centre) for a, b in (mine, theirs))
        lengths.append(abs(length / true - 1))
        turn = [b.rotation @ a.rotation.T for a, b in (mine, theirs)]
        turns.append(np.degrees(np.linalg.norm(cv2.Rodrigues(turn[0] @ turn[1].T)[0])))
    return lengths, turns


def apart(rig: Rig) -> tuple[float, float]:
    """Largest error of a baseline, as a share, and of an angle between two cameras, degrees."""
    lengths, turns = baselines(rig, RIG)
    return max(lengths), max(turns)


def lenses() -> dict:
    return {each.name: each for each in RIG.cameras}


def calibrated(seen: dict, **more):
    return calibrate(OWN_BOARD, seen, dict.fromkeys(RIG.names, SIZE), lenses(), **more)


def test_each_picture_in_its_own_time():
    """Lags of 0.45 and -0.3 frames and 0.08 of jitter: the rig is as right as if all had been in step."""
    result = calibrated(film(list(range(60)), LAG))
    length, turn = apart(result.rig)
    assert length < 0.002
    assert turn < 0.08
    assert all(report.error_px < 0.25 for report in result.cameras)
    said = [warning for warning in result.warnings if "out of step" in warning]
    assert len(said) == 1
    numbers = said[0].replace(",", " ").replace(";", " ").split()
    assert float(numbers[numbers.index("camB") + 1]) == pytest.approx(0.45, abs=0.03)
    assert float(numbers[numbers.index("camC") + 1]) == pytest.approx(-0.3, abs=0.03)
    # The stated uncertainties hold, and are those of a rig whose pictures had to tell their time too.
    for report, mine, right in zip(result.cameras, result.rig.cameras, RIG.cameras, strict=True):
        first = [rig.cameras[0] for rig in (result.rig, RIG)]
        places = [base.rotation @ (one.centre - base.centre) for one, base in zip((mine, right), first, strict=True)]
        assert np.linalg.norm(places[0] - places[1]) <= 4 * np.linalg.norm(report.position_sigma) + 1e-9


def test_neighbours_are_asked_for_where_moments_are_far_apart():
    """Every third frame is looked at. What lies between is asked for; without it the rig is worse, and that is said."""
    everything = film(list(range(90)), LAG)
    seen = {name: row[::3] for name, row in everything.items()}
    asked = []

    def around(name, moments):
        asked.append(name)
        row = [None, *everything[name], None]
        return [(row[3 * moment], row[3 * moment + 2]) for moment in moments]

    length, turn = apart(calibrated(seen, around=around).rig)
    assert length < 0.004
    assert turn < 0.1
    assert asked == list(RIG.names)
    result = calibrated(seen, around=lambda name, moments: [(None, None)] * len(moments))
    assert apart(result.rig)[0] > 3 * length
    assert any("hold the board still" in warning for warning in result.warnings)


def test_cameras_in_step_are_not_given_times():
    result = calibrated(film(list(range(60)), dict.fromkeys(LAG, 0.0), 0.0))
    assert not any("step" in warning for warning in result.warnings)
    assert apart(result.rig)[0] < 0.002


def test_a_slide_tells_where_corners_were_before():
    """Speed and its change, of the corners alone that a picture shares with both neighbours."""
    seen = film([9, 10, 11], dict.fromkeys(LAG, 0.0), 0.0)
    row = seen["camA"]
    row[0] = Corners(row[0].ids[2:], row[0].xy[2:])
    view, = sliding({"camA": row}, [1], in_rows({"camA": row}))
    assert (view.camera, view.moment) == (0, 0)
    assert view.corners.ids.tolist() == row[0].ids.tolist()
    speed, change = view.slide
    back = view.corners.xy - 0.5 * (speed - 0.25 * change)
    expected = project(RIG["camA"], waved(9.5))[view.corners.ids]
    assert rms([back - expected]) < 0.35  # corners' noise of 0.1 px an axis in three pictures
    few = [Corners(one.ids[-FEWEST_CORNERS + 1:], one.xy[-FEWEST_CORNERS + 1:]) for one in row]
    for other in (few, [None, *row[1:]]):
        assert not sliding({"camA": other}, [1], in_rows({"camA": other}))
    assert not sliding({"camA": row}, [0, 2], in_rows({"camA": row}))


def test_a_camera_far_out_of_step_is_not_explained_away():
    """Three frames late is another fault, which has its own words."""
    with pytest.raises(RigError, match="camB runs 3 moments"):
        calibrated(film(list(range(40)), {**dict.fromkeys(LAG, 0.0), "camB": 3.0}))


def test_lag_beside_a_wrong_lens():
    """A lens that is off by 3 % is not mistaken for lateness: the error stays and is told."""
    wrong = {name: replace(each, matrix=each.matrix * [[1.03, 1, 1], [1, 1.03, 1], [1, 1, 1]])
             for name, each in lenses().items()}
    result = calibrate(OWN_BOARD, film(list(range(60)), dict.fromkeys(LAG, 0.0), 0.0), dict.fromkeys(RIG.names, SIZE),
                       wrong)
    assert not any("out of step" in warning for warning in result.warnings)


@pytest.mark.parametrize(("folder", "first", "counts"), [("charuco_calibration", 60, (46, 28, 43, 45)),
                                                         ("post_optimization", 0, (57, 48, 51, 41))])
def test_real_webcams_with_an_inverted_board(folder, first, counts):
    """Hand-held before four webcams, six pictures a second, stored as if those of one number were of one moment.

    `counts` are the frames in which caliscope's own result has more corners than one line of the board. Lenses are
    those that caliscope had found elsewhere.

    They were not of one moment: in both clips, filmed apart, cam_1 shows the board 0.6 frames (0.1 s) earlier than the
    others, and single pictures scatter by 0.15 frames. With that allowed for, corners are explained to 0.22 to 0.34 px;
    as if in step to 1.2 and 1.4 px, by the stored rig to 1.2 and 1.4 px too. Rigs from the two halves of the second
    clip agree within 1.2 % in all baselines and 0.3 degrees; as if in step they differ by 7 % and 3 degrees. The stored
    rigs, made as if in step, lie up to 1.8 % and 1.9 degrees, and 4.4 % and 1.5 degrees, from these: they are no truth
    to that degree, and nothing here compares with them more closely.
    """
    root = shared("multicam", "caliscope", folder)
    stored = tomllib.loads((root / "camera_array.toml").read_text())["cameras"]
    rig = Rig(tuple(Camera(f"cam_{key}", tuple(entry["size"]), np.array(entry["matrix"]), "pinhole",
                           tuple(entry["distortions"]), np.array(entry["rotation"]), np.array(entry["translation"]))
                    for key, entry in sorted(stored.items())))
    sizes = {each.name: each.size for each in rig.cameras}
    seen = {}
    for name in rig.names:
        clip = probe(root / "calibration" / "extrinsic" / f"{name}.mp4")
        seen[name] = [find(INVERTED, cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY)) for frame in frames(clip, first)]
    assert all(sum(corners is not None for corners in seen[name]) >= count
               for name, count in zip(rig.names, counts, strict=True))
    lenses = {each.name: each for each in rig.cameras}
    result = calibrate(INVERTED, seen, sizes, lenses)
    assert all(report.error_px < 0.36 for report in result.cameras)
    said, = (warning for warning in result.warnings if "out of step" in warning)
    assert -0.7 < float(said.split("cam_1 ")[1].split(",")[0]) < -0.5
    lengths, turns = baselines(result.rig, rig)
    assert max(lengths) < 0.05
    assert max(turns) < 2.0
    if not first:
        half = len(seen["cam_0"]) // 2
        rigs = [calibrate(INVERTED, {name: row[part] for name, row in seen.items()}, sizes, lenses).rig
                for part in (slice(half), slice(half, None))]
        lengths, turns = baselines(*rigs)
        assert max(lengths) < 0.013
        assert max(turns) < 0.4
