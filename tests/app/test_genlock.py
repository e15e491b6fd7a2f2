"""A camera whose pictures come between the others': the solve takes its landmarks at its own time."""

import json
import shutil
from pathlib import Path

from capture.sync import Clock, Timeline, save_timeline
from exporters.to_json import read
from tests.app.command import mien_here


def test_a_fraction_of_a_frame_solves_anew_and_detects_nothing_twice(demo: Path, tmp_path: Path) -> None:
    take = Path(shutil.copytree(demo / "takes" / "T001", tmp_path / "T001", ignore=shutil.ignore_patterns(".mien")))

    def solved(offset: float) -> tuple[set[str], list]:
        save_timeline(Timeline((Clock("camA", 0.0), Clock("camB", offset / 30), Clock("camC", 0.0)), "sound"),
                      take / "sync.toml")
        ended = mien_here("solve", take, "--out", tmp_path / "out", "--rig", demo / "rig.toml", "--format", "json",
                          "--end", "6", "--events")
        events = [json.loads(line) for line in ended.stdout.splitlines()]
        steps = {event["step"].split()[0] for event in events if event["event"] == "progress"}
        return steps, read(tmp_path / "out" / "T001.mien.json").head_translation.tolist()

    first, in_step = solved(0.0)
    second, apart = solved(0.4)
    assert first == {"detect", "solve", "export", "report"}
    assert second == {"solve", "export", "report"}
    assert apart != in_step
