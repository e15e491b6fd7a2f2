"""`mien bench`: figures that are right where the answer is known, and that never claim more than they can."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from app.bench_accuracy import active_shapes, column, scores
from app.bench_compare import compared, from_truth, region_of
from app.bench_intervals import BETTER, UNSURE, WORSE, Interval, intervals
from app.bench_moments import Blinks, blinks
from app.bench_truth import Truth, cut, face_vertices, read_truth, surface_mm
from app.corrections import save_layer
from app.models import model_named
from capture.camera import lone_camera
from capture.errors import DataError
from exporters.scene import make_scene
from exporters.to_json import read, write
from solver.corrections import Key, Layer
from solver.face_model import deform
from solver.performance import Performance
from solver.posed import posed
from solver.render import vertex_normals
from tests.app.command import ROOT, error_of, mien_here
from tests.app.shoots import shoot_of
from tests.material import shared
from tests.synthetic import made_performance, small_face


def off(performance: Performance, by: np.ndarray) -> Performance:
    return replace(performance, weights=np.clip(performance.weights + by, 0.0, 1.0))


def test_intervals_hold_the_true_mean_about_as_often_as_they_say() -> None:
    random, held = np.random.default_rng(5), 0
    for _ in range(60):
        values = random.normal(0.0, 1.0, 80)
        found, = intervals(len(values), 5.0, lambda chosen, values=values: values[chosen].mean(keepdims=True))
        held += found.low <= 0.0 <= found.high
    assert 50 <= held <= 60  # 57 are to be expected


def test_runs_of_frames_that_err_alike_count_as_few() -> None:
    """Errors that last for six frames are six times fewer looks: the interval must be wider."""
    random = np.random.default_rng(6)
    lasting = np.repeat(random.normal(0.0, 1.0, 50), 6)
    alike, = intervals(300, 30.0, lambda chosen: lasting[chosen].mean(keepdims=True))
    mixed = random.permutation(lasting)
    single, = intervals(300, 30.0, lambda chosen: mixed[chosen].mean(keepdims=True))
    assert alike.high - alike.low > 1.5 * (single.high - single.low)


def test_what_may_be_chance_is_not_called_better() -> None:
    assert Interval(-0.1, -0.2, -0.01).against_zero() == BETTER
    assert Interval(0.1, 0.01, 0.2).against_zero() == WORSE
    assert Interval(-0.1, -0.2, 0.01).against_zero() == UNSURE
    assert Interval(np.nan, np.nan, np.nan).against_zero() == UNSURE


def test_the_answer_that_is_nearer_the_truth_is_better_and_chance_is_not() -> None:
    truth, random = made_performance(small_face(), frames=90), np.random.default_rng(0)
    near, far = (off(truth, random.normal(0.0, sigma, truth.weights.shape)) for sigma in (0.05, 0.1))
    alike = off(truth, random.normal(0.0, 0.05, truth.weights.shape))
    rows = {row.name: row for row in compared(from_truth(far, truth), from_truth(near, truth), 30.0)}
    assert rows["all"].verdict == rows["left brow"].verdict == rows["mouth"].verdict == BETTER
    assert rows["gaze"].verdict == UNSURE
    assert rows["all"].a == pytest.approx(np.sqrt(((far.weights - truth.weights) ** 2).mean()))
    back = {row.name: row for row in compared(from_truth(near, truth), from_truth(far, truth), 30.0)}
    assert back["all"].verdict == WORSE
    assert compared(from_truth(near, truth), from_truth(alike, truth), 30.0)[0].verdict == UNSURE


def test_an_error_in_one_region_is_told_there() -> None:
    truth = made_performance(small_face(), frames=60)
    by = np.zeros(len(truth.shape_names))
    by[[region_of(name) == "right brow" for name in truth.shape_names]] = 0.2
    rows = {row.name: row for row in compared(from_truth(truth, truth), from_truth(off(truth, by), truth), 30.0)}
    assert rows["right brow"].verdict == WORSE
    assert rows["left brow"].difference.value == 0.0


def test_scores_are_pearsons_r_and_the_root_mean_square() -> None:
    truth = made_performance(small_face(), frames=60)
    found = scores(column("half", replace(truth, weights=truth.weights / 2), truth), truth)
    assert found.mean_r.value == pytest.approx(1.0)
    used = truth.weights[:, active_shapes(truth)]
    assert found.mean_rmse.value == pytest.approx(np.sqrt((used**2).mean(axis=0)).mean() / 2)
    assert found.mean_rmse.low < found.mean_rmse.value < found.mean_rmse.high


def test_the_surface_is_measured_in_millimetres() -> None:
    model = small_face()
    truth = made_performance(model, frames=8)
    neutral = deform(model, np.zeros(len(model.shapes)), truth.identity)
    assert surface_mm(truth, Truth(truth, neutral), model) == pytest.approx((0.0, 0.0), abs=1e-6)
    aside = replace(truth, head_translation=truth.head_translation + np.array([0.003, 0.0, 0.0]))
    apart, off = surface_mm(aside, Truth(truth, neutral), model)
    assert apart == pytest.approx(3.0)
    normals = [vertex_normals(posed(model, truth, frame), model.triangles)[face_vertices(model), 0] for frame in (0, 4)]
    assert off == pytest.approx(3.0 * np.abs(normals).mean(), rel=1e-6)


def test_a_take_without_a_rig_is_compared_in_its_cameras_own_world() -> None:
    """What the camera sees of the head is the same in both worlds."""
    truth = made_performance(small_face(), frames=8)
    camera = Rotation.from_euler("xyz", [170, 12, -7], degrees=True).as_matrix(), np.array([0.02, -0.05, 0.7])
    alone = Truth(truth, None, camera).around_its_camera().performance
    lone = lone_camera("cam", (64, 64), 100.0).rotation
    seen = [(rotation @ Rotation.from_quat(one.head_rotation).as_matrix(), one.head_translation @ rotation.T + shift)
            for one, (rotation, shift) in ((truth, camera), (alone, (lone, np.zeros(3))))]
    np.testing.assert_allclose(seen[0][0], seen[1][0], atol=1e-9)
    np.testing.assert_allclose(seen[0][1], seen[1][1], atol=1e-9)


def test_blinks_are_told_by_frame_and_height(demo: Path) -> None:
    truth = read(demo / "truth.mien.json")
    left = truth.shape_names.index("eyeBlinkLeft")
    assert blinks(truth, truth) == Blinks(2, 2, 0, 0.0, 0.0)
    weights = np.roll(truth.weights, 2, axis=0)
    weights[:, left] *= 0.8
    told = blinks(replace(truth, weights=weights), truth)
    assert (told.found, told.frames) == (2, 2)
    assert told.bias == pytest.approx(-0.1, abs=0.03)
    assert told.worst == pytest.approx(-0.2, abs=0.05)
    weights[:, left] = 0.0
    assert blinks(replace(truth, weights=weights), truth).found == 1


def test_accuracy_of_the_demo_beside_the_peer(demo: Path, tmp_path: Path) -> None:
    task = shared("peers", "face_landmarker_v2_with_blendshapes.task")
    said = mien_here("bench", "accuracy", "--on", demo, "--out", tmp_path, "--cameras", "camA", "--rig",
                     demo / "rig.toml", "--start", "4", "--end", "28", "--preset", "draft", "--peer", task).stdout
    assert "T001: 1 cameras, 24 frames" in said
    assert "Face Landmarker camA" in said
    row = next(line for line in said.splitlines() if line.startswith("eyeBlinkLeft"))
    assert len([word for word in row.split() if ".." in word]) == 4  # intervals of r and RMSE, of both
    assert "posed face surface" in said
    assert "blinks: " in said
    assert "lips meet in" in said


def test_compare_by_results_presets_and_without_truth(demo: Path, tmp_path: Path) -> None:
    solved = demo / "solved" / "T001.mien.json"
    found = read(solved)
    worse = tmp_path / "worse.mien.json"
    write(make_scene(model_named("mien"), off(found, 0.2)), worse)
    assert "is worse than" in mien_here("bench", "compare", solved, worse, "--on", demo).stdout
    assert "is better than" in mien_here("bench", "compare", worse, demo / "solved", "--on", demo).stdout
    same = mien_here("bench", "compare", "draft", "preset=draft,detector=mien", "--on", demo / "takes" / "T001",
                     "--start", "0", "--end", "16", "--out", tmp_path / "out").stdout
    assert "cannot tell" in same
    (demo / "truth.mien.json").rename(tmp_path / "truth.mien.json")
    try:
        untold = mien_here("bench", "compare", solved, "draft", "--on", demo, "--out", tmp_path / "out").stdout
        refused = mien_here("bench", "accuracy", "--on", demo, check=3)
    finally:
        (tmp_path / "truth.mien.json").rename(demo / "truth.mien.json")
    assert "no truth here" in untold
    assert "holds no take whose truth is known" in error_of(refused)


def test_another_version_leaves_corrections_out_where_that_is_asked(demo: Path, tmp_path: Path) -> None:
    shoot = shoot_of(demo, tmp_path / "shoot", ("T001",))
    save_layer(Layer({"jawOpen": (Key(2, 0.9),)}), shoot / "takes/T001/corrections.json")
    said = mien_here("bench", "compare", f"mien={ROOT},corrections=none", "corrections=none", "--on", shoot, "--preset",
                     "draft", "--end", "6").stdout
    row = next(line for line in said.splitlines() if line.startswith("all ")).split()
    assert row[2] == row[3]


def test_words_that_mean_nothing_and_ranges_that_do_not_fit_are_refused(demo: Path, tmp_path: Path) -> None:
    for word in ("finall", "preset=best", "speed=2", "network=none.npz", "mien=nowhere", "detector=eyes"):
        ended = mien_here("bench", "compare", "draft", word, "--on", demo, check=2)
        assert word.split("=")[-1] in error_of(ended)
    solved = demo / "solved" / "T001.mien.json"
    short = tmp_path / "short.mien.json"
    write(make_scene(model_named("mien"), cut(read(solved), 0, 20)), short)
    assert "compare the same range" in error_of(mien_here("bench", "compare", solved, short, "--on", demo, check=3))
    assert "what to do" in error_of(mien_here("bench", check=2))


def test_damaged_truth_is_told(tmp_path: Path) -> None:
    (tmp_path / "truth.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(DataError, match="damaged or no truth"):
        read_truth(tmp_path / "truth.npz", small_face())
