"""Dragging landmarks in a camera's picture: the one under the mouse, and those around it the less the farther off.
What was put right by itself before stays where it was put."""

import itertools
from dataclasses import dataclass
from typing import Self

import numpy as np

from app.gui import keys
from app.gui.session import Session
from app.gui.take_data import Points
from solver.corrections import Grip, Layer

NEAR_PX = 9.0
"""On the screen, within which a landmark is taken hold of."""
SOFT = 0.055
"""Radius of what follows, over the face's height: a corner of a mouth, not a cheek."""
_numbers = itertools.count()


def shown_points(points: Points, layer: Layer, camera: str, frame: int, first: int) -> np.ndarray:
    """(N, 2) px: where a camera's landmarks are in a frame of the take, also those behind a hand, drags included; NaN
    where no face was seen."""
    xy = np.where(points.seen[frame - first].any(), points.xy[frame - first], np.nan)
    if layer.scheme == points.scheme:
        for (name, point, at), place in layer.drags.items():
            if (name, at) == (camera, frame) and point < len(xy):
                xy[point] = place
    return xy


def dragged_points(points: Points, layer: Layer, camera: str, frame: int) -> list[int]:
    """Which of them were dragged in that frame."""
    return [point for name, point, at in layer.drags if (name, at) == (camera, frame)] \
        if layer.scheme == points.scheme else []


@dataclass
class LandmarkDrag:
    """Holds what was there when the mouse was pressed; everything up to its release is one step to undo."""

    session: Session
    camera: str
    scheme: str
    frame: int
    layer: Layer
    held: Grip
    start: np.ndarray
    shares: dict[int, float]
    places: np.ndarray
    name: str

    @classmethod
    def begin(cls, session: Session, camera: str, mouse: tuple[float, float], px: float, alone: bool) -> Self | None:
        """Take hold of the landmark under the mouse; None where there is none, or no solve to correct.

        Args:
            mouse: in the camera's px.
            px: the camera's px for each of the screen's.
            alone: only that landmark.
        """
        data, frame = session.data, session.solved_frame()
        points = data.landmarks.get(camera) if data is not None else None
        if points is None or frame is None or frame >= len(points.seen):
            return None
        places = shown_points(points, session.layer, camera, session.frame, data.first)
        away = np.nan_to_num(np.hypot(*(places - mouse).T), nan=np.inf)
        nearest = int(np.argmin(away))
        if away[nearest] > NEAR_PX * px:
            return None
        height = float(np.nanmax(places[:, 1]) - np.nanmin(places[:, 1]))
        apart = np.nan_to_num(np.hypot(*(places - places[nearest]).T), nan=np.inf)
        soft = np.clip(1 - apart / max(SOFT * height, 1e-6), 0.0, 1.0)
        share = 3 * soft**2 - 2 * soft**3
        held, before = (camera, nearest, session.frame), session.layer.held
        shares = {nearest: 1.0} if alone else {
            int(point): float(share[point]) for point in np.flatnonzero(share)
            if point == nearest or (camera, int(point), session.frame) not in before}
        return cls(session, camera, points.scheme, session.frame, session.layer, held, np.array(mouse), shares, places,
                   f"landmarks{next(_numbers)}")

    def to(self, mouse: tuple[float, float]) -> None:
        """Bring the landmark there, in the camera's px."""
        way = np.array(mouse) - self.start
        drags: dict[Grip, tuple[float, float]] = {}
        for point, share in self.shares.items():
            x, y = self.places[point] + share * way
            drags[self.camera, point, self.frame] = (round(float(x), 3), round(float(y), 3))
        self.session.edit("drag landmarks", keys.dragged(self.layer, drags, self.scheme, self.held),
                          drag=self.name)
