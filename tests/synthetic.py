"""Truth by construction: a small face whose every number is known, and performances of it."""

from fractions import Fraction

import numpy as np

from solver.face_model import ARKIT, Eye, FaceModel
from solver.performance import Performance

RADII = np.array([0.075, 0.110, 0.095])
"""Half axes of the small face's head in metres."""

EYE_RADIUS = 0.012
EYE_CENTRES = np.array([[0.032, 0.030, 0.078], [-0.032, 0.030, 0.078]])


def small_face(seed: int = 0) -> FaceModel:
    """An egg with two eyeballs: 198 vertices, quads and triangles, a UV seam, ARKit's 52 shapes, four identity modes.

    The shapes are smooth bumps on the side of the face that their names say; none moves an eyeball.
    """
    random = np.random.default_rng(seed)
    head, head_faces, head_uv, head_uv_faces = _ball(12, 12, RADII, np.zeros(3))
    parts = [(head, head_faces, head_uv, head_uv_faces)]
    parts += [_ball(6, 6, np.full(3, EYE_RADIUS), centre) for centre in EYE_CENTRES]
    starts = np.cumsum([0] + [len(part[0]) for part in parts])
    uv_starts = np.cumsum([0] + [len(part[2]) for part in parts])
    neutral = np.concatenate([part[0] for part in parts])
    head_count, count = len(head), len(neutral)
    identity = np.zeros((4, count, 3))
    identity[:, :head_count] = [_bump(head, random, 0.06, 0.003) for _ in range(4)]
    for eye in (0, 1):  # each mode shifts a whole eyeball, so that it stays a ball
        identity[:, starts[eye + 1]:starts[eye + 2]] = random.normal(0.0, 0.0007, (4, 1, 3))
    shapes = np.zeros((len(ARKIT), count, 3))
    for index, name in enumerate(ARKIT):
        side = 1 if name.endswith("Left") else -1 if name.endswith("Right") else 0
        shapes[index, :head_count] = _bump(head, random, 0.035, 0.006, side)
    return FaceModel(
        name="small", neutral=neutral.astype(np.float32),
        faces=_joined([part[1] for part in parts], starts), uv=np.concatenate([part[2] for part in parts]),
        uv_faces=_joined([part[3] for part in parts], uv_starts), part_names=("skin", "eyeLeft", "eyeRight"),
        face_part=np.repeat(np.arange(3), [len(part[1]) for part in parts]).astype(np.int32),
        identity=identity.astype(np.float32), identity_names=tuple(f"mode{index}" for index in range(4)),
        shape_names=ARKIT, shapes=shapes.astype(np.float32),
        eyes=tuple(Eye(np.arange(starts[eye], starts[eye + 1], dtype=np.int32)) for eye in (1, 2)),
        albedo=np.array([[0.55, 0.38, 0.31], [0.85, 0.85, 0.82], [0.85, 0.85, 0.82]], dtype=np.float32))


