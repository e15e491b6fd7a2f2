"""The Model page: rigs are added, what their names stand for is seen, mended, saved, undone and checked."""

import dataclasses
import textwrap

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QLabel

from app.gui import jobs, take_data
from app.gui.names_table import OUT, OWN, STANDS
from solver.model_file import save_model
from solver.model_import import add_model, find_model, names_file
from solver.shape_names import read_names
from tests.synthetic import small_face

LEFT = Qt.MouseButton.LeftButton
ODD = {"jawOpen": "bouche_ouverte", "mouthSmileLeft": "Smile_L", "tongueOut": "langue"}


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A cache of its own, and a rig with some names that nobody knows."""
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    take_data.model_named.cache_clear()
    face = small_face()
    save_model(dataclasses.replace(face, shape_names=tuple(ODD.get(name, name) for name in face.shape_names)),
               tmp_path / "hero.npz")
    yield tmp_path
    take_data.model_named.cache_clear()


@pytest.fixture
def panel(window, models):
    add_model(models / "hero.npz", "hero")
    window.inspector.show_page("Model")
    window.model.refresh()
    window.model.choice.setCurrentText("hero")
    window.model.show_model()
    return window.model


def item(panel, own: str):
    return next(row for row in map(panel.names.topLevelItem, range(panel.names.topLevelItemCount()))
                if row.text(OWN) == own)


def test_a_rig_is_added_and_its_names_shown(window, models, qtbot):
    window.inspector.show_page("Model")
    assert window.model.names.topLevelItemCount() == 52
    window.model.add_model(models / "hero.npz", "hero")
    job = window.session.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.state in jobs.ENDED, timeout=60_000)
    assert job.state == jobs.DONE, job.error
    window.model.choice.setCurrentText("hero")
    window.model.show_model()
    assert "198 vertices" in window.model.facts.text()
    assert str(names_file("hero")) in window.model.facts.text()
    assert item(window.model, "Smile_L").text(STANDS) == "mouthSmileLeft"
    assert item(window.model, "bouche_ouverte").text(STANDS) == "its own name"
    assert "jawOpen" in window.model.missing.text()


def test_a_name_is_mended_in_its_cell_saved_and_undone(panel, window, qtbot):
    row = item(panel, "bouche_ouverte")
    panel.names.setCurrentItem(row)
    panel.names.setFocus()
    qtbot.keyClick(panel.names, Qt.Key.Key_F2)
    editor = panel.names.findChild(QComboBox)
    editor.setCurrentText("jawOpen")
    qtbot.keyClick(editor.lineEdit(), Qt.Key.Key_Return)
    assert row.text(STANDS) == "jawOpen"
    assert "jawOpen" not in panel.missing.text()
    assert "jawOpen" not in find_model("hero").shape_names, "not before it is saved"
    qtbot.mouseClick(panel.save, LEFT)
    assert read_names(names_file("hero"))["bouche_ouverte"] == "jawOpen"
    assert "jawOpen" in find_model("hero").shape_names
    assert not panel.save.isEnabled()
    assert any("solve the takes again" in sentence for sentence in window.messages.sentences)
    window.actions_by_text["Undo"].trigger()
    assert "jawOpen" not in find_model("hero").shape_names
    assert item(panel, "bouche_ouverte").text(STANDS) == "its own name"


def test_shapes_are_left_out_and_guessed_again(panel, qtbot):
    panel.names.change("langue", OUT)
    assert item(panel, "langue").text(STANDS) == OUT
    qtbot.mouseClick(panel.save, LEFT)
    assert "langue" not in find_model("hero").shape_names
    qtbot.mouseClick(panel.guess, LEFT)
    assert item(panel, "langue").text(STANDS) == "its own name"
    assert panel.save.isEnabled()


def test_a_table_that_leaves_nothing_is_refused_in_words(panel, window, qtbot):
    for row in range(panel.names.topLevelItemCount()):
        panel.names.change(panel.names.topLevelItem(row).text(OWN), OUT)
    before = names_file("hero").read_bytes()
    qtbot.mouseClick(panel.save, LEFT)
    assert "leaves out all shapes" in window.messages.text()
    assert names_file("hero").read_bytes() == before
    assert window.session.undo.count() == 0


def test_a_damaged_model_or_table_is_a_sentence(panel, models):
    names_file("hero").write_text("[names]\nx = 3\n")
    take_data.model_named.cache_clear()
    panel.show_model()
    assert "hero.toml" in panel.facts.text()
    names_file("hero").unlink()
    (models / "cache/models/hero.npz").write_bytes(b"torn")
    take_data.model_named.cache_clear()
    panel.show_model()
    assert "hero" in panel.facts.text()
    assert panel.names.topLevelItemCount() == 0


def test_a_check_is_started_by_the_button_and_its_picture_shown(panel, window, models, qtbot, monkeypatch):
    """The check itself is `mien model check`, which its own tests run; here another module stands in for it."""
    picture = names_file("hero").parent / "checks" / "hero.check.png"
    (models / "stand_in.py").write_text(textwrap.dedent(f"""
        import sys, pathlib, cv2, numpy
        assert sys.argv[1:4] == ["model", "check", "hero"], sys.argv
        pathlib.Path(sys.argv[5]).mkdir(parents=True)
        cv2.imwrite({str(picture)!r}, numpy.zeros((20, 30, 3)))
        print("468 of 478 landmarks lie on the model")
    """))
    monkeypatch.setenv("PYTHONPATH", str(models))
    monkeypatch.setattr(window.session, "run", lambda title, arguments: window.session.jobs.add(
        title, arguments, module="stand_in"))
    qtbot.mouseClick(panel.check, LEFT)
    job = window.session.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.state in jobs.ENDED, timeout=60_000)
    assert job.state == jobs.DONE, job.error
    dialog = next(dialog for dialog in panel.findChildren(QDialog) if dialog.windowTitle() == job.title)
    assert any("468 of 478" in label.text() for label in dialog.findChildren(QLabel))
    assert any(label.pixmap().width() == 30 for label in dialog.findChildren(QLabel))
    dialog.close()
