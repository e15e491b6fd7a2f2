from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from capture.errors import DataError, ModelError
from solver import network_file, train_data, train_data_people
from solver.crop import Roi
from solver.embedding import Embedding
from solver.face_model import FaceModel, deform
from solver.network import SIZE
from solver.train import Config, Examples, measure, point_weights, train
from solver.train_common import Faces, made_faces
from solver.train_data_augment import example, faulty, jittered
from tests.exporters.live_link_csv import read as read_csv
from tests.material import shared
from tests.solver.trainings import cut_off, history_in
from tests.synthetic import small_face

COUNT = 6


def made_embedding(model: FaceModel) -> Embedding:
    """478 points on the front of the small face, those of the outlines that paint and squares use where they belong."""
    triangles = model.triangles
    middle = model.neutral[triangles].mean(axis=1)
    front = np.flatnonzero(middle[:, 2] > 0.02)
    wanted = np.random.default_rng(0).normal(0, [0.03, 0.04, 0.0], (478, 3)) + np.array([0, 0, 0.09])
    for index, place in {10: (0, 0.09), 152: (0, -0.09), 33: (-0.045, 0.03), 263: (0.045, 0.03)}.items():
        wanted[index, :2] = place
    nearest = np.linalg.norm(middle[front][None] - wanted[:, None], axis=2).argmin(axis=1)
    return Embedding("mediapipe478", front[nearest], np.full((478, 3), 1 / 3), np.zeros(478), np.zeros(478, bool),
                     np.ones(478, bool))


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return small_face()


@pytest.fixture(scope="module")
def embedding(model) -> Embedding:
    return made_embedding(model)


@pytest.fixture(scope="module")
def samples(model, embedding) -> train_data.Samples:
    return train_data.gather(list(train_data.make(train_data.Recipe(COUNT, 5, profiles=0.2), model, embedding)))


def test_the_same_recipe_gives_the_same_samples(model, embedding, samples):
    recipe = train_data.Recipe(COUNT, 5, profiles=0.2)
    again = train_data.gather(list(train_data.make(recipe, model, embedding, start=COUNT - 2)))
    assert again.jpegs == samples.jpegs[-2:]
    assert np.array_equal(again.weights, samples.weights[-2:])
    other = train_data.gather(list(train_data.make(replace(recipe, seed=6, count=1), model, embedding)))
    assert other.jpegs[0] != samples.jpegs[0]


def test_true_points_are_where_the_renderer_draws_them(model, embedding, samples):
    points = train_data.true_points(samples, model, embedding)
    for row in range(COUNT):
        pulled = train_data_people.shifts(model, np.arange(len(model.neutral)), samples.bumps[row])
        person = replace(model, neutral=model.neutral + pulled)
        head = deform(person, samples.weights[row], samples.identity[row], samples.gaze[row])
        in_camera = embedding.points(model, head) @ samples.rotation[row].T + samples.translation[row]
        pixels = in_camera @ samples.matrix[row].T
        assert np.allclose(points[row], pixels[:, :2] / pixels[:, 2:], atol=2e-3)
        wide = np.ptp(points[row], axis=0).max()
        assert wide == pytest.approx(train_data.SIDE / train_data.ROOM, rel=1e-3)


def test_samples_come_back_whole(samples, tmp_path):
    path = tmp_path / "made.npz"
    train_data.save(samples, path)
    back = train_data.load(path)
    assert back.jpegs == samples.jpegs
    assert all(np.array_equal(getattr(back, name), getattr(samples, name)) for name in train_data.NUMBERS)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataError, match="holds no training pictures"):
        train_data.load(path)


def test_shapes_know_their_other_side():
    names = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "jawLeft", "jawRight", "browDownLeft")
    assert train_data_people.mirrored(names).tolist() == [0, 2, 1, 4, 3, 5]


def test_random_faces_stay_in_range_and_shut_their_eyes_now_and_then(model):
    recorded = np.zeros((1, len(model.shape_names)))
    faces = np.array([train_data_people.random_weights(np.random.default_rng(seed), recorded, model.shape_names)
                      for seed in range(300)])
    assert faces.min() == 0
    assert faces.max() <= 1
    blinks = faces[:, [name.startswith("eyeBlink") for name in model.shape_names]].min(axis=1) > 0.4
    assert 0.12 < blinks.mean() < 0.3
    assert (faces.max(axis=0) > 0.5).all()  # every shape is shown strongly


def test_gaze_follows_the_look_weights(model):
    weights = np.zeros(len(model.shape_names))
    weights[model.shape_names.index("eyeLookOutLeft")] = 1
    weights[model.shape_names.index("eyeLookUpRight")] = 0.5
    gaze = train_data_people.gaze_of(weights, model)
    assert gaze[0] == pytest.approx([model.eyes[0].yaw, 0])  # the face's own left, +x
    assert gaze[1] == pytest.approx([0, model.eyes[1].pitch / 2])


