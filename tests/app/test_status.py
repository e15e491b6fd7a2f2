"""What the disk says of a take, without a solve: records that the footage and the results bear out, or do not."""

import json
import os
import shutil
from pathlib import Path

import pytest

from app import records
from app.locks import LOCK_NAME, RUNNING_NAME
from app.places import ASKED_NAME, RIG_NAME, SOLVE_NAME, Places, places
from app.request import Request, takes_of
from app.status import SUMMARY_NAME, TakeState, state_of_take, write_summaries
from capture.shoot import Take, find_takes


@pytest.fixture
def take(tmp_path: Path) -> Take:
    folder = tmp_path / "shoot" / "takes" / "T001"
    folder.mkdir(parents=True)
    (folder / "camA.mp4").write_bytes(b"a" * 100)
    return takes_of([tmp_path / "shoot"])[0][0]


def solved(take: Take, rig: Path | None = None) -> Places:
    """The take as a run leaves it that ended well."""
    where = places(take, None)
    where.work.mkdir()
    where.out.mkdir()
    for path in (where.work / SOLVE_NAME, where.work / RIG_NAME, where.out / "T001.csv"):
        path.write_text("x")
    records.save_done(where, "asked", records.inputs_of(take, rig), (str(where.out / "T001.csv"),))
    return where


def test_to_do_and_done(take: Take) -> None:
    assert state_of_take(take, places(take, None)) == TakeState("T001", "to do")
    where = solved(take)
    assert state_of_take(take, where) == TakeState("T001", "done", "", ("T001.csv",))


def test_a_changed_clip_is_stale(take: Take) -> None:
    where = solved(take)
    os.link(take.clips[0], take.folder / "backup")
    assert state_of_take(take, where).state == "done", "a hard link is no change"
    take.clips[0].write_bytes(b"b" * 99)
    assert state_of_take(take, where) == TakeState("T001", "stale", "camA.mp4 has changed since it was solved")


def test_a_copied_clip_is_not_called_changed(take: Take, tmp_path: Path) -> None:
    solved(take)
    copied = tmp_path / "copied"
    shutil.copytree(tmp_path / "shoot", copied, copy_function=shutil.copyfile)
    take = takes_of([copied])[0][0]
    state = state_of_take(take, places(take, None))
    assert state == TakeState("T001", "stale", "camA.mp4 is another file than the one that was solved, of the same "
                                               "size: a copy, or changed; `mien solve` finds out")


@pytest.mark.parametrize("name", ["take.toml", "rig.toml", "sync.toml", "corrections.json"])
def test_changed_settings_are_stale(take: Take, tmp_path: Path, name: str) -> None:
    where = solved(take)
    (take.folder / name).write_text("# another\n")
    take = takes_of([tmp_path / "shoot"])[0][0]
    assert state_of_take(take, where) == TakeState("T001", "stale", f"{name} has changed since it was solved")


@pytest.mark.parametrize("name", ["T001.csv", SOLVE_NAME])
def test_a_result_that_is_gone_is_stale(take: Take, name: str) -> None:
    where = solved(take)
    (where.out / name if name == "T001.csv" else where.work / name).unlink()
    assert state_of_take(take, where).state == "stale"
    assert name in state_of_take(take, where).detail


def test_a_failure_holds_until_its_files_change(take: Take) -> None:
    where = solved(take)
    records.save_failed(where, take, None, "camA.mp4 is cut off")
    assert state_of_take(take, where) == TakeState("T001", "failed", "camA.mp4 is cut off")
    take.clips[0].write_bytes(b"whole")
    assert state_of_take(take, where) == TakeState("T001", "to do", "camA.mp4 has changed since it failed")


