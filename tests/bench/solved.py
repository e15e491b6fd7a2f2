"""`python -m tests.bench.solved [cameras|clips]...`: what a solve is worth on filmed faces, whose truth nobody knows.

Needs the shared material. Each preset is asked for something that it was not shown. `cameras`: four cameras around a
seated man, one of them left out of the solve; the solved face comes back into its picture and is compared with the
landmarks found there. `clips`: one camera, half of the landmarks left out of the solve.

The second favours `draft`, which believes nothing but landmarks: neighbouring landmarks err alike, so a fit to their
errors tells the errors of those left out. On the rendered shoots made as small as these faces the pictures lower the
weights' error by 4 % while this distance grows by 4 %.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from app.detectors import landmarker_named
from capture.camera import Rig, lone_camera
from capture.rig_import import from_caliscope
from capture.video import probe
from solver.detect import stack
from solver.landmarks import Landmarks
from solver.live import FOCAL_GUESS
from solver.network_detector import NetworkDetector
from solver.residuals import landmark_errors
from solver.solve import PRESETS, TakeFacts, solve_take
from tests.bench.landmarks import CLIPS, pictures_of, rig_of_the_board, tracked
from tests.material import ict_model, shared

COMPARED = ("draft", "standard")
FACTS = TakeFacts("take", "", Fraction(30), "00:00:00:00", {})


def errors(preset: str, marks: Landmarks, rig: Rig, lone: bool, pictures: list[list[np.ndarray]],
           asked: Landmarks, among: Rig, read: Landmarks) -> np.ndarray:
    """(C', T, N) px between a solve of `marks` and the landmarks `asked`, which cameras of `among` found."""
    landmarker = landmarker_named("mien", "cpu")
    model = ict_model()
    embedding = landmarker.embedding(model)
    performance, used = solve_take(marks, rig, lone, model, embedding, FACTS, lambda done, total: None, PRESETS[preset],
                                   reading=landmarker.read(read, None),
                                   film=lambda camera, chosen: (pictures[camera][frame] for frame in chosen))
    return landmark_errors(performance, model, embedding, used if lone else among, asked)


def said(label: str, off: np.ndarray) -> None:
    print(f"{label:<42}{np.isfinite(off).any(axis=-1).sum():>5} pictures: median {np.nanmedian(off):.2f} px, "
          f"root mean square {np.sqrt(np.nanmean(off**2)):.2f} px", flush=True)


def cameras() -> None:
    folder = shared("multicam", "caliscope", "post_optimization")
    stored = from_caliscope(folder / "camera_array.toml")
    clips = [folder / "calibration" / "extrinsic" / f"{name}.mp4" for name in stored.names]
    rig, pictures = rig_of_the_board(stored, clips), [pictures_of(clip) for clip in clips]
    marks = stack(rig.names, [tracked(NetworkDetector(), each, probe(clip).frame_rate)
                              for each, clip in zip(pictures, clips, strict=True)], NetworkDetector().scheme)

    def of(some: list[int]) -> Landmarks:
        return replace(marks, cameras=tuple(rig.names[index] for index in some), xy=marks.xy[some],
                       sigma=marks.sigma[some], seen=marks.seen[some])

    together: dict[str, list[np.ndarray]] = {preset: [] for preset in COMPARED}
    for camera, name in enumerate(rig.names):
        rest = [index for index in range(len(rig.names)) if index != camera]
        told = marks.found[rest].sum(axis=0) >= 2  # one camera knows no distance
        for preset in COMPARED:
            off = errors(preset, of(rest), Rig(tuple(rig.cameras[index] for index in rest)), False,
                         [pictures[index] for index in rest], of([camera]), rig, of(rest))[:, told]
            said(f"{name} left out, {preset}", off)
            together[preset].append(off[0])
    for preset, each in together.items():
        said(f"all, {preset}", np.concatenate(each))


def filmed() -> None:
    for name in CLIPS:
        path = shared("footage", *name.split("/"))
        pictures = pictures_of(path)
        marks = stack(["cam"], [tracked(NetworkDetector(), pictures, probe(path).frame_rate)], NetworkDetector().scheme)
        if not marks.found.any():
            continue
        size = pictures[0].shape[1], pictures[0].shape[0]
        rig = Rig((lone_camera("cam", size, FOCAL_GUESS * max(size)),))
        half = np.random.default_rng(0).random(marks.seen.shape[2]) < 0.5
        # Without a place, they do not pass for points behind a hand.
        kept = replace(marks, seen=marks.seen & half, xy=np.where(half[:, None], marks.xy, np.nan))
        asked = replace(marks, seen=marks.seen & ~half)
        for preset in COMPARED:
            said(f"{name}, {preset}", errors(preset, kept, rig, True, [pictures], asked, rig, marks))


PARTS: dict[str, Callable[[], None]] = {"cameras": cameras, "clips": filmed}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