def test_a_recording_lends_its_weights(model, tmp_path):
    path = tmp_path / "take.csv"
    path.write_text("Timecode,BlendShapeCount,JawOpen,EyeBlinkLeft,HeadYaw\n00:00:00:01.1,61,0.25,0.5,0.1\n")
    rows = train_data_people.recorded_weights((path,), model)
    assert rows.shape == (2, len(model.shape_names))
    assert rows[1, model.shape_names.index("jawOpen")] == 0.25
    assert rows[1, model.shape_names.index("eyeBlinkLeft")] == 0.5
    assert rows[1].sum() == 0.75
    with pytest.raises(DataError, match="is no Live Link Face recording"):
        train_data_people.recorded_weights((tmp_path / "none.csv",), model)


def test_a_real_recording_lends_all_its_rows(model):
    path = shared("livelinkface", "alex_rom_3.csv")
    columns = read_csv(path)
    rows = train_data_people.recorded_weights((path, path), model)
    np.testing.assert_array_equal(rows[0], 0.0)
    np.testing.assert_array_equal(rows[1:], np.tile(columns.shapes(model.shape_names), (2, 1)))


@pytest.mark.parametrize(("text", "says"), [
    ("", "no frames"), ("Timecode,BlendShapeCount,JawOpen\n", "no frames"), ("apple,pear\n1,2\n", "no frames"),
    ("Timecode,JawOpen\n0,open\n", "open"), ("Timecode,JawOpen\n0,inf\n", "jawOpen is inf in its frame 0"),
    ("Timecode,JawOpen\n0,0.1\n1,nan\n", "jawOpen is nan in its frame 1"), ("Timecode,JawOpen\n0,1e300\n", "1e.300"),
    ("Timecode,JawOpen\n0,0.5\n1\n", "frame 1 has 1 values"), ("Timecode,JawOpen\n0,\0\n", "is no Live Link")])
def test_what_is_no_recording_lends_nothing(model, tmp_path, text, says):
    """A network would learn for hours from faces at rest, or from none."""
    path = tmp_path / "take.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=says):
        train_data_people.recorded_weights((path,), model)


def test_a_frame_without_a_face_is_at_rest(model, tmp_path):
    """As recorders leave its cells empty."""
    path = tmp_path / "take.csv"
    path.write_text("\ufeffTimecode,BlendShapeCount,JawOpen\n00:00:00:01.1,0,\n00:00:00:02.1,61,0.5\n", "utf-8")
    rows = train_data_people.recorded_weights((path,), model)
    assert rows[:, model.shape_names.index("jawOpen")].tolist() == [0.0, 0.0, 0.5]


def test_an_example_shows_each_point_where_it_says(model, embedding, samples):
    """A dot drawn at a point before the crop lies at its coordinates after it."""
    picture = np.zeros((train_data.SIDE, train_data.SIDE, 3), np.uint8)
    points = train_data.true_points(samples, model, embedding)[0]
    x, y = points[10].round()
    picture[int(y) - 1:int(y) + 2, int(x) - 1:int(x) + 2] = 255
    crop, inside = example(picture, points, SIZE, np.random.default_rng(3), amount=0.9)
    crop = crop[:, :, 0].astype(float) - np.median(crop)
    crop = np.where(crop > 0.5 * crop.max(), crop, 0)
    at = [(crop.sum(axis=axis) * (np.arange(SIZE) + 0.5)).sum() / crop.sum() for axis in (0, 1)]
    assert np.abs(np.array(at) - inside[10]).max() < 1.0


def test_squares_jitter_about_the_face(model, embedding, samples):
    points = train_data.true_points(samples, model, embedding)[0]
    still = jittered(points, np.random.default_rng(0), 0.0)
    moved = [jittered(points, np.random.default_rng(seed)) for seed in range(40)]
    assert isinstance(still, Roi)
    sides = np.array([roi.side for roi in moved]) / still.side
    assert 0.03 < sides.std() < 0.12
    assert abs(np.log(sides).mean()) < 0.05


def test_faults_keep_the_pictures_shape():
    picture = cv2.resize(np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8), (SIZE, SIZE))
    for seed in range(20):
        faulted = faulty(picture, np.random.default_rng(seed))
        assert faulted.shape == picture.shape
        assert faulted.dtype == np.uint8


def config(tmp_path, model, embedding, samples, **settings) -> Config:
    points = train_data.true_points(samples, model, embedding)
    return Config(tmp_path / "net.npz", Faces(samples.jpegs[:4], points[:4], samples.jpegs[4:], points[4:]), **{
        "steps": 4, "batch": 2, "every": 2, "warm_up": 1, "workers": 0, **settings})


def test_training_learns_and_goes_on_where_it_stopped(model, embedding, samples, tmp_path):
    plan = config(tmp_path, model, embedding, samples, rate=1e-4)
    cut_off(train, plan, 2)
    assert [entry["step"] for entry in history_in(plan.out)] == [2]
    train(plan)
    halved = network_file.load_checkpoint(plan.out)
    train(replace(plan, steps=2))
    assert network_file.load_checkpoint(plan.out)[0] == halved[0]
    whole = replace(plan, out=tmp_path / "whole.npz")
    train(whole)
    straight = network_file.load_checkpoint(whole.out)
    assert [entry["step"] for entry in straight[0]["history"]] == [2, 4]
    assert all(torch.allclose(value, halved[1]["weights"][name], atol=1e-6)
               for name, value in straight[1]["weights"].items())
    assert straight[0]["history"][1]["train"] < straight[0]["history"][0]["train"]


