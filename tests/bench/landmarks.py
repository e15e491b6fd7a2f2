"""`python -m tests.bench.landmarks [truth|real|cameras|noise]...`: how right the landmarks are, beside MediaPipe's.

Needs the shared material. `truth`: distance to the true surface points on the rendered shoots, and how many errors lie
within one and two sigmas on each axis. `real`: on filmed faces, frames in which a face is found, and how far the 68
points that most programs know lie from MediaPipe's; beside it how far MediaPipe's lie from what it says of the same
picture in a mirror. `cameras`: four cameras around a seated man; each point is put into space by the other cameras that
see it and comes back into the one that was left out, by the stored rig, which takes the cameras to run in step, and by
the one that mien finds from the board in the same clips. `noise`: how far points shake in a still with noise.
"""

import functools
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from app.bench_truth import read_truth
from app.detectors import landmarker_named
from capture.arrays import load_arrays
from capture.board import Board, find
from capture.calibrate import calibrate
from capture.camera import Camera, Rig, project
from capture.rig_import import from_caliscope
from capture.video import frames, probe
from solver import network_file
from solver.crop import roi_of_points
from solver.detect import Detector, Footage, Track, stack
from solver.embedding import Embedding
from solver.face_model import deform
from solver.landmarks import Landmarks
from solver.mediapipe_runtime import MediapipeDetector
from solver.network import EYE_LEFT, EYE_RIGHT, LIPS, POINTS
from solver.network_detector import NetworkDetector
from solver.network_mirror import MIRRORED
from solver.reprojection import reprojected
from tests.material import ict_model, shared

FINE = sorted({*LIPS.frame[:40], *EYE_LEFT.frame[:16], *EYE_RIGHT.frame[:16], *range(468, POINTS)})
"""Lip lines, lids' edges and irises."""
SIXTY_EIGHT = (
    127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356, 70, 63, 105, 66, 107, 336, 296,
    334, 293, 300, 168, 197, 5, 4, 75, 97, 2, 326, 305, 33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380, 61,
    39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87)
"""The 68 points of the 300-W annotations, as the mesh numbers them."""
CLIPS = ("expressions_woman_640x360.mp4", "smile_man.mp4", "face_then_none_hevc.mov", "no_face_cartoon.mp4",
         "small_faces/again.mkv", "small_faces/book.mkv")
BOARD = Board("charuco", (4, 5), 0.054, 0.0405, "DICT_4X4_1000", True)
"""What the seated man holds."""
MOST = 150
"""Frames of a clip."""
STILL, NOISE = 24, 5.0
"""Frames of the still, and the standard deviation of its noise in levels of 255."""


@functools.cache
def detectors() -> dict[str, Detector]:
    return {"mien": NetworkDetector(), "MediaPipe": MediapipeDetector()}


def tracked(detector: Detector, pictures: list[np.ndarray], rate: Fraction = Fraction(30)) -> Track:
    height, width = pictures[0].shape[:2]

    def again() -> Iterator[np.ndarray]:
        return iter(pictures)

    return detector.detect(Footage((width, height), rate, len(pictures), again), lambda done, total: None)


def pictures_of(path: Path, most: int = MOST) -> list[np.ndarray]:
    clip = probe(path)
    return [frame.rgb for frame in frames(clip, 0, min(most, clip.frames))]


# ---- made truth


def true_points(actor: str) -> tuple[np.ndarray, Embedding]:
    """(C, T, 478, 2) px where a shoot's surface points are, by the renderer's own cameras."""
    model = ict_model()
    embedding = landmarker_named("mien", "cpu").embedding(model)
    path = shared("truth", actor, "truth.npz")
    truth, arrays = read_truth(path, model), load_arrays(path)
    posed, columns = truth.performance, [model.shape_names.index(name) for name in truth.performance.shape_names
                                         if name in model.shape_names]
    known = [name in model.shape_names for name in posed.shape_names]
    own = replace(model, neutral=truth.neutral, identity=model.identity[:0])
    points = []
    for frame in range(posed.frames):
        weights = np.zeros(len(model.shape_names))
        weights[columns] = posed.weights[frame][known]
        head = embedding.points(own, deform(own, weights, np.zeros(0), posed.gaze[frame]))
        turn = Rotation.from_quat(posed.head_rotation[frame]).as_matrix()
        points.append(head @ turn.T + posed.head_translation[frame])
    points = np.array(points)  # (T, 478, 3)
    seen = []
    for rotation, translation, matrix in zip(arrays["cam_R"], arrays["cam_t"], arrays["cam_K"], strict=True):
        corner = matrix.copy()
        corner[:2, 2] -= 0.5  # the renderer counts from the first pixel's corner
        camera = Camera("", (480, 640), corner, rotation=rotation, translation=translation / 100)
        seen.append(project(camera, points))
    return np.array(seen), embedding


def against_truth() -> None:
    print(f"{'shoot':<8}{'points of':<11}{'median px':>10}{'fine':>7}{'aim':>13}{'1 sigma':>9}{'2 sigma':>9}")
    for actor in ("actor1", "actor2"):
        true, embedding = true_points(actor)
        clips = sorted(shared("truth", actor, "takes", "T001").glob("*.mp4"))
        for name, detector in detectors().items():
            tracks = [tracked(detector, pictures_of(clip)) for clip in clips]
            marks = stack([clip.stem for clip in clips], tracks, detector.scheme)
            usable = marks.seen & embedding.known
            apart = np.where(usable[..., None], marks.xy - true, np.nan)
            off = np.linalg.norm(apart, axis=-1)
            shares = [np.nanmean((np.abs(apart) < times * marks.sigma[..., None])[usable]) for times in (1, 2)]
            print(f"{actor:<8}{name:<11}{np.nanmedian(off):>10.2f}{np.nanmedian(off[..., FINE]):>7.2f}{'1.5, 1.0':>13}"
                  f"{shares[0]:>9.0%}{shares[1]:>9.0%}")


