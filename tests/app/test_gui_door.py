"""`mien gui` where no window can be opened."""

import subprocess
from pathlib import Path

import pytest

from app.cli import main
from app.gui_door import DISPLAYS


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the app's process ends with; it is not begun."""
    ends = [0]
    monkeypatch.setattr("app.gui_door.subprocess.run",
                        lambda command, check: subprocess.CompletedProcess(command, ends[0]))
    monkeypatch.setattr("app.gui_door.sys.platform", "linux")
    for name in DISPLAYS:
        monkeypatch.delenv(name, raising=False)
    return ends


def test_without_a_display_it_says_so(code: list[int], capsys: pytest.CaptureFixture[str],
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    for words in ([], ["gui"]):
        assert main(words) == 2
        assert "needs a display" in capsys.readouterr().err
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert main(["gui"]) == 0


def test_a_path_that_is_not_there_opens_nothing(code: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gui", str(Path("nowhere"))]) == 3
    assert "nowhere does not exist" in capsys.readouterr().err


def test_an_app_that_a_signal_ended_has_failed(code: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    code[0] = -6
    assert main(["gui"]) == 1
