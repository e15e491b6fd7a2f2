"""The poses of a range-of-motion take: half a minute that shows what an actor's face can do."""

from pathlib import Path

import cv2
import numpy as np

from app.models import BUILT_IN, model_named
from capture.camera import lone_camera
from capture.files import write_bytes
from solver.face_model import FaceModel, deform

SIZE = (360, 440)
FOCAL_PX = 900.0
AWAY = 0.75


def both(name: str, weight: float = 1.0) -> dict[str, float]:
    """A shape of both halves of the face."""
    return {f"{name}Left": weight, f"{name}Right": weight}


POSES = (  # what to do, how, and the shapes that it is for
    ("Rest", "Look into the camera, lips closed, jaw loose. Two seconds.", {}),
    ("Blink", "Close both eyes softly, open them, three times.", both("eyeBlink")),
    ("Wide eyes", "Open the eyes as wide as they go, brows still.", both("eyeWide")),
    ("Squint", "Narrow the eyes as in bright light.", {**both("eyeSquint"), **both("cheekSquint", 0.5)}),
    ("Look around", "Left, right, up, down; the head stays still.", {"eyeLookOutLeft": 0.8, "eyeLookInRight": 0.8}),
    ("Brows up", "Raise both brows.", {"browInnerUp": 1.0, **both("browOuterUp")}),
    ("Brows down", "Frown with the brows only.", both("browDown")),
    ("Sneer", "Wrinkle the nose.", both("noseSneer")),
    ("Smile", "Smile with closed lips, as wide as you like.", both("mouthSmile")),
    ("Smile, one side", "Your left corner alone, then your right.", {"mouthSmileLeft": 1.0}),
    ("Laugh", "Smile and show the teeth.", {**both("mouthSmile", 0.8), "jawOpen": 0.3, **both("mouthUpperUp", 0.6)}),
    ("Corners down", "Pull the corners of the mouth down.", both("mouthFrown")),
    ("Stretch", "Pull the corners out and back.", both("mouthStretch")),
    ("Press", "Press the lips together.", both("mouthPress")),
    ("Roll in", "Roll both lips in over the teeth.", {"mouthRollLower": 0.9, "mouthRollUpper": 0.9}),
    ("Kiss", "Pucker the lips.", {"mouthPucker": 1.0}),
    ("Oh", "Round the open lips: say oh.", {"mouthFunnel": 0.9, "jawOpen": 0.3}),
    ("Open wide", "Drop the jaw as far as it goes.", {"jawOpen": 1.0}),
    ("Lips closed, jaw down", "Drop the jaw, keep the lips together.", {"jawOpen": 0.5, "mouthClose": 0.5}),
    ("Mouth aside", "Move the mouth to your left, then to your right.", {"mouthLeft": 1.0}),
    ("Jaw aside", "Move the jaw left, right, then forward.", {"jawLeft": 0.9}),
    ("Cheeks", "Puff both cheeks.", {"cheekPuff": 1.0}),
    ("Chin", "Push the lower lip up, as in a pout.", {"mouthShrugLower": 0.9, "mouthShrugUpper": 0.6}),
    ("Turn", "At rest again: turn the head left, right, up and down by a third of a turn.", {}),
)


def lines() -> list[str]:
    """The poses in words."""
    return [f"{index:>2}. {name:<22} {how}" for index, (name, how, _) in enumerate(POSES, 1)]


def draw(out: Path) -> list[Path]:
    """Draw each pose with the built-in head, and all on one sheet; the paths written.

    Raises:
        MienError: there is no OpenGL here, or a picture cannot be written.
    """
    from solver.render import Renderer, face_mesh

    model, paths, tiles = model_named(BUILT_IN), [], []
    camera = lone_camera("guide", SIZE, FOCAL_PX)
    with Renderer(*SIZE) as renderer:
        for index, (name, _, shapes) in enumerate(POSES, 1):
            picture = renderer.colours(camera, [face_mesh(model, _posed(model, shapes))])
            path = out / f"{index:02}-{name.lower().replace(',', '').replace(' ', '-')}.png"
            write_bytes(path, _png(picture))
            paths.append(path)
            tiles.append(_labelled(picture, f"{index}. {name}"))
    across = 6
    rows = [np.hstack(tiles[start:start + across]) for start in range(0, len(tiles), across)]
    sheet = out / "poses.png"
    write_bytes(sheet, _png(np.vstack(rows)))
    return [*paths, sheet]


def _posed(model: FaceModel, shapes: dict[str, float]) -> np.ndarray:
    weights = np.array([shapes.get(name, 0.0) for name in model.shape_names])
    gaze = np.zeros((2, 2))
    gaze[:, 0] = np.radians(25.0) * shapes.get("eyeLookOutLeft", 0.0)
    return deform(model, weights, gaze=gaze) - np.array([0.0, 0.0, AWAY])


def _labelled(picture: np.ndarray, text: str) -> np.ndarray:
    out = picture.copy()
    cv2.putText(out, text, (10, SIZE[1] - 14), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1, cv2.LINE_AA)
    return out


def _png(picture: np.ndarray) -> bytes:
    return cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()