def test_a_rig_given_to_the_solve_is_no_change(take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor where it was named from another folder."""
    rig = tmp_path / "cams.toml"
    rig.write_text("# one\n")
    monkeypatch.chdir(tmp_path)
    where = solved(take, rig)
    (where.work / ASKED_NAME).write_text(json.dumps({"rig": records.given(Path("cams.toml"))}))
    monkeypatch.chdir("/")
    assert state_of_take(take, where).state == "done"
    records.save_failed(where, take, rig, "no face")
    assert state_of_take(take, where) == TakeState("T001", "failed", "no face")
    records.forget(where, records.FAILED_NAME)
    moved = rig.rename(tmp_path / "elsewhere.toml")  # as another machine of a farm sees it
    assert state_of_take(take, where, moved).state == "done"
    moved.rename(rig)
    rig.write_text("# another\n")
    assert state_of_take(take, where) == TakeState("T001", "stale", "rig.toml has changed since it was solved")


def test_running_elsewhere_and_stopped(take: Take) -> None:
    where = solved(take)
    owner = {"host": "render07", "machine": "elsewhere", "pid": 4, "born": "5", "token": "t"}
    (where.work / LOCK_NAME).write_text(json.dumps(owner))
    assert state_of_take(take, where) == TakeState("T001", "running", "by render07 (process 4)")
    running = {"token": "t", "step": "detect camA", "done": 3, "total": 9, "seconds": 60.0}
    (where.work / RUNNING_NAME).write_text(json.dumps(running))
    detail = state_of_take(take, where).detail
    assert detail.startswith("by render07 (process 4) since ")
    assert detail.endswith(": detect camA 3/9")
    old = (where.work / LOCK_NAME).stat().st_mtime - 1000
    os.utime(where.work / LOCK_NAME, (old, old))
    records.forget(where, records.DONE_NAME)
    assert state_of_take(take, where) == TakeState("T001", "to do",
                                                   "render07 (process 4) stopped in detect camA 3/9")


def test_a_lock_that_cannot_be_opened_is_told(take: Take) -> None:
    where = solved(take)
    (where.work / LOCK_NAME).symlink_to(where.work / "nowhere")
    state = state_of_take(take, where)
    assert state.state == "failed"
    assert "cannot be opened" in state.detail


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"asked": 1, "inputs": 2, "outputs": 3, "kept": 4}', "\x00"])
def test_damaged_records_count_as_none(take: Take, text: str) -> None:
    where = solved(take)
    (where.work / records.DONE_NAME).write_text(text)
    (where.work / records.FAILED_NAME).write_text(text)
    assert state_of_take(take, where) == TakeState("T001", "to do")


def test_the_summary_names_no_folder_and_no_time(take: Take, tmp_path: Path) -> None:
    where = places(take, None)
    where.out.mkdir()
    records.save_failed(where, take, None, f"{take.clips[0]} is cut off; copy it again")
    written = write_summaries([take], Request("mien"))
    assert written == [where.out / SUMMARY_NAME]
    data = written[0].read_bytes()
    assert data == write_summaries([take, take], Request("mien"))[0].read_bytes()
    assert json.loads(data)["takes"] == [{"take": "T001", "state": "failed", "outputs": [],
                                          "error": "camA.mp4 is cut off; copy it again"}]
    assert str(tmp_path).encode() not in data


def test_the_summary_of_a_part_tells_of_the_whole_shoot(take: Take) -> None:
    other = take.folder.parent / "T002"
    other.mkdir()
    (other / "camA.mp4").write_bytes(b"b")
    solved(take)
    written, = write_summaries([take], Request("mien"))
    assert [(one["take"], one["state"]) for one in json.loads(written.read_bytes())["takes"]] == [
        ("T001", "done"), ("T002", "to do")]


def test_the_summary_of_a_take_whose_name_is_no_text(take: Take) -> None:
    odd = take.folder.rename(take.folder.with_name(os.fsdecode(b"T\xe4")))
    written, = write_summaries(find_takes(odd), Request("mien"))
    assert [one["take"] for one in json.loads(written.read_bytes())["takes"]] == [odd.name]


def test_a_lone_clip_is_solved_again_after_the_take_toml_beside_it_has_changed(tmp_path: Path) -> None:
    (tmp_path / "camA.mp4").write_bytes(b"x")
    before = records.inputs_of(find_takes(tmp_path / "camA.mp4")[0], None)
    (tmp_path / "take.toml").write_text("focal_35mm = 50\n")
    assert records.changed(before, records.inputs_of(find_takes(tmp_path / "camA.mp4")[0], None)) == "take.toml"
