"""What a solve is asked where the command line leaves it to the shoot's own settings."""

from pathlib import Path

import pytest

from app.request import Request
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
