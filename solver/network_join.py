"""The last word on a face: what all looks at it found, put together as faces are built.

Where a look errs on the jaw or a cheek, the other points often tell: a mouth that is seen open means a chin further
down. A small network that sees points alone, not the picture, learns from made faces what the looks' answers together
say of the points that lie outside the eyes' and the mouth's own squares. Those within it leaves as they are.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from solver.crop import apply, crop_from_picture, picture_from_crop
from solver.network import POINTS
from solver.network_mirror import MIRRORED
from solver.network_parts import EYE, FACE, MOUTH, part_square

OTHERS = tuple(sorted(set(range(POINTS)) - {*EYE.points, *EYE.mirrored, *MOUTH.points}))
"""The points that it moves."""
INPUTS = 7 * POINTS
WIDTH = 96
UNIT = 0.01
"""An answer of 1 in shares of the face's square."""


class Join(nn.Module):
    """inputs (B, INPUTS) as `inputs` makes them -> how far the OTHERS have to move, (B, O, 2) UNITs.

    Buffers: mean and scale (INPUTS) of what it learnt from; stretch, by which the OTHERS' sigmas are multiplied.
    """

    mean: Tensor
    scale: Tensor
    stretch: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(INPUTS, WIDTH)
        self.second = nn.Linear(WIDTH, WIDTH)
        self.out = nn.Linear(WIDTH, 2 * len(OTHERS))
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.register_buffer("mean", torch.zeros(INPUTS))
        self.register_buffer("scale", torch.ones(INPUTS))
        self.register_buffer("stretch", torch.ones(1))

    def forward(self, found: Tensor) -> Tensor:
        x = F.relu(self.first((found - self.mean) / self.scale))
        return self.out(F.relu(self.second(x))).reshape(-1, len(OTHERS), 2)

    def put_together(self, frames: np.ndarray, points: np.ndarray, sigma: np.ndarray, first: np.ndarray,
                     face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The face's points, corrected.

        Args:
            frames: (T, 478, 2) px, roughly the face, smooth in time.
            points: (T, 478, 2) px and sigma: (T, 478) px, the mean of all looks.
            first, face: (T, 478, 2) px, what the first look and what the second at the whole face found.

        Returns:
            points (T, 478, 2) px, sigma (T, 478) px.
        """
        local, back = in_squares(frames, points, sigma, first, face)
        sides = [local, mirrored(local)]
        with torch.inference_mode():
            moves = [self(torch.from_numpy(inputs(*side))).numpy() * UNIT for side in sides]
        whole = np.zeros((2, *points.shape))
        whole[:, :, OTHERS] = moves
        move = (whole[0] + whole[1][:, MIRRORED] * [-1, 1]) / 2
        points, sigma = points.copy(), sigma.copy()
        points[:, OTHERS] = apply(back, local[0] + move + 0.5)[:, OTHERS]
        sigma[:, OTHERS] *= float(self.stretch)
        return points, sigma


Local = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Points (T, 478, 2), sigma (T, 478), and the points of two looks, in shares of the faces' squares, from its middle."""


def in_squares(frames: np.ndarray, points: np.ndarray, sigma: np.ndarray, first: np.ndarray, face: np.ndarray
               ) -> tuple[Local, np.ndarray]:
    """What was found (see `Join.put_together`) in the faces' squares, and (T, 2, 3) the way back from 0..1 to px."""
    squares = [part_square(frame, FACE) for frame in frames]
    into = np.stack([crop_from_picture(square, 1) for square in squares])
    sides = np.array([square.side for square in squares])[:, None]
    local = [apply(into, one) - 0.5 for one in (points, first, face)]
    return (local[0], sigma / sides, local[1], local[2]), np.stack([picture_from_crop(one, 1) for one in squares])


def mirrored(local: Local) -> Local:
    """The same face in a mirror."""
    points, sigma, first, face = local
    return (points[:, MIRRORED] * [-1, 1], sigma[:, MIRRORED], first[:, MIRRORED] * [-1, 1],
            face[:, MIRRORED] * [-1, 1])


def inputs(points: np.ndarray, sigma: np.ndarray, first: np.ndarray, face: np.ndarray) -> np.ndarray:
    """(T, INPUTS) float32: all points, how far off the two looks at the whole face were, and how unsure all are. Where
    a closer look shows that those two erred, they have erred nearby as well."""
    columns = (points, first - points, face - points, np.log(sigma))
    return np.concatenate([column.reshape(len(points), -1) for column in columns], axis=1).astype(np.float32)