def test_training_begins_with_given_weights(model, embedding, samples, tmp_path):
    plan = config(tmp_path, model, embedding, samples, rate=1e-4)
    train(plan)
    after = history_in(plan.out)[-1]
    still = replace(plan, out=tmp_path / "more.npz", begin=plan.out, rate=1e-12, steps=2)
    train(still)
    anew = replace(still, out=tmp_path / "anew.npz", begin=None)
    train(anew)
    assert history_in(still.out)[-1]["mean"] == pytest.approx(after["mean"], abs=1e-4)
    assert abs(history_in(anew.out)[-1]["mean"] - after["mean"]) > 1e-3


def test_prepared_faces_are_kept_for_the_next_run(model, embedding, tmp_path):
    recipe, done = train_data.Recipe(2, 9), []
    first = made_faces(model, embedding, recipe, 1, tmp_path, lambda *progress: done.append(progress))
    assert done == [(1, 2), (2, 2), (1, 1)]
    again = made_faces(model, embedding, recipe, 1, tmp_path, lambda *progress: done.append(progress))
    assert len(done) == 3
    assert again.jpegs == first.jpegs
    assert first.held_jpegs[0] not in first.jpegs
    assert first.recipe["seed"] == 9
    assert first.points.shape == (2, 478, 2)


def test_the_difference_gives_the_network_back(model, embedding, samples, tmp_path):
    plan = config(tmp_path, model, embedding, samples, rate=1e-3)
    train(plan)
    trained = network_file.load_trained(plan.out)
    network_file.save_difference(trained, {"recipe": "test"}, tmp_path / "small.npz")
    network_file.save_difference(trained, {"recipe": "test"}, tmp_path / "again.npz")
    assert (tmp_path / "small.npz").read_bytes() == (tmp_path / "again.npz").read_bytes()
    assert (tmp_path / "small.npz").stat().st_size < 10_000_000
    back = network_file.load_trained(tmp_path / "small.npz")
    held = torch.utils.data.DataLoader(Examples(plan.faces.jpegs, plan.faces.points, 0, 0, 4), 4)
    before, after = measure(trained, held, "cpu"), measure(back, held, "cpu")
    assert after["mean"] == pytest.approx(before["mean"], abs=0.01)
    picture = torch.rand(1, 3, SIZE, SIZE)
    with torch.inference_mode():
        assert (trained.eval()(picture)[0] - back.eval()(picture)[0]).abs().max() < 0.05


def test_what_is_no_network_is_refused(model, embedding, samples, tmp_path):
    path = tmp_path / "bad.npz"
    with pytest.raises(ModelError, match="cannot be read"):
        network_file.load_trained(path)
    path.write_bytes(b"not a zip")
    with pytest.raises(ModelError, match="holds no trained network"):
        network_file.load_trained(path)
    network_file.save_difference(network_file.fresh(), {}, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1000])
    with pytest.raises(ModelError, match="holds no trained network"):
        network_file.load_trained(path)
    path.write_bytes(whole)
    with pytest.raises(ModelError, match="cannot be trained on"):
        train(replace(config(tmp_path, model, embedding, samples), out=path))
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays.pop("base.mesh_out.bias")
    np.savez(path, **arrays)
    with pytest.raises(ModelError, match=r"base\.mesh_out\.bias is missing"):
        network_file.load_trained(path)
    for odd in (np.array("x"), np.array(5, "M8[s]")):
        np.savez(path, **{**arrays, "base.mesh_out.bias": odd})
        with pytest.raises(ModelError, match="holds no numbers"):
            network_file.load_trained(path)
    arrays["about"] = np.frombuffer(bytes(arrays["about"]).replace(b'"version": 1', b'"version": 9'), np.uint8)
    np.savez(path, **arrays)
    with pytest.raises(ModelError, match="of version 9"):
        network_file.load_trained(path)


def test_a_checkpoint_that_lacks_something_is_refused(model, embedding, samples, tmp_path):
    plan = config(tmp_path, model, embedding, samples)
    weights = network_file.fresh().state_dict()
    for about in ({"step": 2}, {"step": "two", "history": []}, {"step": 2, "history": []}):
        network_file.save_checkpoint(plan.out, about, {"weights": weights})
        with pytest.raises(ModelError, match=r"is damaged .* to begin anew"):
            train(plan)


def test_what_matters_more_counts_more():
    weights = point_weights()
    assert float(weights.mean()) == pytest.approx(1)
    assert weights[13] > weights[50]  # the inner lip before the cheek
    assert weights[159] > weights[50]
    assert weights[470] > weights[50]
