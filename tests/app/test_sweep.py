"""What a process that was killed had half-written is removed by the next one, and nothing else."""

import os
import time
from pathlib import Path

from app.places import places
from app.take_job import _sweep
from capture.shoot import Take


def test_half_written_files_go_and_all_others_stay(tmp_path: Path) -> None:
    take = Take("T[1]", tmp_path, (tmp_path / "camA.mp4",))
    where = places(take, None)
    ours = [where.work / f".{name}.x1.part" for name in
            ("detect.camA.npz", "pointed.camA.npz", "solve.json", "report.json", "settings.json", "rig.face.toml",
             "done.json")]
    ours += [where.work / "took" / ".solve.json.x1.part", where.work / "parts" / "camA" / ".0000000.npz.x1.part",
             where.out / ".T[1].report.html.x1.part", where.out / ".T[1].fbx.x1.part"]
    others = [where.work / ".corrections.json.x1.part", where.work / "solve.json", where.out / ".T1.fbx.x1.part",
              where.out / ".T2.report.html.x1.part", where.out / "T[1].report.html", tmp_path / "camA.mp4",
              tmp_path / ".camA.mp4.x1.part", where.work / "parts" / "camA" / ".0000480.npz.x2.part"]
    for path in (*ours, *others):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
        if path is not others[-1]:  # which some machine of a farm is writing
            os.utime(path, (time.time() - 100,) * 2)
    _sweep(take, where)
    assert [path.name for path in ours if path.exists()] == []
    assert [path.name for path in others if not path.exists()] == []
