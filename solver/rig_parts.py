"""What a rig's pieces of mesh are: skin, eyeballs, teeth; by their names where they tell, by their shape where not."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solver.eyeballs import ball_eye, fit_ball, gaze_axis
from solver.face_model import Eye, triangulate

ROUND = 0.03
"""RMS distance from a sphere, as a share of its radius, up to which a piece of mesh is an eyeball."""
BALL_RADII = (0.007, 0.030)
"""Metres; stylised eyes are large."""
ASIDE = (0.019, 0.063)
"""Metres from the middle of the face to an eye's centre."""
FEWEST = 20
"""Vertices of an eyeball."""
IRIS_DEGREES, PUPIL_DEGREES = 29.5, 10.5
"""What an 11.8 mm iris and a 4.4 mm pupil take of a 24 mm ball, from the gaze's axis."""

SKIN, WHITE, IRIS, PUPIL = (0.60, 0.34, 0.24), (0.72, 0.70, 0.68), (0.07, 0.04, 0.025), (0.004, 0.004, 0.004)
KINDS = (("lash", "lash"), ("brow", "brow"), ("tooth|teeth|denture", "teeth"), ("gum", "gums"), ("tongue", "tongue"),
         ("mouth|oral", "mouth"), ("hair|beard|stubble", "hair"), ("lacrimal|tear|meniscus|caruncle", "lacrimal"),
         ("occlusion|eyeao|eye_?shadow", "eyeOcclusion"), ("cornea|sclera|iris|pupil|eye", "eyeInner"))
"""What is looked for in a mesh's and its material's name, and the part that it makes."""
HOLLOW = ("teeth", "gums", "tongue", "mouth")
"""Kinds that may be one piece of mesh with the skin."""
COLOURS = {"teeth": (0.72, 0.68, 0.58), "gums": (0.45, 0.13, 0.13), "tongue": (0.45, 0.13, 0.13),
           "mouth": (0.22, 0.05, 0.05), "lash": (0.03, 0.02, 0.015), "brow": (0.05, 0.03, 0.02), "eyeInner": WHITE}


