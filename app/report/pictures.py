"""Pictures of the worst moments: what each camera saw, and over it the landmarks and the solved face."""

import base64
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from app.overlay import SUBPIXEL_BITS
from app.report.evidence import Evidence
from app.report.lines import Edges, draw, edges_of
from app.report.moments import Moment
from capture.camera import Camera, project
from capture.errors import MienError
from capture.match import take_frames
from solver.posed import posed

HEIGHT = 336
"""Of a picture, px."""
WIDEST = 512
MOST_CAMERAS = 4
"""Cameras shown of a moment."""
MOST_BYTES = 26_000
"""Of a picture: with ten moments and four cameras, each with and without the overlay, a page stays below 3 MB of them.
"""
MARGIN = 0.1
"""Room around the face, as a share of it."""
MESH, FOUND, APART = (90, 200, 255), (80, 255, 120), (255, 90, 60)
DOT = 11
"""Radius of a landmark's dot in sixteenths of a px: larger ones would hide the eyes."""
THUMBNAIL = 96
NEAR = 48
"""Frames over which reading on is cheaper than finding the next keyframe."""


@dataclass(frozen=True)
class Picture:
    """What a camera saw at a moment, as data URIs: the footage, and the same with the overlay."""

    camera: str
    size: tuple[int, int]
    plain: str
    overlay: str


def pictures(evidence: Evidence, moments: Sequence[Moment]) -> tuple[tuple[tuple[Picture, ...], ...], tuple[str, ...]]:
    """The pictures of each moment, worst camera first, and sentences about those that could not be made."""
    if evidence.clips is None or evidence.model is None or evidence.rig is None:
        return tuple(() for _ in moments), ()
    edges = edges_of(evidence.model)
    shown = [_cameras(evidence, moment) for moment in moments]
    found: dict[tuple[int, str], Picture] = {}
    problems = []
    names = [clip.camera for clip in evidence.clips.clips]
    face = functools.cache(lambda frame: posed(evidence.model, evidence.performance, frame))  # the same in each camera
    for name in dict.fromkeys(camera for cameras in shown for camera in cameras if camera in names):
        wanted = [moment.frame for moment, cameras in zip(moments, shown, strict=True)
                  if name in cameras and evidence.first + moment.frame < evidence.clips.frames]
        try:
            for frame, rgb in _frames(evidence, names.index(name), wanted):
                found[frame, name] = _picture(evidence, edges, evidence.rig[name], frame, face(frame), rgb)
        except MienError:
            problems.append(f"Some pictures of {name} are missing, for its clip cannot be decoded any more.")
    return tuple(tuple(found[moment.frame, name] for name in cameras if (moment.frame, name) in found)
                 for moment, cameras in zip(moments, shown, strict=True)), tuple(problems)


