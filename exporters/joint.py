"""A joint that is turned in the files: what stands still and what moves."""

from dataclasses import dataclass

import numpy as np

from exporters.exact import arc_tangent, length
from exporters.rotations import product, turned


@dataclass(frozen=True)
class Joint:
    """The joint, at rest and in each frame. Metres and quaternions, Y up; T frames, V of the model's vertices.

    Attributes:
        name: the joint's.
        above: the name of the node above it, whose own is the head.
        above_place: (3,) and above_turn (4,): where that stands in the head.
        place: (3,) and turn (4,): where the joint rests below that.
        places: (T, 3) where it is in each frame.
        turns: (T, 4) by what it is turned in each frame, about its own axes, after `turn`.
        share: (V) how much of each vertex it holds.
    """

    name: str
    above: str
    above_place: np.ndarray
    above_turn: np.ndarray
    place: np.ndarray
    turn: np.ndarray
    places: np.ndarray
    turns: np.ndarray
    share: np.ndarray

    @property
    def local(self) -> np.ndarray:
        """(T, 4): its whole turn below the node above it."""
        return product(self.turn, self.turns)

    @property
    def rest_place(self) -> np.ndarray:
        """(3,) where it rests in the head."""
        return self.above_place + turned(self.above_turn, self.place)

    @property
    def rest_turn(self) -> np.ndarray:
        """(4,) how it rests in the head."""
        return product(self.above_turn, self.turn)

    @property
    def moves(self) -> bool:
        """Whether it is moved, too, and not turned alone."""
        return bool(np.abs(self.places - self.place).max() > 1e-9)

    @property
    def degrees(self) -> np.ndarray:
        """(T) how far it is turned."""
        return np.degrees(2 * arc_tangent(length(*self.turns[:, :3].T), np.abs(self.turns[:, 3])))
