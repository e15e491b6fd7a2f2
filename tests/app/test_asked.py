"""A take that is done is done again when any step on the way to its results has changed."""

import ast
from pathlib import Path
from types import SimpleNamespace

import pytest

import app
from app import take_job
from app.places import RIG_NAME, SOLVE_NAME, places
from app.preparing import Options
from app.request import Request
from app.status import state_of_take
from capture.shoot import Take, find_takes

OTHER = {("corrections", "VERSION"), ("making", "REPORT_VERSION")}
"""The corrections' stands in their own key, and no result hangs on the report's."""


def versions() -> list[tuple[str, str]]:
    """Module and name of each version that a step's key is made with."""
    found = set()
    for path in Path(app.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("key_of"):
                found |= {(path.stem, part.id) for part in ast.walk(node)
                          if isinstance(part, ast.Name) and part.id.endswith("VERSION")}
    return sorted(found - OTHER - {("take_job", name) for name in vars(take_job)})


@pytest.mark.parametrize(("module", "name"), versions())
def test_every_steps_version_counts(module: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    landmarker = SimpleNamespace(detector=SimpleNamespace(key="d"), reader_key="r")
    tools = SimpleNamespace(landmarker=landmarker, model=SimpleNamespace(sha256="m"))
    take, options = Take("T", Path("nowhere"), ()), Options(None, None, "", ("json",), "draft", None, None, False)
    before = take_job._asked(take, options, tools)
    monkeypatch.setattr(*((take_job, name) if hasattr(take_job, name) else (getattr(take_job, module), name)), 99)
    assert take_job._asked(take, options, tools) != before


def test_the_rig_of_the_last_solve_is_remembered_also_where_nothing_was_left_to_do(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rig lay elsewhere then; `mien status` looks where it lies now."""
    clip = tmp_path / "T001/camA.mp4"
    clip.parent.mkdir()
    clip.write_bytes(b"")
    take, teller = find_takes(clip.parent)[0], SimpleNamespace(progress=lambda *_: None, note=lambda *_: None)
    monkeypatch.setattr(take_job, "tools_of", lambda request: None)
    monkeypatch.setattr(take_job, "_asked", lambda *_: "asked")
    monkeypatch.setattr(take_job, "run_take", lambda *_: ())
    where = places(take, None)
    where.work.mkdir(parents=True)
    for name in (SOLVE_NAME, RIG_NAME):
        (where.work / name).write_text("{}")
    for name in ("one.toml", "two.toml"):
        rig = tmp_path / name
        rig.write_text("# the same\n")
        take_job._solved(take, Request("mien", rig=rig), where, teller, None)
        assert state_of_take(take, where).state == "done"
        rig.unlink()
