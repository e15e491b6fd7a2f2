"""Which of a face's points are behind a hand or another thing: a network of its own says it, cell by cell.

The landmark networks put a hidden point where the rest of the face says that it must be, and are not sure of it; how
sure they are does not tell a hidden mouth from a blurred one. So another network looks at the whole face for what lies
in front of it: plain residual blocks (He et al. 2016) down to a sixteenth of the picture, and back up to a quarter with
what was seen on the way (Lin et al. 2017, "Feature pyramid networks for object detection").
"""

import numpy as np
from torch import Tensor, nn
from torch.nn import functional as F

from solver.crop import Roi
from solver.network_faces import twice
from solver.network_parts import FACE, LEAST_CONTRAST, Residual, part_square

SIZE, CELL = 160, 4
"""Side in px of the picture, and of a cell of it."""
WIDTHS = (16, 32, 48, 64)
"""Channels at a half, a quarter, an eighth and a sixteenth of the picture's side."""
WIDER = 1.05
"""The square's side as a multiple of that of the whole face's second look."""


class OcclusionNetwork(nn.Module):
    """picture (B, 3, S, S), RGB, 0..1 -> (B, 1, S / 4, S / 4), the logit of something being before the face there."""

    def __init__(self) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = WIDTHS
        self.stem = nn.Conv2d(3, half, 5, 2, padding=2, bias=False)
        self.stem_norm = nn.BatchNorm2d(half)
        self.fine = Residual(half, quarter, 2)
        self.middle = Residual(quarter, eighth, 2)
        self.coarse = nn.Sequential(Residual(eighth, sixteenth, 2), Residual(sixteenth, sixteenth, 1),
                                    Residual(sixteenth, sixteenth, 1))
        self.to_middle = nn.Conv2d(sixteenth, eighth, 1)
        self.mixed = Residual(eighth, eighth, 1)
        self.to_fine = nn.Conv2d(eighth, quarter, 1)
        self.out = nn.Conv2d(quarter, 1, 3, padding=1)

    def forward(self, picture: Tensor) -> Tensor:
        # However a camera is exposed, the network sees the same: grey in the middle, as much contrast as ever.
        level = picture.mean((1, 2, 3), keepdim=True)
        contrast = (picture - level).square().mean((1, 2, 3), keepdim=True).sqrt()
        even = (picture - level) / (2 * contrast + LEAST_CONTRAST)
        fine = self.fine(F.relu(self.stem_norm(self.stem(even))))
        middle = self.middle(fine)
        mixed = self.mixed(middle + twice(self.to_middle(self.coarse(middle))))
        return self.out(F.relu(fine + twice(self.to_fine(mixed))))


def face_square(points: np.ndarray) -> Roi:
    """What the network sees of a face: (478, 2) px -> Roi."""
    square = part_square(points, FACE)
    return Roi(square.centre, WIDER * square.side, square.angle)
