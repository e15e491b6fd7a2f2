"""`python -m assets.make_head.pictures` draws the pictures of `assets/README.md` from the shipped head."""

import cv2
import numpy as np

import assets
from capture.camera import Camera, project
from capture.files import write_bytes
from solver.face_model import FaceModel, deform
from solver.model_file import load_model
from solver.parts import INSIDE
from solver.render import Renderer, face_mesh

COMBINATIONS: dict[str, dict[str, float]] = {
    # speech sounds
    "AA as in father": {"jawOpen": 0.6, "mouthLowerDown": 0.25, "mouthUpperUp": 0.15},
    "AE as in cat": {"jawOpen": 0.4, "mouthStretch": 0.4, "mouthLowerDown": 0.35, "mouthUpperUp": 0.3},
    "EE as in see": {"jawOpen": 0.1, "mouthSmile": 0.45, "mouthStretch": 0.35, "mouthLowerDown": 0.4,
                     "mouthUpperUp": 0.25},
    "OH as in go": {"jawOpen": 0.4, "mouthFunnel": 0.6, "mouthPucker": 0.25},
    "OO as in blue": {"jawOpen": 0.12, "mouthPucker": 0.8, "mouthFunnel": 0.3},
    "M, B, P": {"jawOpen": 0.12, "mouthClose": 0.12, "mouthPress": 0.5, "mouthRollLower": 0.2, "mouthRollUpper": 0.2},
    "F, V": {"jawOpen": 0.1, "mouthRollLower": 0.55, "mouthUpperUp": 0.3, "mouthShrugLower": 0.25},
    "TH": {"jawOpen": 0.08, "tongueOut": 0.35, "mouthUpperUp": 0.15, "mouthLowerDown": 0.1},
    "SH, CH": {"jawOpen": 0.1, "mouthFunnel": 0.55, "mouthUpperUp": 0.2, "mouthLowerDown": 0.25},
    "S, Z": {"jawOpen": 0.06, "mouthStretch": 0.3, "mouthLowerDown": 0.35, "mouthUpperUp": 0.2, "mouthDimple": 0.3},
    # expressions
    "smile with squint": {"mouthSmile": 0.9, "cheekSquint": 0.7, "eyeSquint": 0.5, "mouthDimple": 0.3},
    "laugh": {"mouthSmile": 1.0, "jawOpen": 0.4, "cheekSquint": 0.8, "eyeSquint": 0.7, "mouthUpperUp": 0.35,
              "mouthLowerDown": 0.25},
    "snarl": {"noseSneer": 1.0, "mouthUpperUp": 0.7, "browDown": 0.9, "eyeSquint": 0.5, "mouthLowerDown": 0.3},
    "anger": {"browDown": 1.0, "mouthPress": 0.8, "eyeWide": 0.3, "noseSneer": 0.4, "jawForward": 0.3,
              "mouthShrugLower": 0.3},
    "surprise": {"browInnerUp": 1.0, "browOuterUp": 1.0, "eyeWide": 0.9, "jawOpen": 0.6, "mouthFunnel": 0.2},
    "fear": {"browInnerUp": 0.9, "browDown": 0.25, "eyeWide": 0.9, "mouthStretch": 0.7, "jawOpen": 0.12,
             "mouthLowerDown": 0.55, "mouthUpperUp": 0.15},
    "sadness": {"browInnerUp": 0.9, "browDown": 0.2, "mouthFrown": 0.8, "mouthShrugLower": 0.5, "eyeLookDown": 0.4},
    "disgust": {"noseSneer": 0.9, "mouthUpperUp": 0.4, "mouthFrown": 0.5, "browDown": 0.5, "eyeSquint": 0.4,
                "mouthShrugLower": 0.4},
    "wink and smirk": {"eyeBlinkLeft": 1.0, "cheekSquintLeft": 0.8, "mouthSmileLeft": 0.8, "mouthDimpleLeft": 0.4,
                       "browOuterUpRight": 0.5},
    "blown cheeks": {"cheekPuff": 1.0, "mouthPucker": 0.5, "mouthPress": 0.3, "eyeWide": 0.3},
    "kiss": {"mouthPucker": 1.0, "eyeBlink": 1.0, "browInnerUp": 0.3},
    "lips shut over an open jaw": {"jawOpen": 0.8, "mouthClose": 0.8},
    "yawn": {"jawOpen": 1.0, "eyeBlink": 0.9, "browInnerUp": 0.5, "noseSneer": 0.2, "mouthStretch": 0.2},
    "doubt": {"browOuterUpLeft": 0.9, "browDownRight": 0.7, "mouthLeft": 0.5, "mouthPressLeft": 0.6, "mouthFrown": 0.3},
}
"""What an animator mixes often. A name without a side stands for both sides."""

CELL = (230, 250)  # width, height of one face in a sheet, px
VIEWS = (("front", 0.0), ("three quarters", -40.0), ("profile", -90.0), ("from behind", -150.0))


def weights(model: FaceModel, mix: dict[str, float]) -> np.ndarray:
    """(K): the weights of a mixture; a name without a side sets both sides."""
    result = np.zeros(len(model.shape_names))
    for name, value in mix.items():
        for full in (name, f"{name}Left", f"{name}Right"):
            if full in model.shape_names:
                result[model.shape_names.index(full)] = value
    return result