@dataclass(frozen=True)
class JoinedRig:
    """All meshes of a rig in one.

    Attributes:
        vertices: (V, 3).
        faces: (F, 4), -1 in triangles.
        uv: (U, 2).
        uv_faces: (F, 4), -1 as in faces.
        label: name of mesh and material, for each of L materials.
        face_label: (F) index into label.
        colours: (L, 3) linear.
        shapes: name -> (V, 3) offsets.
        held: joint's name -> (V) 0..1.
        between: shape's name -> its in-betweens: weight and (V, 3) offsets.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    uv_faces: np.ndarray
    label: tuple[str, ...]
    face_label: np.ndarray
    colours: np.ndarray
    shapes: dict[str, np.ndarray]
    held: dict[str, np.ndarray]
    between: dict[str, list[tuple[float, np.ndarray]]]


def pieces(joined: JoinedRig) -> np.ndarray:
    """(V) the number of the connected piece of mesh that each vertex is in."""
    from scipy.sparse import coo_matrix  # both load half of SciPy, which the app's window should not wait for
    from scipy.sparse.csgraph import connected_components

    triangles = triangulate(joined.faces)
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]]])
    count = len(joined.vertices)
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def eyeballs(joined: JoinedRig, piece: np.ndarray) -> tuple[Eye, ...]:
    """The left and the right eyeball, or () where none can be told.

    What eye joints hold is believed; else two pieces of mesh that are round, as large as eyes and mirror each other.
    """
    pair = _held(joined, piece) or _round_pair(joined, piece)
    eyes = []
    for shell in pair:
        centre, radius, _ = fit_ball(joined.vertices[shell])
        near = np.linalg.norm(joined.vertices - centre, axis=1) < 1.2 * radius
        whole = np.flatnonzero(np.bincount(piece, weights=~near) == 0)  # corneas, irises and pupils turn, too
        eyes.append(ball_eye(joined.vertices, np.flatnonzero(np.isin(piece, whole) | _among(shell, near)), shell))
    return tuple(eyes)


def _among(indices: np.ndarray, like: np.ndarray) -> np.ndarray:
    chosen = np.zeros(len(like), dtype=bool)
    chosen[indices] = True
    return chosen


def _held(joined: JoinedRig, piece: np.ndarray) -> list[np.ndarray]:
    """For each of two eye joints the largest piece of mesh among the vertices that it holds; left first."""
    shells = []
    for joint, share in joined.held.items():
        mine = np.flatnonzero(share > 0.5)
        if re.search("eye", joint, re.IGNORECASE) and not re.search("lid|brow|lash", joint, re.IGNORECASE) \
                and len(mine) >= FEWEST:
            shells.append(mine[piece[mine] == np.bincount(piece[mine]).argmax()])
    shells.sort(key=lambda shell: -joined.vertices[shell, 0].mean())
    return shells if len(shells) == 2 else []


def _round_pair(joined: JoinedRig, piece: np.ndarray) -> list[np.ndarray]:
    motion = np.sum([np.linalg.norm(delta, axis=1) for delta in joined.shapes.values()], axis=0)
    # A rig need not stand at its file's origin; one whose numbers are too small to add up stands anywhere.
    middle = np.average(joined.vertices[:, 0], weights=motion if motion.sum() > 0 else None)
    balls = []
    order = np.argsort(piece, kind="stable")
    for indices in np.split(order, np.flatnonzero(np.diff(piece[order])) + 1):
        size = np.ptp(joined.vertices[indices], axis=0)
        if len(indices) < FEWEST or size.max() > 2.6 * BALL_RADII[1] or size[:2].min() < 1.2 * BALL_RADII[0]:
            continue
        centre, radius, off = fit_ball(joined.vertices[indices])
        if BALL_RADII[0] < radius < BALL_RADII[1] and off < ROUND * radius and size[:2].min() > 1.2 * radius \
                and ASIDE[0] < abs(centre[0] - middle) < ASIDE[1]:
            balls.append((radius, centre - [middle, 0, 0], indices))
    pairs = [(radius, [indices, partner]) for radius, centre, indices in balls for other, mirrored, partner in balls
             if centre[0] > 0 > mirrored[0] and np.abs(centre * [-1, 1, 1] - mirrored).max() < 0.2 * radius
             and abs(radius - other) < 0.1 * radius]
    return max(pairs, key=lambda pair: pair[0])[1] if pairs else []


def face_parts(joined: JoinedRig, piece: np.ndarray, balls: Sequence[np.ndarray]
               ) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Part names, (F) each face's part, (P, 3) colours for pictures."""
    names: dict[str, int] = {}
    colours: list[tuple[float, ...]] = []
    face_part = np.zeros(len(joined.faces), dtype=np.int32)

    def give(faces: np.ndarray, name: str, colour: tuple[float, ...]) -> None:
        if faces.any():
            if name not in names:
                names[name] = len(colours)
                colours.append(colour)
            face_part[faces] = names[name]

    motion = np.sum([np.linalg.norm(delta, axis=1) for delta in joined.shapes.values()], axis=0)
    face_piece = np.bincount(piece, weights=motion).argmax()
    of_face = piece[joined.faces[:, 0]] == face_piece
    for index, label in enumerate(joined.label):
        chosen = joined.face_label == index
        kind = next((part for pattern, part in KINDS if re.search(pattern, label, re.IGNORECASE)), None)
        own = COLOURS.get(kind, tuple(joined.colours[index]))
        # A modeller's grey, which no skin has, is drawn as skin, so that a detector sees a face.
        tone = SKIN if kind is None and max(own) - min(own) < 0.08 else own
        give(chosen & of_face, f"{kind if kind in HOLLOW else 'skin'} {label}", tone)
        give(chosen & ~of_face, f"{kind or 'other'} {label}", own)
    filled = np.where(joined.faces >= 0, joined.faces, joined.faces[:, :1])
    middles = joined.vertices[filled].mean(axis=1)
    for side, indices in zip(("Left", "Right"), balls, strict=False):
        turning = np.isin(joined.faces[:, 0], indices)
        centre, _, _ = fit_ball(joined.vertices[indices])
        axis = gaze_axis(joined.vertices[indices], centre)
        axis = axis if axis[2] > np.cos(np.radians(12.0)) else np.array([0.0, 0.0, 1.0])
        outwards = middles - centre
        angle = np.degrees(np.arccos(np.clip(outwards @ axis / np.linalg.norm(outwards, axis=1), -1, 1)))
        give(turning, f"eye{side}", WHITE)
        give(turning & (angle < IRIS_DEGREES), f"iris{side}", IRIS)
        give(turning & (angle < PUPIL_DEGREES), f"pupil{side}", PUPIL)
    used = np.unique(face_part)
    kept = [name for name, index in names.items() if index in used]
    return tuple(kept), np.searchsorted(used, face_part).astype(np.int32), np.array(colours, np.float32)[used]
