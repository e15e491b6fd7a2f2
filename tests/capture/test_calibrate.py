import json
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest

from capture import board_clips
from capture.board import OWN_BOARD, Board, Corners, draw, find, load_board, recognise
from capture.board_clips import calibrate_shoot
from capture.bundle import Guess, Problem, View, _Layout, covariances, refine
from capture.calibrate import calibrate
from capture.camera import Camera, Rig, load_rig, project, save_rig
from capture.certainty import save_certainty
from capture.coverage_picture import EMPTY, save_coverage
from capture.errors import ClipError, DataError, RigError
from capture.lens import LADDER, pose
from capture.match import align
from capture.shoot import open_shoot
from tests.clips import numbered, write_clip
from tests.material import shared

SIZE = (1280, 720)


def camera(name: str, yaw: float, focal: float = 1100.0, distortion: tuple = (0.0,) * 5,
           centre: tuple = (639.5, 359.5)) -> Camera:
    """A camera one metre from the origin, turned about it."""
    turn = cv2.Rodrigues(np.array([0.0, np.radians(yaw), 0.0]))[0] @ np.diag([1.0, -1.0, -1.0])
    matrix = np.array([[focal, 0, centre[0]], [0, focal, centre[1]], [0, 0, 1]])
    return Camera(name, SIZE, matrix, "pinhole", distortion, turn, np.array([0.0, 0.0, 1.0]))


def film(rig: Rig, board: Board, moments: int, noise: float = 0.1, tilt: float = 35.0, seed: int = 5,
         reach: float = 0.3) -> dict:
    """What the cameras see of a board that is waved about the origin, in px with noise; corners outside are lost."""
    generator = np.random.default_rng(seed)
    points = board.points - board.points.mean(axis=0)
    seen: dict = {name: [] for name in rig.names}
    for _ in range(moments):
        turn = cv2.Rodrigues(np.radians(generator.uniform(-tilt, tilt, 3)))[0] @ np.diag([1.0, -1.0, -1.0])
        in_world = points @ turn.T + generator.uniform(-reach, reach, 3)
        for each in rig.cameras:
            xy = project(each, in_world) + generator.normal(0, noise, (len(points), 2))
            ids = np.flatnonzero(((xy > 0) & (xy < np.array(each.size) - 1)).all(axis=1))
            seen[each.name].append(Corners(ids, xy[ids]) if len(ids) >= 6 else None)
    return seen


def differences(found: Rig, truth: Rig) -> list[tuple[float, float, float]]:
    """For each camera the focal length's error as a share, and degrees and metres of its pose relative to the first."""
    rows = []
    for mine, right in zip(found.cameras, truth.cameras, strict=True):
        turns, places = [], []
        for one, first in ((mine, found.cameras[0]), (right, truth.cameras[0])):
            turns.append(one.rotation @ first.rotation.T)
            places.append(first.rotation @ (one.centre - first.centre))
        angle = np.degrees(np.linalg.norm(cv2.Rodrigues(turns[0] @ turns[1].T)[0]))
        rows.append((mine.matrix[0, 0] / right.matrix[0, 0] - 1, angle, float(np.linalg.norm(places[0] - places[1]))))
    return rows


def sizes(rig: Rig) -> dict:
    return {each.name: each.size for each in rig.cameras}