def camera(yaw: float, pitch: float, size: tuple[int, int], tall: float = 0.27,
           at: tuple[float, float, float] = (0.0, -0.02, 0.02)) -> Camera:
    """A camera at 0.9 m, `yaw` and `pitch` radians off the face's front, whose picture is `tall` metres high."""
    away = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    across = np.cross(-away, [0.0, 1.0, 0.0])
    across /= np.linalg.norm(across)
    rotation = np.stack([across, np.cross(-away, across), -away])
    focal = 0.9 * size[1] / tall
    matrix = np.array([[focal, 0, (size[0] - 1) / 2], [0, focal, (size[1] - 1) / 2], [0, 0, 1]])
    return Camera("picture", size, matrix, rotation=rotation, translation=-rotation @ (np.array(at) + 0.9 * away))


def sheet(model: FaceModel, mixes: dict[str, dict[str, float]], columns: int, yaw: float = 0.0) -> np.ndarray:
    """(H, W, 3) sRGB: one face for each mixture, with its name."""
    cells = []
    with Renderer(*CELL) as renderer:
        for name, mix in mixes.items():
            mesh = face_mesh(model, deform(model, weights(model, mix)))
            cells.append(_named(renderer.colours(camera(yaw, 0.0, CELL, 0.2, (0, -0.025, 0.03)), [mesh]), name))
    return _tiled(cells, columns)


def people(model: FaceModel, count: int, columns: int) -> np.ndarray:
    """(H, W, 3) sRGB: heads with random identities, the same each time."""
    random = np.random.default_rng(7)
    cells = []
    with Renderer(*CELL) as renderer:
        for number in range(count):
            who = random.normal(size=len(model.identity_names))
            mesh = face_mesh(model, deform(model, np.zeros(len(model.shape_names)), who))
            yaw = np.radians((0.0, -35.0, -80.0)[number % 3])
            cells.append(renderer.colours(camera(yaw, 0.0, CELL, 0.3), [mesh]))
    return _tiled(cells, columns)


def views(model: FaceModel) -> np.ndarray:
    """(H, W, 3) sRGB: the neutral head from four sides."""
    size = (400, 460)
    mesh = face_mesh(model, model.neutral.astype(np.float64))
    with Renderer(*size) as renderer:
        return _tiled([_named(renderer.colours(camera(np.radians(yaw), 0.0, size, 0.32, (0, -0.02, 0)), [mesh]), name)
                       for name, yaw in VIEWS], len(VIEWS))


def loops(model: FaceModel) -> np.ndarray:
    """(H, W, 3) sRGB: the edges of the skin's faces that are seen, from the front and the side."""
    size, vertices = (800, 800), model.neutral.astype(np.float64)
    shown = np.array([not name.startswith(INSIDE) for name in model.part_names])[model.face_part]
    owner = np.concatenate([np.arange(len(model.faces)), np.flatnonzero(model.faces[:, 3] >= 0)])  # of each triangle
    pictures = []
    with Renderer(*size) as renderer:
        for yaw, tall, at in ((0.0, 0.2, (0, -0.02, 0.05)), (-65.0, 0.28, (0, -0.02, 0))):
            view, mesh = camera(np.radians(yaw), 0.0, size, tall, at), face_mesh(model, vertices)
            picture, seen = renderer.colours(view, [mesh]), renderer.surface(view, [mesh]).triangle
            visible = np.intersect1d(np.unique(owner[seen[seen >= 0]]), np.flatnonzero(shown))
            corners = np.round(project(view, vertices) * 8).astype(np.int32)  # in eighths of a pixel
            for face in model.faces[visible]:
                cv2.polylines(picture, [corners[face[face >= 0]]], True, (60, 32, 30), 1, cv2.LINE_AA, shift=3)
            pictures.append(picture)
    return _tiled(pictures, 2)


def _named(picture: np.ndarray, name: str) -> np.ndarray:
    picture = picture.copy()
    cv2.putText(picture, name, (5, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (235, 235, 235), 1, cv2.LINE_AA)
    return picture


def _tiled(cells: list[np.ndarray], columns: int) -> np.ndarray:
    cells = cells + [np.full_like(cells[0], (70, 74, 80))] * (-len(cells) % columns)
    return np.concatenate([np.concatenate(cells[row:row + columns], axis=1) for row in range(0, len(cells), columns)])


def main() -> None:
    """Draw all pictures into `assets/`."""
    model = load_model(assets.path("head.npz"))
    drawn = {
        "head_views.png": views(model),
        "head_loops.png": loops(model),
        "head_shapes.png": sheet(model, {name: ({"jawOpen": 1.0} if name == "mouthClose" else {}) | {name: 1.0}
                                         for name in model.shape_names}, 9),
        "head_combinations.png": sheet(model, COMBINATIONS, 6),
        "head_people.png": people(model, 18, 9),
    }
    for name, picture in drawn.items():
        packed = cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])[1]
        write_bytes(assets.path(name), packed.tobytes())


if __name__ == "__main__":
    main()
