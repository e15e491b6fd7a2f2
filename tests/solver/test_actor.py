"""An actor's profile on disk: whole or refused, in words."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capture.arrays import load_arrays, save_arrays
from capture.errors import DataError
from capture.files import sha256
from solver.actor import NAME, Actor, Taught, load_actor, save_actor
from solver.face_model import FaceModel
from solver.reading import OwnAnswer
from tests.synthetic import small_face


def made(model: FaceModel) -> Actor:
    random = np.random.default_rng(3)
    shapes = np.zeros((2, len(model.neutral), 3), np.float32)
    shapes[:, 10:40] = random.normal(0, 0.001, (2, 30, 3))
    return Actor("anna", model.name, model.sha256, "made", random.normal(0, 1, 4), random.normal(0, 0.001, (50, 3)),
                 ("jawOpen", "mouthPucker"), shapes, random.normal(0, 1, 128), 72, "reader", {"interocular": 0.0631},
                 ({"from": ["T001"], "frames": 48},))


def test_a_profile_reads_back_and_gives_the_same_bytes(tmp_path: Path) -> None:
    model = small_face()
    actor = made(model)
    save_actor(actor, tmp_path / "anna")
    read = load_actor(tmp_path / "anna", model)
    assert read.key == actor.key
    assert (read.name, read.shape_names, read.measures, read.history) == (
        actor.name, actor.shape_names, actor.measures, actor.history)
    np.testing.assert_array_equal(read.shapes, actor.shapes)
    np.testing.assert_allclose(read.identity, actor.identity)
    before = {path.name: path.read_bytes() for path in (tmp_path / "anna").iterdir()}
    save_actor(read, tmp_path / "anna")
    assert {path.name: path.read_bytes() for path in (tmp_path / "anna").iterdir()} == before


def test_the_skin_is_kept_and_one_of_another_face_is_refused(tmp_path: Path) -> None:
    model = small_face()
    skin = np.random.default_rng(2).integers(0, 255, (len(model.neutral), 4)).astype(np.uint8)
    save_actor(replace(made(model), skin=skin), tmp_path)
    np.testing.assert_array_equal(load_actor(tmp_path, model).skin, skin)
    assert load_actor(tmp_path, model).key == made(model).key  # it changes no solve
    save_actor(replace(made(model), skin=skin[:-1]), tmp_path)
    with pytest.raises(DataError, match="its skin is that of no face"):
        load_actor(tmp_path, model)


def with_network(actor: Actor) -> Actor:
    layers = {"out.bias": np.linspace(-1, 1, 9).astype(np.float16)}
    return replace(actor, taught=Taught("a detector", layers, actor.points + 0.001))


def test_an_own_reading_is_kept_and_one_that_no_network_has_is_refused(tmp_path: Path) -> None:
    model, random = small_face(), np.random.default_rng(1)
    answer = OwnAnswer(random.normal(0, 0.1, (5, 7)), random.normal(0, 0.1, 5), np.full(5, 0.9))
    actor = replace(with_network(made(model)), answer=answer)
    actor = replace(actor, taught=replace(actor.taught, answer=replace(answer, bias=answer.bias + 0.1)))
    save_actor(actor, tmp_path)
    read = load_actor(tmp_path, model)
    assert read.key == actor.key != made(model).key
    np.testing.assert_allclose(read.answer.weight, answer.weight, atol=1e-6)
    np.testing.assert_allclose(read.taught.answer.bias, answer.bias + 0.1, atol=1e-6)
    assert json.loads((tmp_path / NAME).read_text())["version"] == 3
    for wrong in (replace(answer, bias=answer.bias[:4]), replace(answer, weight=answer.weight * np.nan),
                  replace(answer, unsure=np.zeros(5)), replace(answer, weight=answer.weight[0])):
        save_actor(replace(actor, answer=wrong), tmp_path)
        with pytest.raises(DataError, match="own reading"):
            load_actor(tmp_path, model)


def test_a_profile_with_a_network_reads_back_and_one_without_is_as_it_was(tmp_path: Path) -> None:
    model = small_face()
    plain, actor = made(model), with_network(made(model))
    save_actor(actor, tmp_path)
    read = load_actor(tmp_path, model)
    assert (read.key, read.taught.key) == (actor.key, actor.taught.key)
    assert len({read.key, plain.key, replace(actor, taught=replace(actor.taught, detector="other")).key}) == 3
    np.testing.assert_array_equal(read.taught.layers["out.bias"], actor.taught.layers["out.bias"])
    np.testing.assert_allclose(read.taught.points, actor.taught.points)
    assert json.loads((tmp_path / NAME).read_text())["version"] == 2
    save_actor(plain, tmp_path)
    assert not list(tmp_path.glob("network-*.npz"))
    document = json.loads((tmp_path / NAME).read_text())
    assert document["version"] == 1  # an older mien reads it, too
    assert "network" not in document
    assert load_actor(tmp_path, model).taught is None


def test_networks_of_no_actor_are_refused(tmp_path: Path) -> None:
    model = small_face()
    actor = with_network(made(model))
    for bad in ({"layers": {"out.bias": np.full(9, np.nan, np.float16)}},
                {"layers": {"out.bias": np.full(9, 60.0, np.float16)}}, {"points": actor.points + 1.0},
                {"points": actor.points[:3]}, {"points": actor.points * np.nan}):
        save_actor(replace(actor, taught=replace(actor.taught, **bad)), tmp_path / "bad")
        with pytest.raises(DataError, match="is damaged"):
            load_actor(tmp_path / "bad", model)
    save_actor(actor, tmp_path / "cut")
    network = next((tmp_path / "cut").glob("network-*.npz"))
    network.write_bytes(network.read_bytes()[:100])
    with pytest.raises(DataError, match="missing or not what"):
        load_actor(tmp_path / "cut", model)


def test_an_actors_model_keeps_names_and_changes_only_its_shapes() -> None:
    model = small_face()
    own = made(model).model(model)
    changed = [name for index, name in enumerate(model.shape_names)
               if not np.array_equal(own.shapes[index], model.shapes[index])]
    assert changed == ["jawOpen", "mouthPucker"]
    assert own.shape_names == model.shape_names


def test_a_new_profile_replaces_the_old_one_whole(tmp_path: Path) -> None:
    """A write that was cut off after the arrays and before actor.json leaves the old profile as it was."""
    model = small_face()
    old = made(model)
    save_actor(old, tmp_path)
    document = (tmp_path / NAME).read_bytes()
    faces = {path.name: path.read_bytes() for path in tmp_path.glob("face-*.npz")}
    save_actor(replace(old, identity=old.identity + 1), tmp_path)
    assert len(list(tmp_path.glob("face-*.npz"))) == 1
    (tmp_path / NAME).write_bytes(document)
    for name, data in faces.items():
        (tmp_path / name).write_bytes(data)
    assert load_actor(tmp_path, model).key == old.key


@pytest.mark.parametrize(("change", "words"), [
    (lambda folder: (folder / NAME).unlink(), "there is no profile"),
    (lambda folder: (folder / NAME).write_text("{"), "is damaged"),
    (lambda folder: edit(folder, version=9), "newer mien"),
    (lambda folder: edit(folder, version=True), "newer mien"),
    (lambda folder: edit(folder, format="mien.performance"), "no profile of an actor"),
    (lambda folder: edit(folder, files={}), "has no checksum"),
    (lambda folder: edit(folder, face="../../etc/passwd"), "has no checksum"),
    (lambda folder: edit(folder, measures_m={"interocular": "wide"}), "is no number"),
    (lambda folder: edit(folder, shapes=["jawOpen"]), "is damaged"),
    (lambda folder: edit(folder, model={"name": "other", "sha256": "0"}), "is of the model 'other'"),
    (lambda folder: next(folder.glob("face-*.npz")).write_bytes(b"PK"), "missing or not what"),
    (lambda folder: next(folder.glob("face-*.npz")).unlink(), "missing or not what"),
])
def test_what_is_wrong_with_a_profile_is_said(tmp_path: Path, change: object, words: str) -> None:
    model = small_face()
    save_actor(made(model), tmp_path / "anna")
    change(tmp_path / "anna")
    with pytest.raises(DataError, match=words):
        load_actor(tmp_path / "anna", model)


def test_numbers_of_no_face_are_refused(tmp_path: Path) -> None:
    model = small_face()
    actor = made(model)
    for bad in (replace(actor, identity=np.full(4, np.nan)), replace(actor, shapes=actor.shapes + 1.0),
                replace(actor, identity=np.full(4, 40.0)), replace(actor, shape_names=("jawOpen", "earWiggle")),
                replace(actor, identity=np.zeros(7))):
        save_actor(bad, tmp_path / "bad")
        with pytest.raises(DataError, match="is damaged"):
            load_actor(tmp_path / "bad", model)


def test_a_profile_that_declares_a_model_which_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    save_actor(made(small_face()), tmp_path / "bad")
    face = next((tmp_path / "bad").glob("face-*.npz"))
    save_arrays(face, load_arrays(face) | {"vertices": np.array(10**10)})
    edit(tmp_path / "bad", files={face.name: sha256(face)})
    with pytest.raises(DataError, match="shapes of 10000000000 vertices"):
        load_actor(tmp_path / "bad")


def edit(folder: Path, **values: object) -> None:
    document = json.loads((folder / NAME).read_text())
    (folder / NAME).write_text(json.dumps({**document, **values}))