def test_derivatives_are_those_of_the_function():
    rig = Rig((camera("a", 0, distortion=(-0.2, 0.05, 0.001, -0.001, 0.01)), camera("b", 30)))
    seen = film(rig, OWN_BOARD, 3, reach=0.05)
    views = tuple(View(index, moment, seen[name][moment]) for index, name in enumerate("ab") for moment in range(3))
    lens = np.array([1100, 1100, 640, 360, -0.2, 0.05, 0.001, -0.001, 0.01, 0, 0, 0.0])
    generator = np.random.default_rng(1)
    boards = generator.normal(0, 0.1, (3, 6)) + np.array([0.3, -0.2, 0.1, 0, 0, 1])
    cameras = np.array([np.zeros(6), [0.1, 0.5, -0.1, 0.2, 0.1, 0.3]])
    slide = generator.normal(0, 5, (2, len(views[4].corners.ids), 2))
    views = (*views[:4], replace(views[4], slide=slide), views[5])
    problem = Problem(OWN_BOARD.points, views, (LADDER[-1], LADDER[1]))
    layout = _Layout(problem, Guess(np.array([lens] * 2), cameras, boards, np.full(len(views), 0.3)))
    _, exact = layout.compute(np.zeros(layout.size))
    steps = 1e-6 * np.eye(layout.size)
    numeric = np.stack([(layout.compute(step)[0] - layout.compute(-step)[0]) / 2e-6 for step in steps], axis=1)
    np.testing.assert_allclose(exact.toarray(), numeric, atol=1e-4, rtol=1e-5)


def test_made_cameras_are_found_again():
    """Noise of 0.1 px: the errors stay within four times the standard deviations that the calibration states."""
    truth = Rig((camera("camA", 0), camera("camB", 35, 900, (-0.25, 0.08, 0, 0, 0), (652.0, 351.0)),
                 camera("camC", -40, 1300)))
    result = calibrate(OWN_BOARD, film(truth, OWN_BOARD, 45), sizes(truth))
    for (focal, angle, metres), report in zip(differences(result.rig, truth), result.cameras, strict=True):
        assert abs(focal) < 4 * report.focal_sigma < 0.01
        assert metres < 4 * np.linalg.norm(report.position_sigma) + 1e-9
        assert angle < 0.1
        assert 0.1 < report.error_px < 0.17  # 0.1 px on each axis
    assert result.cameras[1].terms > result.cameras[0].terms
    assert result.rig["camB"].distortion[0] == pytest.approx(-0.25, abs=0.01)
    first = result.rig.cameras[0]
    np.testing.assert_allclose(first.rotation, np.diag([1, -1, -1]), atol=1e-12)
    np.testing.assert_allclose(first.centre, 0, atol=1e-12)


def test_covariances_are_those_of_many_repetitions(tmp_path):
    """The same board motion with 30 draws of noise: lens, pose and place scatter as the covariances foretell."""
    truth = Rig((camera("camA", 0), camera("camB", 35, 1000)))
    clean = film(truth, OWN_BOARD, 14, noise=0.0)
    generator = np.random.default_rng(4)
    lenses = np.array([[each.matrix[0, 0]] * 2 + [639.5, 359.5] + [0.0] * 8 for each in truth.cameras])
    turn = truth["camB"].rotation @ truth["camA"].rotation.T
    second = np.concatenate([cv2.Rodrigues(turn)[0][:, 0], truth["camB"].translation - turn @ [0.0, 0.0, 1.0]])
    boards = np.array([pose(OWN_BOARD.points, clean["camA"][at], lenses[0]) for at in range(14)
                       if clean["camA"][at] is not None])
    moments = [at for at in range(14) if clean["camA"][at] is not None]
    found, foretold = [], []
    for _ in range(30):
        views = tuple(View(index, row, Corners(corners.ids, corners.xy + generator.normal(0, 0.1, corners.xy.shape)))
                      for index, name in enumerate(truth.names) for row, at in enumerate(moments)
                      if (corners := clean[name][at]) is not None)
        problem = Problem(OWN_BOARD.points, views, (LADDER[0], LADDER[0]))
        answer = refine(problem, Guess(lenses, np.array([np.zeros(6), second]), boards), softness_px=0.5)
        lens, place = covariances(problem, answer)
        found.append(np.concatenate([answer.guess.lenses[1][[0, 2, 3]], answer.guess.cameras[1]]))
        whole = np.zeros((9, 9))
        whole[:3, :3], whole[3:, 3:] = lens[1][np.ix_([0, 2, 3], [0, 2, 3])], place[1]
        foretold.append(whole)
    errors = np.array(found) - np.concatenate([lenses[1][[0, 2, 3]], second])
    expected = np.mean(foretold, axis=0)
    # The spread of 30 draws is itself uncertain by an eighth.
    assert np.all(np.abs(np.sqrt((errors ** 2).mean(axis=0)) / np.sqrt(np.diag(expected)) - 1) < 0.4)
    surprise = np.einsum("ti,ij,tj->t", errors[:, 3:], np.linalg.inv(expected[3:, 3:]), errors[:, 3:])
    assert 4.0 < surprise.mean() < 8.5  # chi-square of 6: a mean of 6


