"""The app and a batch at once on one shoot: neither stops the other, and nothing of either is lost."""

import subprocess
import sys

from app.corrections import corrections_path, load_layer
from app.gui import edits
from capture.shoot import open_shoot
from exporters.to_json import read
from tests.app.command import ROOT, environment, mien
from tests.app.shoots import FEW, shoot_of


def test_an_animator_corrects_while_a_batch_solves(window, qtbot, demo, tmp_path):
    shoot = shoot_of(demo, tmp_path / "shoot", ("T001", "T002"))
    mien("solve", shoot / "takes" / "T001", *FEW)
    session = window.session
    said = []
    session.message.connect(said.append)
    session.open(shoot)
    qtbot.waitUntil(lambda: bool(window.grid.panes) and all(pane.picture is not None for pane in window.grid.panes))
    batch = subprocess.Popen([sys.executable, "-m", "app.cli", "solve", str(shoot), "--jobs", "2", *FEW], cwd=ROOT,
                             env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    session.seek(2)
    session.select_shapes(("jawOpen",))
    edits.key_here(session)
    while batch.poll() is None:
        session.seek((session.frame + 1) % 4)
        qtbot.wait(50)
    session.save()
    assert batch.returncode == 0
    assert said == []
    take = open_shoot(shoot).takes[0]
    assert [key.frame for key in load_layer(corrections_path(take)).keys["jawOpen"]] == [2]
    assert all(read(shoot / "solved" / f"{name}.mien.json").frames == 4 for name in ("T001", "T002"))
