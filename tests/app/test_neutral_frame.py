"""Naming the frame of a face at rest: by option or take.toml, one that is solved, of one take."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.cli import main
from app.outcomes import options_of
from app.preparing import neutral_frame, survey
from app.request import Request
from capture.errors import DataError, UsageError
from capture.settings import read_settings
from capture.shoot import find_takes
from capture.timecode import parse
from tests.clips import numbered, write_clip


def take_of(folder: Path, settings: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "camA.mp4").write_bytes(b"")
    (folder / "take.toml").write_text(settings)
    return folder


def ready(first: int = 0, timecode: str | None = None) -> SimpleNamespace:
    """What a prepared take says of its frames: those from `first` to 29 are solved."""
    rate = Fraction(25)
    start = None if timecode is None else parse(timecode, rate)
    return SimpleNamespace(first=first, stop=30, take=SimpleNamespace(settings={"neutral": "4"}),
                           clips=SimpleNamespace(rate=rate, start_timecode=start, frames=40))


@pytest.mark.parametrize(("written", "asked", "meant"), [
    ("neutral = 7", None, "7"), ("neutral = 7", "9", "9"), ("", "9", "9"), ("", None, None),
    ('neutral = "10:00:01:00"', None, "10:00:01:00")])
def test_the_option_comes_before_the_take(tmp_path: Path, written: str, asked: str | None, meant: str | None) -> None:
    take = find_takes(take_of(tmp_path / "T001", written))[0]
    assert options_of(take, Request("mien", neutral=asked)).neutral == meant


def test_a_number_and_a_timecode_are_counted_from_the_first_frame_that_is_solved(tmp_path: Path) -> None:
    take = find_takes(take_of(tmp_path / "T001", ""))[0]

    def frame(text: str, *where: object) -> int | None:
        return neutral_frame(ready(*where), options_of(take, Request("mien", neutral=text)))

    assert frame("12") == 12
    assert frame("12", 10) == 2
    assert frame("10:00:01:00", 0, "10:00:00:00") == 25
    assert neutral_frame(ready(), options_of(take, Request("mien"))) is None
    for wrong, where in (("30", ()), ("9", (10,)), ("10:00:01:00", ())):
        with pytest.raises(UsageError, match="neutral frame"):
            frame(wrong, *where)


def test_a_takes_neutral_frame_may_lie_outside_the_part_that_is_solved_but_not_outside_the_take(tmp_path: Path) -> None:
    take = find_takes(take_of(tmp_path / "T001", ""))[0]
    options = options_of(take, Request("mien", neutral="4"))
    assert neutral_frame(ready(), options) == 4
    assert neutral_frame(ready(10), options) is None
    nowhere = ready()
    nowhere.take.settings["neutral"] = "44"
    with pytest.raises(UsageError, match="neutral frame 44"):
        neutral_frame(nowhere, options_of(take, Request("mien", neutral="44")))


def test_drop_frame_clips_take_a_colon_too(tmp_path: Path) -> None:
    take, rate = find_takes(take_of(tmp_path / "T001", ""))[0], Fraction(30000, 1001)
    clips = SimpleNamespace(rate=rate, start_timecode=parse("10:00:00;00", rate))
    here = SimpleNamespace(first=0, stop=300, clips=clips)
    for text in ("10:00:05:00", "10:00:05;00"):
        assert neutral_frame(here, options_of(take, Request("mien", neutral=text))) == 150


def test_a_take_may_go_on_past_midnight(tmp_path: Path) -> None:
    take = find_takes(take_of(tmp_path / "T001", ""))[0]
    assert neutral_frame(ready(0, "23:59:59:20"), options_of(take, Request("mien", neutral="00:00:00:05"))) == 10


@pytest.mark.parametrize("wrong", ["-1", "true", "1.5", "[3]"])
def test_what_is_no_frame_is_told(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "take.toml").write_text(f"neutral = {wrong}")
    with pytest.raises(DataError, match=r"take\.toml: neutral: .* is neither a frame's number nor a timecode"):
        read_settings(tmp_path / "take.toml")


def test_one_frame_cannot_be_of_two_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("T001", "T002"):
        take_of(tmp_path / "takes" / name, "")
    assert main(["solve", str(tmp_path), "--neutral", "3"]) == 2
    assert "--neutral 3 is a frame of one take, and there are 2" in capsys.readouterr().err


@pytest.mark.parametrize("timecode", [None, "23:59:59:20"])
@pytest.mark.parametrize("option", ["start", "end", "neutral"])
@pytest.mark.parametrize("wrong", ["abc", "00:00:61:00", "00:00:00:25", "-3"])
def test_what_is_no_frame_is_a_fault_of_usage(tmp_path: Path, option: str, wrong: str, timecode: str | None) -> None:
    write_clip(tmp_path / "camA.mp4", numbered(30), 25, timecode=timecode)
    take, = find_takes(tmp_path)
    options = options_of(take, Request("mien", **{option: wrong}))
    with pytest.raises(UsageError, match=rf"{option}.* {wrong}: .*; a frame number will do"):  # noqa: PT012
        survey(take, options)
        neutral_frame(ready(0, timecode), options)


def test_the_end_may_lie_past_midnight(tmp_path: Path) -> None:
    write_clip(tmp_path / "camA.mp4", numbered(30), 25, timecode="23:59:59:20")
    take, = find_takes(tmp_path)
    assert survey(take, options_of(take, Request("mien", end="00:00:00:05")))[-1] == (0, 10)
