"""Footage of faces that mien cannot see well: told as doubtful, through the whole main job."""

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.app.command import error_of, mien_here
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
    if ended.returncode:
        assert "no camera saw a face" in error_of(ended)
        return
    assert all(json.loads((tmp_path / "odd.mien.json").read_text())["quality"]["flags"])
    assert "3 of 3 frames are doubtful" in ended.stderr