def _frames(evidence: Evidence, camera: int, wanted: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
    """The pictures of the performance's frames `wanted`, which rise; those near one another are read in one go."""
    starts = [0, *(np.flatnonzero(np.diff(wanted) > NEAR) + 1).tolist(), len(wanted)] if wanted else []
    for start, stop in pairwise(starts):
        run = {evidence.first + frame for frame in wanted[start:stop]}
        for frame in take_frames(evidence.clips, camera, min(run), max(run) + 1, run):
            yield frame.index - evidence.first, frame.rgb


def thumbnail(picture: Picture) -> str:
    """A small version of a picture, as a data URI."""
    data = np.frombuffer(base64.b64decode(picture.overlay.partition(",")[2]), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    width = max(1, round(image.shape[1] * THUMBNAIL / image.shape[0]))
    small = cv2.resize(image, (width, THUMBNAIL), interpolation=cv2.INTER_AREA)
    return uri(cv2.cvtColor(small, cv2.COLOR_BGR2RGB))


def _cameras(evidence: Evidence, moment: Moment) -> tuple[str, ...]:
    """The cameras to show: the one that the moment names, then those with the largest residuals."""
    names = evidence.performance.cameras
    if len(names) <= MOST_CAMERAS:
        return names
    off = np.zeros(len(names))
    if evidence.residuals is not None:
        off = np.nan_to_num(evidence.residuals.overall[:, moment.frame], nan=-1.0)
    order = sorted(range(len(names)), key=lambda index: (names[index] != moment.camera, -off[index], index))
    return tuple(names[index] for index in sorted(order[:MOST_CAMERAS]))


def _picture(evidence: Evidence, edges: Edges, camera: Camera, frame: int, vertices: np.ndarray,
             rgb: np.ndarray) -> Picture:
    lost = evidence.performance.seen[frame] == 0
    low, high = (np.zeros(2), np.array(camera.size, dtype=float)) if lost else _box(evidence, camera, frame, vertices)
    scale = min(HEIGHT / (high[1] - low[1]), WIDEST / (high[0] - low[0]))
    size = tuple(np.maximum(np.round((high - low) * scale), 1).astype(int).tolist())
    warp = np.array([[scale, 0, (0.5 - low[0]) * scale - 0.5], [0, scale, (0.5 - low[1]) * scale - 0.5]])
    smooth = cv2.GaussianBlur(rgb, (0, 0), 0.4 / scale) if scale < 1 else rgb  # smaller without flicker of fine lines
    plain = cv2.warpAffine(smooth, warp, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    drawn = plain.copy()
    draw(drawn, camera, vertices, edges, warp, MESH)
    return Picture(camera.name, size, uri(plain), uri(_dots(evidence, camera, frame, vertices, warp, drawn)))


def _dots(evidence: Evidence, camera: Camera, frame: int, vertices: np.ndarray, warp: np.ndarray,
          picture: np.ndarray) -> np.ndarray:
    """Dots where the landmarks were found, and a line from each to where the solved face has it."""
    if evidence.landmarks is None or evidence.embedding is None:
        return picture
    index = evidence.landmarks.cameras.index(camera.name)
    counted = evidence.landmarks.seen[index, frame] & evidence.embedding.known & ~evidence.embedding.contour
    if not counted.any():
        return picture
    solved = project(camera, evidence.embedding.points(evidence.model, vertices)[counted])
    found = evidence.landmarks.xy[index, frame][counted]
    ends = np.stack([found, solved], axis=1) @ warp[:, :2].T + warp[:, 2]  # (M, 2, 2)
    ends = ends[np.isfinite(ends).all(axis=(1, 2)) & (np.abs(np.nan_to_num(ends)) < 30000).all(axis=(1, 2))]
    fixed = np.round(ends * (1 << SUBPIXEL_BITS)).astype(np.int32)
    cv2.polylines(picture, list(fixed[:, :, None]), False, APART, 1, cv2.LINE_AA, SUBPIXEL_BITS)
    for centre in fixed[:, 0].tolist():
        cv2.circle(picture, centre, DOT, FOUND, -1, cv2.LINE_AA, SUBPIXEL_BITS)
    return picture


def _box(evidence: Evidence, camera: Camera, frame: int, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The corners of a crop around the solved face and what was found of it; else the whole picture."""
    points = vertices[::7]
    if evidence.embedding is not None and evidence.landmarks is not None:
        counted = evidence.embedding.known & ~evidence.embedding.contour
        points = evidence.embedding.points(evidence.model, vertices)[counted]
        found = evidence.landmarks.xy[evidence.landmarks.cameras.index(camera.name), frame]
        points = np.concatenate([project(camera, points), found])
    else:
        points = project(camera, points)
    points = points[np.isfinite(points).all(axis=1)]
    picture = np.array(camera.size, dtype=float)
    if len(points) == 0:
        return np.zeros(2), picture
    low, high = points.min(axis=0), points.max(axis=0)
    room = MARGIN * (high - low)
    low, high = np.clip(low - room, 0, picture), np.clip(high + room, 0, picture)
    return (low, high) if (high - low > 16).all() else (np.zeros(2), picture)


def uri(rgb: np.ndarray) -> str:
    """A picture as the data URI of a JPEG, of less quality, and then smaller, where it would be large."""
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    for quality, scale in ((80, 1.0), (65, 1.0), (50, 1.0), (35, 1.0), (35, 0.5), (35, 0.25)):
        small = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else bgr
        _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if len(data) <= MOST_BYTES:
            break
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