def test_certainty_is_written_beside_the_rig(tmp_path):
    truth = Rig((camera("camA", 0), camera("camB", 35)))
    result = calibrate(OWN_BOARD, film(truth, OWN_BOARD, 14), sizes(truth))
    table = json.loads(save_certainty(result, tmp_path / "rig.toml").read_text())
    assert table["pose_entries"][3:] == ["tx", "ty", "tz"]
    one, other = (table["cameras"][name] for name in ("camA", "camB"))
    assert not np.array(one["pose"]).any()
    assert np.linalg.eigvalsh(np.array(other["pose"])).min() > 0
    report = result.cameras[1]
    np.testing.assert_allclose(other["pose"], report.pose_covariance, rtol=1e-5)
    assert np.sqrt(other["lens"][0][0]) == pytest.approx(report.focal_sigma * result.rig["camB"].matrix[0, 0], rel=1e-4)
    assert 1e-5 < report.direction_sigma < 1e-2


def test_mistaken_corners_hardly_matter():
    truth = Rig((camera("camA", 0), camera("camB", 35)))
    seen = film(truth, OWN_BOARD, 30)
    generator = np.random.default_rng(2)
    for row in seen.values():
        for at in (3, 11, 20):
            row[at].xy[generator.integers(0, len(row[at].ids))] += 25.0
    (_, angle, metres), (focal, _, _) = differences(calibrate(OWN_BOARD, seen, sizes(truth)).rig, truth)[::-1]
    assert abs(focal) < 0.002
    assert angle < 0.1
    assert metres < 0.0015


def test_the_same_views_give_the_same_numbers(tmp_path):
    truth = Rig((camera("camA", 0), camera("camB", 35)))
    for name in ("one.toml", "two.toml"):
        save_rig(calibrate(OWN_BOARD, film(truth, OWN_BOARD, 12), sizes(truth)).rig, tmp_path / name)
    assert (tmp_path / "one.toml").read_bytes() == (tmp_path / "two.toml").read_bytes()


def test_known_lenses_stay():
    truth = Rig((camera("camA", 0), camera("camB", 35, 900, (-0.25, 0.08, 0, 0, 0))))
    result = calibrate(OWN_BOARD, film(truth, OWN_BOARD, 12), sizes(truth), {each.name: each for each in truth.cameras})
    assert result.rig["camB"].distortion[:2] == (-0.25, 0.08)
    assert [report.terms for report in result.cameras] == [0, 0]
    assert differences(result.rig, truth)[1][2] < 5e-4


def test_too_little_is_refused_with_what_to_film():
    truth = Rig((camera("camA", 0), camera("camB", 35), camera("camD", -35)))
    seen = film(truth, OWN_BOARD, 30)
    short = {**seen, "camB": [corners if at < 5 else None for at, corners in enumerate(seen["camB"])]}
    with pytest.raises(RigError, match="camB sees the board in 5 of 30"):
        calibrate(OWN_BOARD, short, sizes(truth))
    apart = {"camA": [*seen["camA"][:18], *[None] * 12], "camB": [*seen["camB"][:18], *[None] * 12],
             "camD": [*[None] * 15, *seen["camD"][15:]]}
    with pytest.raises(RigError, match="camD shares 3 views with camA"):
        calibrate(OWN_BOARD, apart, sizes(truth))


