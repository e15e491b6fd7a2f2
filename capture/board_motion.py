"""A board in a hand, filmed by cameras that are not in step: how its corners move tells when each picture was taken.

Webcams and telephones that run freely take their pictures of one moment up to a frame apart, each by its own lag and
a little more or less from picture to picture. A board that moves is then in another place for each, and a rig that is
fitted to it is bent. From a camera's own pictures before and after it is known where its corners would have been seen
a little earlier or later, so one number for each picture, its lateness, puts that right.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from capture.board import Corners
from capture.bundle import View

FEWEST_CORNERS = 6
"""Corners that a picture and both its neighbours must have in common."""
FARTHEST = 1.0
"""Frames by which a picture may be late: beyond, the motion of its neighbours says nothing."""
MOST_BEYOND = 0.05
"""Share of pictures that may be farther off than that."""


Neighbours = Callable[[str, Sequence[int]], Sequence[tuple[Corners | None, Corners | None]]]
"""Of a camera and some moments: what it saw one frame before and one after each."""


def in_rows(seen: Mapping[str, Sequence[Corners | None]]) -> Neighbours:
    """The neighbours where moments follow one another frame by frame."""
    def around(name: str, moments: Sequence[int]) -> list[tuple[Corners | None, Corners | None]]:
        row = [None, *seen[name], None]
        return [(row[moment], row[moment + 2]) for moment in moments]
    return around


def sliding(seen: Mapping[str, Sequence[Corners | None]], moments: Sequence[int], around: Neighbours,
            ) -> tuple[View, ...]:
    """The views of some moments of which the pictures just before and after tell how their corners move.

    Args:
        seen: camera -> its corners at each moment.
        moments: indices of the moments that are wanted; a view's `moment` counts these.
        around: what the cameras saw just before and after.
    """
    views = []
    for camera, name in enumerate(sorted(seen)):
        places = [place for place, moment in enumerate(moments) if seen[name][moment] is not None]
        for place, (before, after) in zip(places, around(name, [moments[place] for place in places]), strict=True):
            view = _view(camera, place, (before, seen[name][moments[place]], after))
            views += [view] if view else []
    return tuple(views)


def _view(camera: int, moment: int, three: Sequence[Corners | None]) -> View | None:
    if not all(three):
        return None
    ids = np.array(sorted(set.intersection(*(set(corners.ids.tolist()) for corners in three))), dtype=int)
    if len(ids) < FEWEST_CORNERS:
        return None
    before, now, after = (corners.xy[[corners.ids.tolist().index(one) for one in ids]] for corners in three)
    return View(camera, moment, Corners(ids, now), np.stack([(after - before) / 2, after - 2 * now + before]))


def plausible(late: np.ndarray) -> bool:
    """Whether pictures that are so many frames late can be pictures of one moment."""
    return bool((np.abs(late) > FARTHEST).mean() <= MOST_BEYOND)


def said(names: Sequence[str], views: Sequence[View], late: np.ndarray) -> str:
    """A sentence for the user: by how much each camera was late, and its pictures about that."""
    by_camera = [late[[view.camera == camera for view in views]] for camera in range(len(names))]
    first = float(np.median(by_camera[0]))
    lags = ", ".join(f"{name} {np.median(mine) - first:+.2f}"
                     for name, mine in zip(names[1:], by_camera[1:], strict=True))
    about = float(np.median(np.concatenate([np.abs(mine - np.median(mine)) for mine in by_camera])))
    return (f"the cameras filmed the board out of step (in frames after {names[0]}: {lags}; single pictures about "
            f"{about:.2f} more or less); this is allowed for, but cameras that run in step know a rig better")
