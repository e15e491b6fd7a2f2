"""The rendered shoot, solved once for all tests of the app."""

from pathlib import Path

import pytest

from solver.landmarks import Landmarks
from tests.app.command import mien
from tests.artefacts import landmarks_in
from tests.material import shared


@pytest.fixture(scope="session")
def actor1(tmp_path_factory: pytest.TempPathFactory, cache: None) -> Path:
    """The folder of the rendered shoot solved with its own rig and ICT's model, once."""
    folder = tmp_path_factory.mktemp("actor1")
    mien("solve", shared("truth", "actor1"), "--model", shared("models", "ICT-FaceKit-master.zip"), "--out", folder,
         "--format", "json")
    return folder


@pytest.fixture(scope="session")
def actor1_landmarks(actor1: Path) -> Landmarks:
    """What our network found in it, in camA, camB and camC."""
    return landmarks_in(actor1 / ".mien" / "T001")