def made_performance(model: FaceModel, frames: int = 30, rate: int | Fraction = 30, seed: int = 0) -> Performance:
    """A smooth performance of `model`: weights in 0..1 with rests at zero, a nodding head, a wandering gaze.

    One frame in the middle is unseen, so its residual is NaN and it is flagged.
    """
    random = np.random.default_rng(seed)
    time = np.arange(frames)[:, None] / float(rate)  # (T, 1)
    shapes = len(model.shape_names)
    speed, phase = random.uniform(0.5, 3.0, shapes), random.uniform(0.0, 6.28, shapes)
    weights = np.clip(0.8 * np.sin(speed * time + phase), 0.0, 1.0)  # (T, K)
    angles = np.radians([25.0, 15.0, 10.0]) * np.sin(time * [2.1, 1.3, 0.7] + [0.1, 0.5, 1.0])  # (T, 3) rotation vector
    half = np.linalg.norm(angles, axis=1, keepdims=True) / 2
    rotation = np.concatenate([angles / 2 * np.sinc(half / np.pi), np.cos(half)], axis=1)  # (T, 4)
    gaze = 0.3 * np.sin(time[:, :, None] * [[[1.7, 1.1]]] + random.uniform(0, 1, (2, 2)))  # (T, 2, 2)
    residual, seen = random.uniform(0.2, 0.6, frames), np.ones(frames)
    flags: list[tuple[str, ...]] = [()] * frames
    if frames > 2:
        residual[frames // 2], seen[frames // 2], flags[frames // 2] = np.nan, 0.0, ("unseen", "interpolated")
    return Performance(
        take="T001", actor="anna", model_name=model.name, model_sha256=model.sha256, frame_rate=Fraction(rate),
        start_timecode="10:00:00:00", cameras=("camA", "camB"), shape_names=model.shape_names, weights=weights,
        head_rotation=rotation, head_translation=[0.01, -0.02, -0.6] + 0.05 * np.sin(time * [1.0, 1.4, 0.8]),
        gaze=gaze, identity=random.normal(0, 1, len(model.identity_names)),
        sigma=random.uniform(0.01, 0.1, (frames, shapes)), residual_px=residual, seen=seen, flags=tuple(flags),
        steps={"detect": "0" * 64, "solve": "1" * 64})


def _ball(rings: int, columns: int, radii: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, ...]:
    """An ellipsoid of quads with triangles at its poles; its seam is at the back. Faces turn counter-clockwise."""
    polar = np.pi * np.arange(1, rings) / rings  # from the top
    around = 2 * np.pi * np.arange(columns) / columns - np.pi  # 0 is +z, the face's front; grows to +x
    ring = np.stack([np.sin(polar)[:, None] * np.sin(around), np.cos(polar)[:, None] + 0 * around,
                     np.sin(polar)[:, None] * np.cos(around)], axis=-1).reshape(-1, 3)
    points = np.concatenate([[[0.0, 1.0, 0.0]], ring, [[0.0, -1.0, 0.0]]]) * radii + centre
    u, v = np.meshgrid(np.arange(columns + 1) / columns, 1 - np.arange(rings + 1) / rings)
    uv = np.stack([u, v], axis=-1).reshape(-1, 2)
    last = len(points) - 1

    def vertex(row: int, column: int) -> int:
        return 0 if row == 0 else last if row == rings else 1 + (row - 1) * columns + column % columns

    faces, uv_faces = [], []
    for row in range(rings):
        for column in range(columns):
            corners = [(row, column), (row + 1, column), (row + 1, column + 1), (row, column + 1)]
            if row == 0:
                corners = corners[:3]
            elif row == rings - 1:
                corners = [corners[0], corners[1], corners[3]]
            fill = [-1] * (4 - len(corners))
            faces.append([vertex(*corner) for corner in corners] + fill)
            uv_faces.append([r * (columns + 1) + c for r, c in corners] + fill)
    return points, np.array(faces), uv.astype(np.float32), np.array(uv_faces)


def _bump(points: np.ndarray, random: np.random.Generator, width: float, height: float,
          side: int = 0) -> np.ndarray:
    """Deltas (V, 3): a Gaussian push somewhere on the front of the face: its left (1), its right (-1), anywhere (0)."""
    direction = np.array([random.uniform(-0.6, 0.6), random.uniform(-0.7, 0.7), 1.0])
    if side:
        direction[0] = side * random.uniform(0.3, 0.7)
    centre = RADII * direction / np.linalg.norm(direction)
    push = random.normal(0.0, 1.0, 3)
    near = np.exp(-((points - centre) ** 2).sum(axis=1) / (2 * width ** 2))
    near[near < 0.02] = 0.0
    return height * near[:, None] * push / np.linalg.norm(push)


def _joined(parts: list[np.ndarray], starts: np.ndarray) -> np.ndarray:
    """Indices of several parts as indices into their concatenation; -1 stays."""
    return np.concatenate([np.where(part >= 0, part + start, -1)
                           for part, start in zip(parts, starts, strict=False)]).astype(np.int32)
