"""Footage of faces that mien cannot see well: told as doubtful, through the whole main job."""

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.app.command import error_of, mien_here
from tests.capture.test_film_look import scene
from tests.clips import write_clip


def upside_down(picture: np.ndarray) -> np.ndarray:
    return picture[::-1, ::-1]


def far_away(picture: np.ndarray) -> np.ndarray:
    """The face is 20 px wide in a picture of 320 by 240."""
    small = cv2.resize(picture, None, fx=0.08, fy=0.08, interpolation=cv2.INTER_AREA)
    out = np.full((240, 320, 3), 90, np.uint8)
    out[60:60 + small.shape[0], 100:100 + small.shape[1]] = small
    return out


@pytest.mark.parametrize("change", [upside_down, far_away])
def test_a_face_that_cannot_be_seen_well_is_flagged_or_refused(demo: Path, tmp_path: Path, change: object) -> None:
    with av.open(str(demo / "takes" / "T001" / "camA.mp4")) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame, _ in zip(container.decode(video=0), range(3),
                                                                         strict=False)]
    write_clip(tmp_path / "odd.mp4", np.stack([change(picture) for picture in pictures]))
    ended = mien_here("solve", tmp_path / "odd.mp4", "--out", tmp_path, "--preset", "draft", "--format", "json",
                      check=None)
    assert ("odd filmed upside down" in ended.stderr) == (change is upside_down)
    if ended.returncode:
        assert "no camera saw a face" in error_of(ended)
        return
    assert all(json.loads((tmp_path / "odd.mien.json").read_text())["quality"]["flags"])
    assert "3 of 3 frames are doubtful" in ended.stderr


def test_a_film_that_is_cut_and_stands_still_is_told_flagged_and_told_again(demo: Path, tmp_path: Path) -> None:
    with av.open(str(demo / "takes" / "T001" / "camA.mp4")) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame, _ in zip(container.decode(video=0), range(24),
                                                                         strict=False)]
    darker = [picture // 2 for picture in pictures[8:]]
    shots = [*pictures[:8], *darker[:8], *[darker[7]] * 5, *darker[8:]]
    write_clip(tmp_path / "cut.mp4", np.stack(shots))
    solve = ("solve", tmp_path / "cut.mp4", "--out", tmp_path, "--preset", "draft", "--format", "json")
    first = mien_here(*solve)
    flags = json.loads((tmp_path / "cut.mien.json").read_text())["quality"]["flags"]
    assert [frame for frame, words in enumerate(flags) if "cut" in words] == [7, 8]
    assert [frame for frame, words in enumerate(flags) if "unseen" in words] == list(range(16, 21))
    words = ("cut is cut at frame 8", "cut shows one picture over and over in frames 16 to 20")
    page = (tmp_path / "cut.report.html").read_text()
    assert all(text in first.stderr and text in page for text in words)
    again = mien_here(*solve)
    assert "solve" not in [line.rsplit(": ", 1)[-1] for line in again.stderr.splitlines()], "nothing was left to do"
    assert all(text in again.stderr for text in words)
    status = mien_here("status", tmp_path / "cut.mp4", "--out", tmp_path)
    assert "cut is cut, cut stands still" in status.stdout


def test_a_film_in_the_dark_is_told_and_reported_and_inspected(demo: Path, tmp_path: Path) -> None:
    with av.open(str(demo / "takes" / "T001" / "camA.mp4")) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame, _ in zip(container.decode(video=0), range(8),
                                                                         strict=False)]
    noise = np.random.default_rng(1).normal(0, 2, (8, *pictures[0].shape))
    dark = [np.clip(picture / 8 + grain, 0, 255).astype(np.uint8)
            for picture, grain in zip(pictures, noise, strict=True)]
    write_clip(tmp_path / "dim.mp4", np.stack(dark), options={"crf": "10"})
    ended = mien_here("solve", tmp_path / "dim.mp4", "--out", tmp_path, "--preset", "draft", "--format", "json")
    assert "dim films the face in the dark, at a level of " in ended.stderr
    assert "dim is too dark" in (tmp_path / "dim.report.html").read_text()
    assert "in the dark" in mien_here("inspect", tmp_path / "dim.mp4").stdout, "it is dark all over"


def test_inspect_looks_at_films_that_are_short_and_at_all_if_asked(tmp_path: Path, monkeypatch) -> None:
    take = tmp_path / "take"
    take.mkdir()
    write_clip(take / "camA.mp4", np.stack(scene(1, 20) + scene(2, 20)), options={"crf": "1"})
    assert "note: camA is cut at frame 20" in mien_here("inspect", take).stdout
    monkeypatch.setattr("app.inspection.AFFORD_PX", 1000)
    said = mien_here("inspect", take).stdout
    assert "is cut" not in said
    assert "the pictures of take were not looked at" in said
    said = mien_here("inspect", take, "--film").stdout
    assert "note: camA is cut at frame 20" in said
    assert "not looked at" not in said
    assert json.loads(mien_here("inspect", take, "--film", "--events").stdout)["takes"][0]["film"] is True