def test_a_chain_of_cameras_is_enough():
    """camA and camC never see the board together; camB sees it with each."""
    truth = Rig((camera("camA", 0), camera("camB", 40), camera("camC", 80)))
    seen = film(truth, OWN_BOARD, 40)
    seen["camA"][20:] = [None] * 20
    seen["camC"][:20] = [None] * 20
    result = calibrate(OWN_BOARD, seen, sizes(truth))
    assert result.shared[0, 2] == 0
    assert differences(result.rig, truth)[2][2] < 0.004


def test_a_board_that_always_faces_the_camera_is_refused():
    truth = Rig((camera("camA", 0),))
    with pytest.raises(RigError, match="tilted to all sides"):
        calibrate(OWN_BOARD, film(truth, OWN_BOARD, 20, tilt=0.0, reach=0.02), sizes(truth))


def test_clips_out_of_step_are_refused():
    truth = Rig((camera("camA", 0), camera("camB", 35)))
    seen = film(truth, OWN_BOARD, 30)
    seen["camB"] = [*seen["camB"][1:], None]
    with pytest.raises(RigError, match="the clip of camB runs 1 moments ahead of that of camA"):
        calibrate(OWN_BOARD, seen, sizes(truth))


def test_a_camera_moved_and_a_board_carried_are_told_apart_from_that():
    """camC moved after moment 17 of 34; then a board that each camera saw at another place."""
    truth = Rig((camera("camA", 0), camera("camB", 35), camera("camC", -35)))
    moved = Rig((*truth.cameras[:2], replace(truth["camC"], translation=np.array([0.08, 0.0, 1.0]))))
    before, after = film(truth, OWN_BOARD, 17), film(moved, OWN_BOARD, 17, seed=6)
    with pytest.raises(RigError, match=r"camC was moved at moment 1\d of the board clips"):
        calibrate(OWN_BOARD, {name: before[name] + after[name] for name in truth.names}, sizes(truth))
    pair = Rig(truth.cameras[:2])
    carried = {"camA": film(pair, OWN_BOARD, 20)["camA"], "camB": film(pair, OWN_BOARD, 20, seed=9)["camB"]}
    with pytest.raises(RigError, match="the board was moved between one camera's picture and the next's"):
        calibrate(OWN_BOARD, carried, sizes(pair))


def test_a_chessboard_that_looks_the_same_upside_down_serves_one_camera_only():
    board = Board("chessboard", (8, 6), 0.03)
    truth = Rig((camera("camA", 0), camera("camB", 35)))
    seen = film(truth, board, 15)
    with pytest.raises(RigError, match="upside down"):
        calibrate(board, seen, sizes(truth))
    assert calibrate(board, {"camA": seen["camA"]}, sizes(truth)).rig.names == ("camA",)


BOARDS = [OWN_BOARD, replace(OWN_BOARD, inverted=True), Board("charuco", (4, 5), 0.054, 0.0405, "DICT_4X4_1000", True),
          Board("charuco", (5, 8), 0.03, 0.02, "DICT_6X6_250", legacy=True), Board("chessboard", (10, 7), 0.025),
          Board("chessboard", (10, 7), 0.025, inverted=True)]


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("upside_down", [False, True])
def test_a_drawn_board_is_found_where_it_is(board, upside_down):
    picture = draw(board, px_per_mm=3.0, margin_mm=30.0)
    right = board.points[:, :2] * 3000 + 90 - 0.5  # the drawing's edges lie between pixels
    if upside_down:
        picture = np.ascontiguousarray(picture[::-1, ::-1])
        right = np.array(picture.shape[::-1]) - 1 - right
    corners = find(board, picture)
    assert len(corners.ids) == len(board.points)
    np.testing.assert_allclose(corners.xy, right[corners.ids], atol=0.1)


