"""Profiles of actors before the takes that need them."""

import json
from pathlib import Path

import pytest

from app import batch_profiles
from app.openjd_bundle import template
from app.request import Request, takes_of
from capture.errors import Cancelled
from tests.app.command import mien_here
from tests.app.shoots import FEW, shoot_of
from tests.clips import numbered, write_clip


class _Notes:
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, take: str, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    for name, settings in (("T001", 'actor = "anna"'), ("ROM", 'actor = "anna"\nprofile = true'),
                           ("T002", 'actor = "bert"'), ("ROMb", 'actor = "bert"\nprofile = true')):
        (tmp_path / "takes" / name).mkdir(parents=True)
        write_clip(tmp_path / "takes" / name / "camA.mp4", numbered(3))
        (tmp_path / "takes" / name / "take.toml").write_text(settings)
    (tmp_path / "actors" / "bert").mkdir(parents=True)
    (tmp_path / "actors" / "bert" / "actor.json").write_text("{}")
    return tmp_path


def test_the_marked_take_of_an_actor_without_a_profile_comes_first(shoot: Path,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    ran = []
    monkeypatch.setattr(batch_profiles, "_run", lambda *arguments: ran.append(arguments) or (0, "learnt"))
    takes, _ = takes_of([shoot])
    tell = _Notes()
    batch_profiles.make_first(takes, Request("mien", end="30"), tell)
    rom = shoot / "takes" / "ROM"
    assert [arguments[:3] for arguments in ran] == [("solve", rom, "--only"), ("actor", "make", "anna")]
    assert all(arguments[arguments.index("--end") + 1] == "30" for arguments in ran), "of the same frames"
    assert tell.said[-1] == "anna: learnt"


def test_where_no_profile_can_be_made_the_takes_do_without(shoot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    takes, _ = takes_of([shoot])
    tell = _Notes()
    monkeypatch.setattr(batch_profiles, "_run", lambda *arguments: (2, "too short"))
    batch_profiles.make_first(takes, Request("mien"), tell)
    assert tell.said[-1] == "anna has no profile, and is solved without: too short"
    monkeypatch.setattr(batch_profiles, "_run", lambda *arguments: (Cancelled.exit_code, ""))
    with pytest.raises(Cancelled):
        batch_profiles.make_first(takes, Request("mien"), tell)


def test_a_farm_s_job_learns_after_detecting_and_before_solving() -> None:
    steps = [step["name"] for step in template("job", ["T001"], [], [], False, actors=True)["steps"]]
    assert steps == ["Prepare", "Actors", "Solve", "Export", "Report"]


def test_a_batch_tries_and_goes_on(demo: Path, tmp_path: Path) -> None:
    """The commands are really run: eight frames are too few for a profile, which is said, and all takes are done."""
    shoot = shoot_of(demo, tmp_path / "shoot", ("ROM", "T001"))
    (shoot / "takes" / "ROM" / "take.toml").write_text('actor = "anna"\nprofile = true\n')
    ended = mien_here("solve", shoot, *FEW, "--events")
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    notes = [event["text"] for event in events if event["event"] == "note"]
    assert any("learning the face from ROM" in note for note in notes)
    assert any("anna has no profile, and is solved without: " in note and "in 4 frames, and a profile needs" in note
               for note in notes)
    assert events[-1]["done"] == 2
