"""What a solve is asked where the command line leaves it to the shoot's own settings."""

from pathlib import Path

import pytest

from app.cli import main
from app.request import Request, model_of
from capture.errors import UsageError
from capture.shoot import Take, find_takes


def shoot_of(folder: Path, said: str, *of_takes: str) -> list[Take]:
    """The takes of a shoot whose shoot.toml and take.toml files say this."""
    for number, text in enumerate(of_takes, 1):
        take = folder / "takes" / f"T{number:03}"
        take.mkdir(parents=True)
        (take / "camA.mp4").write_bytes(b"")
        (take / "take.toml").write_text(text)
    (folder / "shoot.toml").write_text(said)
    return list(find_takes(folder))


@pytest.mark.parametrize(("asked", "of_take", "meant"), [
    (None, "", "anna"), (None, 'actor = "ben"', "ben"), ("carl", 'actor = "ben"', "carl")])
def test_the_actor_is_the_options_then_the_takes_then_the_shoots(
        tmp_path: Path, asked: str | None, of_take: str, meant: str) -> None:
    take, = shoot_of(tmp_path, 'actor = "anna"', of_take)
    assert Request("mien", actor=asked).actor_of(take) == meant


@pytest.mark.parametrize(("said", "of_takes", "meant"), [
    ('model = "ict"', ("", ""), "ict"), ('model = "ict"', ('model = "mien"',), "mien"), ("", ("",), "mien"),
    ("", (), "mien")])
def test_the_model_is_the_takes_then_the_shoots(
        tmp_path: Path, said: str, of_takes: tuple[str, ...], meant: str) -> None:
    assert model_of(shoot_of(tmp_path, said, *of_takes) if of_takes else []) == meant


def test_takes_of_several_models_are_solved_apart(tmp_path: Path) -> None:
    takes = shoot_of(tmp_path, 'model = "ict"', "", 'model = "mien"')
    with pytest.raises(UsageError, match=r"T001 .* ict and T002 with mien.* --model"):
        model_of(takes)


@pytest.mark.parametrize(("more", "said"), [((), "no model 'nobody'"), (("--model", "other"), "no model 'other'")])
def test_a_solve_takes_the_shoots_model_unless_told_another(
        tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], said: str) -> None:
    shoot_of(tmp_path, 'model = "nobody"', "")
    assert main(["solve", str(tmp_path), *more]) == 3
    assert said in capsys.readouterr().err


def test_two_clips_whose_results_would_lie_in_one_place_are_refused(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = [tmp_path / name for name in ("camA.mp4", "camA.mov")]
    for clip in clips:
        clip.write_bytes(b"")
    for more in ((), ("--out", str(tmp_path / "out"))):
        assert main(["solve", *map(str, clips), *more]) == 2
        assert "two of the takes are called 'camA'" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--camera", "camA"], ["--frames", "0-9"], ["--expect", "x"],
                                   ["--only", "prepare", "--camera", "camA"], ["--only", "solve", "--frames", "0-9"]])
def test_what_only_one_step_heeds_is_refused_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                                       words: list[str]) -> None:
    (tmp_path / "camA.mp4").write_bytes(b"")
    assert main(["solve", str(tmp_path), *words]) == 2
    assert f"{words[-2]} " in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["camA.mp4"]