def test_boards_are_recognised_by_their_markers():
    for board in (OWN_BOARD, replace(OWN_BOARD, dictionary="DICT_4X4_1000", inverted=True)):
        found = recognise([draw(board, 3.0, 20.0)])
        assert (found.squares, found.inverted, found.square) == (board.squares, board.inverted, board.square)
        assert len(find(found, draw(board, 3.0, 20.0)).ids) == 24
    with pytest.raises(RigError, match="no ChArUco board"):
        recognise([np.full((200, 300), 128, np.uint8)])
    with pytest.raises(RigError, match=r"board\.toml"):
        recognise([draw(Board("charuco", (11, 3), 0.03, 0.022, "DICT_5X5_100"), 3.0, 20.0)])


def test_board_toml(tmp_path):
    path = tmp_path / "board.toml"
    path.write_text('squares = [4, 5]\nsquare_mm = 54\nmarker_mm = 40.5\ndictionary = "DICT_4X4_1000"\n'
                    "inverted = true\n")
    assert load_board(path) == BOARDS[2]
    path.write_text('type = "chessboard"\nsquares = [10, 7]\nsquare_mm = 25.0\n')
    assert load_board(path) == BOARDS[4]
    for text, says in (("", "squares"), ("squares = [4]", "squares"), ("squares = [4, 5]", "square_mm"),
                       ('type = "circles"', "type"), ("squares = [4, 5]\nsquare_mm = 54\nmarker_mm = 60", "marker_mm"),
                       ("squares = [4, 5]\nsquare_mm = 54\nmarker_mm = 40", "dictionary"), ("squares", "TOML"),
                       ("squares = [true, 5]", "squares"), ("squares = [4, 5]\nsquare_mm = nan", "square_mm")):
        path.write_text(text)
        with pytest.raises(DataError, match=says):
            load_board(path)


def test_the_rendered_shoot_is_calibrated_as_it_was_built(tmp_path):
    """Focal length within 0.3 %, positions within 1.5 mm and 0.1 degree of the truth."""
    source = shared("truth", "actor1")
    shutil.copytree(source / "calibration", tmp_path / "calibration")
    (tmp_path / "shoot.toml").touch()
    calls = []
    result, board = calibrate_shoot(open_shoot(tmp_path), report=lambda done, total: calls.append((done, total)))
    assert replace(board, dictionary="DICT_5X5_100") == OWN_BOARD
    assert calls[-1] == (180, 180)
    assert "squares of 30 mm" in result.warnings[-1]
    for focal, angle, metres in differences(result.rig, load_rig(source / "rig.toml")):
        assert abs(focal) < 0.003
        assert angle < 0.1
        assert metres < 0.0015
    save_rig(result.rig, tmp_path / "rig.toml")
    assert load_rig(tmp_path / "rig.toml").names == ("camA", "camB", "camC")


def test_a_shoot_without_board_clips_says_what_to_film(tmp_path):
    (tmp_path / "shoot.toml").touch()
    with pytest.raises(RigError, match="film a board"):
        calibrate_shoot(open_shoot(tmp_path))
    (tmp_path / "calibration").mkdir()
    write_clip(tmp_path / "calibration" / "camA.mp4", np.full((10, 64, 96, 3), 90, np.uint8))
    with pytest.raises(RigError, match="no ChArUco board is seen"):
        calibrate_shoot(open_shoot(tmp_path))
    (tmp_path / "calibration" / "camA.mp4").write_bytes(b"")
    with pytest.raises(ClipError, match="empty"):
        calibrate_shoot(open_shoot(tmp_path))


def test_real_stereo_chessboards():
    """OpenCV's own 13 pairs: 0.21 px over both cameras together, and its stored focal length and baseline."""
    folder = shared("multicam", "opencv_stereo")
    board = Board("chessboard", (10, 7), 0.025)
    numbers = [number for number in range(1, 15) if number != 10]
    seen = {side: [find(board, cv2.imread(str(folder / f"{side}{number:02d}.jpg"), cv2.IMREAD_GRAYSCALE))
                   for number in numbers] for side in ("left", "right")}
    result = calibrate(board, seen, dict.fromkeys(seen, (640, 480)))
    assert [report.views for report in result.cameras] == [13, 13]
    assert np.sqrt(np.mean([report.error_px ** 2 for report in result.cameras])) < 0.21
    assert result.rig["left"].matrix[0, 0] == pytest.approx(534.8, rel=0.005)


