"""The second look: the eyes, the mouth and the whole face again, each cut out close, upright and as fine as it is seen.

The first network sees the whole face in 192 px and roughly squared; what it finds is good enough to cut each part out
so that it always lies in the same place. Networks that see only that need not learn where faces may be, and their
pictures show a lid's opening two to three times as large. Each is made of plain residual blocks (He et al. 2016), says
where all its points are, and then looks again about each of them (`network_nearby`).

Coordinates of a part's picture are those of `network`: 0 is the left edge of the first pixel.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from solver.crop import Roi, roi_of_points, square_about
from solver.network import EYE_LEFT, LIPS, POINTS
from solver.network_mirror import MIRRORED
from solver.network_nearby import ANSWER, Nearby


@dataclass(frozen=True)
class Part:
    """A part of the face with a network of its own.

    Attributes:
        name: of the network.
        points: (P) indices of the landmarks that it finds.
        size: side of its picture in px.
        margin: its square's side as a multiple of the longer side of the points' box.
        widths: channels at a half, a quarter, an eighth and a sixteenth of the picture's side.
    """

    name: str
    points: tuple[int, ...]
    size: int
    margin: float
    widths: tuple[int, int, int, int] = (24, 48, 96, 128)

    @property
    def mirrored(self) -> tuple[int, ...]:
        """(P) the same landmarks on the face's other side."""
        return tuple(int(index) for index in MIRRORED[list(self.points)])


EYE = Part("eye", (*EYE_LEFT.frame, 468, 469, 470, 471, 472), 112, 1.25)
"""The face's own right eye with its brow. The left eye is looked at in a mirror."""
MOUTH = Part("mouth", LIPS.frame, 112, 1.3)
"""The lips and what surrounds them."""
FACE = Part("face", tuple(sorted(set(range(POINTS)) - {*EYE.points, *EYE.mirrored, *MOUTH.points})), 160, 1.15)
"""All that the eyes' and the mouth's networks leave out, in a picture of the whole face."""
PARTS = (EYE, MOUTH, FACE)

FIRST_SIGMA = 0.03
"""What a network says of every point before it has learnt, as a share of its picture's side."""
LOG_SIGMA = (-8.0, -1.0)
"""Bounds of a sigma's logarithm, sigma being a share of the picture's side."""
NARROW, WIDE = 28, 256
"""Channels of the last picture, and features of the whole of it."""
LEAST_CONTRAST = 0.02
"""Half the contrast below which a picture's is raised no further: there it is noise."""
REACH = 1 / 16
"""A network's answer of 1 in shares of its picture's side."""


class Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut; with stride 2 the shortcut is a mean over 2x2 and a 1x1 convolution."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inside, outside, 3, stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(outside)
        self.second = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(outside)
        self.past = nn.Sequential() if stride == 1 else nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(inside, outside, 1))

    def forward(self, x: Tensor) -> Tensor:  # (B, inside, H, W) -> (B, outside, H / stride, W / stride)
        inner = F.relu(self.first_norm(self.first(x)))
        return F.relu(self.second_norm(self.second(inner)) + self.past(x))


class PartNetwork(nn.Module):
    """picture (B, 3, S, S), RGB, 0..1 -> points (B, P, 2) px, sigma (B, P) px, the standard deviation on each axis."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = part.widths
        self.size, self.count = part.size, len(part.points)
        self.stem = nn.Conv2d(3, half, 5, 2, padding=2, bias=False)
        self.stem_norm = nn.BatchNorm2d(half)
        self.body = nn.Sequential(
            Residual(half, quarter, 2), Residual(quarter, quarter, 1),
            Residual(quarter, eighth, 2), Residual(eighth, eighth, 1),
            Residual(eighth, sixteenth, 2), Residual(sixteenth, sixteenth, 1))
        self.narrow = nn.Conv2d(sixteenth, NARROW, 1)
        self.wide = nn.Linear(NARROW * (part.size // 16) ** 2, WIDE)
        self.out = nn.Linear(WIDE, self.count * ANSWER)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.nearby = Nearby(self.count, (half, quarter), WIDE)
        self.register_buffer("mean", torch.zeros(self.count, 2))  # shares of the side, from the picture's middle

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        return self.answer(self.look(picture))

    def look(self, picture: Tensor) -> Tensor:
        """All but the last layer: (B, 3, S, S) -> (B, P, ANSWER + SEEN), each point's first answer, by the picture as
        a whole, and what is seen about it."""
        # However a camera is exposed, the network sees the same: grey in the middle, as much contrast as ever.
        level = picture.mean((1, 2, 3), keepdim=True)
        contrast = (picture - level).square().mean((1, 2, 3), keepdim=True).sqrt()
        even = (picture - level) / (2 * contrast + LEAST_CONTRAST)
        fine = F.relu(self.stem_norm(self.stem(even)))
        quarter = self.body[:2](fine)
        whole = F.relu(self.wide(F.relu(self.narrow(self.body[2:](quarter))).flatten(1)))
        first = self.out(whole).float().reshape(-1, self.count, ANSWER)
        about = self.nearby((self._placed(first)[0] / self.size).detach(), (fine, quarter), whole)
        return torch.cat([first, about], 2)

    def answer(self, looked: Tensor) -> tuple[Tensor, Tensor]:
        """The last layer, on what `look` gave."""
        return self._placed(looked[..., :ANSWER] + self.nearby.correction(looked[..., ANSWER:]))

    def first_answer(self, looked: Tensor) -> tuple[Tensor, Tensor]:
        """Points and sigmas by the picture as a whole."""
        return self._placed(looked[..., :ANSWER])

    def _placed(self, answer: Tensor) -> tuple[Tensor, Tensor]:
        points = self.mean + answer[..., :2] * REACH + 0.5
        log_sigma = (answer[..., 2] + math.log(FIRST_SIGMA)).clamp(*LOG_SIGMA)
        return points * self.size, log_sigma.exp() * self.size


def part_square(points: np.ndarray, part: Part, mirrored: bool = False) -> Roi:
    """The square about a part of the face: (478, 2) px, roughly known -> Roi, upright as the face is.

    `mirrored` takes the part on the face's other side; its crop has still to be mirrored.
    """
    own = points[list(part.mirrored if mirrored else part.points)]
    return square_about(own, roi_of_points(points, profile=True).angle, part.margin)
