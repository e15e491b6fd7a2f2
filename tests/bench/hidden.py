"""`python -m tests.bench.hidden`: what a hand that goes by does to the curves, with and without what sees it.

Single frames of the rendered shoots stand still for a second, and a drawn hand comes before the mouth, or an eye, and
goes again. Nothing in the face moves, so whatever the curves do beside what they do without the hand is error: printed
is its root mean square over the frames with the hand, for the mouth's or the eyes' shapes and for all others. Needs the
shared material.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from app.detectors import landmarker_named
from capture.camera import Rig, load_rig, lone_camera
from solver.detect import stack
from solver.landmarks import Landmarks
from solver.live import FOCAL_GUESS
from solver.network_detector import NetworkDetector
from solver.performance import HIDDEN, Performance
from solver.solve import PRESETS, TakeFacts, solve_take
from solver.train_data_hands import draw_hand
from tests.bench.landmarks import pictures_of, tracked
from tests.material import ict_model, shared

SHOOTS, STILLS = ("actor1", "actor2"), (8, 30)
FRAMES, THERE, NOISE = 32, (8, 24), 3.0
"""How many frames, those with the hand, and the sensor's noise in levels of 255."""
BEFORE = {"mouth": ((13, 14, 17), ("mouth", "jaw")), "eye": ((159, 145), ("eye", "brow"))}
"""What the hand goes before, by landmarks, and how the names of its shapes begin."""
COMES, LARGE = 0.15, 1.6
"""Its way in and out in shares of its stay; the picture that it is drawn on, in shares of the face's height."""
FACTS = TakeFacts("take", "", Fraction(30), "00:00:00:00", {})


def stood_still(picture: np.ndarray, face: np.ndarray | None, about: tuple[int, ...], seed: int
                ) -> Iterator[np.ndarray]:
    """The frames of a picture that stands still; a hand goes by about some landmarks of a face (478, 2) px, if any."""
    random = np.random.default_rng(seed)
    for frame in range(FRAMES):
        shown = picture + random.normal(0, NOISE, picture.shape)
        at = (frame - THERE[0]) / (THERE[1] - THERE[0])
        if face is not None and 0 <= at <= 1:
            high = float(np.ptp(face[:, 1]))
            away = 0.9 * high * (1 - min(1.0, at / COMES, (1 - at) / COMES))
            sway = np.array([0.05 * high * np.sin(7 * at), away])
            shown = _with_hand(shown, face, face[list(about)].mean(axis=0) + sway, seed)
        yield np.clip(shown, 0, 255).astype(np.uint8)


def _with_hand(picture: np.ndarray, face: np.ndarray, tips: np.ndarray, seed: int) -> np.ndarray:
    """The same hand each time, in the face's colour, drawn in a square that is put in its place."""
    side, skin = round(LARGE * float(np.ptp(face[:, 1]))), picture[tuple(face[4].astype(int)[::-1])]
    layer, share = np.zeros((2, side, side, 3), np.float32)
    draw_hand(layer, share, np.full(2, side / 2), 0.95 * skin, np.random.default_rng(seed))
    place = np.array([[1, 0, tips[0] - side / 2], [0, 1, tips[1] - side / 2]])
    share = cv2.GaussianBlur(share, (0, 0), 1)
    share, layer = (cv2.warpAffine(one, place, picture.shape[1::-1]) for one in (share, layer))
    return picture * (1 - share) + share * layer


def landmarks_of(shoot: Path, still: int, about: tuple[int, ...], hand: bool, detector: NetworkDetector) -> Landmarks:
    """What the detector finds in all cameras of a shoot."""
    clips = sorted((shoot / "takes" / "T001").glob("*.mp4"))
    tracks = []
    for clip in clips:
        picture = pictures_of(clip, still + 1)[still]
        face = detector.find(picture).points if hand else None
        tracks.append(tracked(detector, list(stood_still(picture, face, about, still))))
    return stack([clip.stem for clip in clips], tracks, detector.scheme)


def solved(landmarks: Landmarks, shoot: Path) -> Performance:
    landmarker, lone = landmarker_named("mien", "cpu"), len(landmarks.cameras) == 1
    model = ict_model()
    rig = load_rig(shoot / "rig.toml") if not lone else Rig((
        lone_camera(landmarks.cameras[0], (480, 640), FOCAL_GUESS * 640),))
    return solve_take(landmarks, rig, lone, model, landmarker.embedding(model), FACTS, lambda done, total: None,
                      replace(PRESETS["standard"], looks=0), reading=landmarker.read(landmarks))[0]


def main() -> None:
    seeing, blind = NetworkDetector(), NetworkDetector()
    blind._occlusion = None
    for name in SHOOTS:
        shoot = shared("truth", name)
        for what, (about, shapes) in BEFORE.items():
            off: dict[str, list[np.ndarray]] = {"without it": [], "with it": []}
            flagged = []
            for still in STILLS:
                usual = solved(landmarks_of(shoot, still, about, False, seeing), shoot).weights.mean(axis=0)
                for label, detector in (("without it", blind), ("with it", seeing)):
                    found = solved(landmarks_of(shoot, still, about, True, detector), shoot)
                    off[label].append(np.square(found.weights - usual)[slice(*THERE)])
                    own = np.array([one.startswith(shapes) for one in found.shape_names])
                flagged += [HIDDEN in words for words in found.flags[slice(*THERE)]]
            words = "; ".join(f"{label} {np.sqrt(np.mean(each, axis=(0, 1))[own].mean()):.3f}, others "
                              f"{np.sqrt(np.mean(each, axis=(0, 1))[~own].mean()):.3f}" for label, each in off.items())
            print(f"{name}, a hand before the {what}: {words}; {np.mean(flagged):.0%} of its frames flagged",
                  flush=True)


if __name__ == "__main__":
    main()