def test_fisheyes_are_found_again():
    """Four wide cameras' worth of bending: the pinhole's ladder cannot explain it, the fisheye's can."""
    truth = Rig(tuple(replace(each, model="fisheye", distortion=(-0.03, 0.01, -0.005, 0.001))
                      for each in (camera("camA", 0, 420), camera("camB", 35, 430))))
    seen = film(truth, OWN_BOARD, 40, reach=0.45)
    result = calibrate(OWN_BOARD, seen, sizes(truth), fisheye=True)
    assert {each.model for each in result.rig.cameras} == {"fisheye"}
    for (focal, angle, metres), report in zip(differences(result.rig, truth), result.cameras, strict=True):
        assert abs(focal) < 0.005
        assert angle < 0.1
        assert metres < 0.003
        assert 0.1 < report.error_px < 0.17


def test_a_fisheye_and_a_wide_pinhole_are_told_apart():
    """One of each in a rig; the pinhole bends as wide-angle lenses do. Neither is said which it is."""
    truth = Rig((replace(camera("camA", 0, 420), model="fisheye", distortion=(-0.03, 0.01, -0.005, 0.001)),
                 camera("camB", 30, 800, (-0.2, 0.06, 0.0, 0.0, 0.0))))
    result = calibrate(OWN_BOARD, film(truth, OWN_BOARD, 16, reach=0.45), sizes(truth))
    assert [each.model for each in result.rig.cameras] == ["fisheye", "pinhole"]
    assert all(report.error_px < 0.17 for report in result.cameras)


def test_coverage_pictures_show_where_corners_were(tmp_path):
    truth = Rig((camera("camA", 0), camera("camB", 35)))
    result = calibrate(OWN_BOARD, film(truth, OWN_BOARD, 15), sizes(truth))
    paths = save_coverage(result, tmp_path / "rig.toml")
    assert [path.name for path in paths] == ["rig.camA.png", "rig.camB.png"]
    picture = cv2.imread(str(paths[0]))[:540]
    report = result.cameras[0]
    cells = np.zeros((8, 8), bool)
    at = (report.corners / SIZE * 8).astype(int)
    cells[at[:, 1], at[:, 0]] = True
    for row in range(8):
        for column in range(8):
            patch = picture[row * 540 // 8:(row + 1) * 540 // 8 - 2, column * 120:(column + 1) * 120 - 2]
            assert (patch.reshape(-1, 3) == EMPTY).all(axis=1).mean() > 0.9 or cells[row, column]
    assert len(report.corners) == len(report.residuals)
    assert np.sqrt((report.residuals ** 2).sum(axis=1).mean()) == pytest.approx(report.error_px)


def test_board_clips_are_put_in_step_by_their_timecodes(tmp_path, monkeypatch):
    """Those of a take are; a board that was filmed so had to be cut by hand."""
    clips = [write_clip(tmp_path / f"{name}.mp4", numbered(20), timecode=text)
             for name, text in (("camA", "10:00:00:00"), ("camB", "10:00:00:06"))]
    begun = []
    monkeypatch.setattr(board_clips, "align", lambda name, clips, offsets, **how: begun.append(offsets)
                        or align(name, clips, offsets, **how))
    with pytest.raises(RigError):
        board_clips.calibrate_clips(clips, OWN_BOARD)
    assert begun == [{"camA": 0.0, "camB": 0.2}]
    clips[1] = write_clip(tmp_path / "camB.mp4", numbered(20), timecode="23:00:00:00")  # a clock that was never set
    with pytest.raises(RigError):
        board_clips.calibrate_clips(clips, OWN_BOARD)
    assert begun[1:] == [None]