# ---- filmed faces


def on_real_faces() -> None:
    print(f"{'clip':<34}{'frames':>7}{'mien':>6}{'MediaPipe':>10}{'apart px':>10}{'its spread':>11}")
    for name in CLIPS:
        pictures = pictures_of(shared("footage", *name.split("/")))
        own, reference = (tracked(detector, pictures) for detector in detectors().values())
        mirrored = tracked(detectors()["MediaPipe"], [np.ascontiguousarray(picture[:, ::-1]) for picture in pictures])
        back = mirrored.xy[:, MIRRORED] * [-1, 1] + [pictures[0].shape[1] - 1, 0]

        def apart(one: np.ndarray, other: np.ndarray) -> float:
            both = np.linalg.norm(one - other, axis=2)[:, SIXTY_EIGHT]
            return float(np.nanmedian(both)) if np.isfinite(both).any() else np.nan

        print(f"{name:<34}{len(pictures):>7}{own.seen.any(axis=1).sum():>6}{reference.seen.any(axis=1).sum():>10}"
              f"{apart(own.xy, reference.xy):>10.2f}{apart(back, reference.xy):>11.2f}")


# ---- several cameras


def left_out() -> None:
    folder = shared("multicam", "caliscope", "post_optimization")
    stored = from_caliscope(folder / "camera_array.toml")
    clips = [folder / "calibration" / "extrinsic" / f"{name}.mp4" for name in stored.names]
    tracks = {name: [tracked(detector, pictures_of(clip), probe(clip).frame_rate) for clip in clips]
              for name, detector in detectors().items()}
    marks = {name: stack(stored.names, each, detectors()[name].scheme) for name, each in tracks.items()}
    for label, rig in (("stored rig", stored), ("mien's rig", rig_of_the_board(stored, clips))):
        _left_out(label, rig, marks)


def rig_of_the_board(stored: Rig, clips: list[Path]) -> Rig:
    """The rig that mien finds from the board in the clips, lenses as stored."""
    seen = {name: [find(BOARD, cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)) for picture in pictures_of(clip)]
            for name, clip in zip(stored.names, clips, strict=True)}
    return calibrate(BOARD, seen, {camera.name: camera.size for camera in stored.cameras},
                     {camera.name: camera for camera in stored.cameras}).rig


def _left_out(label: str, rig: Rig, marks: dict[str, Landmarks]) -> None:
    every = Embedding("", np.zeros(POINTS, int), np.zeros((POINTS, 3)), np.zeros(POINTS), np.zeros(POINTS, bool),
                      np.ones(POINTS, bool))
    common = np.logical_and(*(each.found for each in marks.values()))
    for name, each in marks.items():
        errors = []
        for camera in range(len(rig.cameras)):
            rest = [index for index in range(len(rig.cameras)) if index != camera]
            for frame in np.flatnonzero(common[camera] & (common[rest].sum(axis=0) >= 2)):
                others = [index for index in rest if common[index, frame]]
                part = replace(each, cameras=tuple(rig.names[index] for index in others), xy=each.xy[others],
                               sigma=each.sigma[others], seen=each.seen[others])
                usable = np.broadcast_to(every.known, (len(others), 1, POINTS))
                by = Rig(tuple(rig.cameras[index] for index in others))
                points, _ = reprojected(part, by, np.array([frame]), usable)
                errors.append(np.linalg.norm(project(rig.cameras[camera], points[0]) - each.xy[camera, frame], axis=1))
        errors = np.array(errors)
        print(f"{label}, {name:<9} found in {each.found.sum()} of {each.found.size} pictures; left one camera out, "
              f"{len(errors)} pictures: median {np.median(errors):.2f} px, mean {errors.mean():.2f} px, "
              f"root mean square {np.sqrt(np.square(errors).mean()):.2f} px")


# ---- noise


def shakes() -> None:
    stills = {"actor1": shared("truth", "actor1", "takes", "T001", "camA.mp4"),
              "actor2": shared("truth", "actor2", "takes", "T001", "camA.mp4"),
              "smile_man": shared("footage", "smile_man.mp4"),
              "expressions_woman": shared("footage", "expressions_woman_640x360.mp4")}
    for name, path in stills.items():
        still, random = pictures_of(path, 1)[0], np.random.default_rng(0)
        noisy = [np.clip(still + random.normal(0, NOISE, still.shape), 0, 255).astype(np.uint8) for _ in range(STILL)]
        own, reference = (tracked(detector, noisy).xy for detector in detectors().values())
        ours, its = (float(np.median(xy.std(axis=0))) for xy in (own, reference))
        side = roi_of_points(reference[0], 1.0).side
        print(f"{name:<20} face {side:.0f} px: mien {ours:.3f} px, MediaPipe {its:.3f} px, ratio {ours / its:.2f}")


PARTS: dict[str, Callable[[], None]] = {"truth": against_truth, "real": on_real_faces, "cameras": left_out,
                                        "noise": shakes}

if __name__ == "__main__":
    print(f"network {network_file.key_of(network_file.shipped_path())}")
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
