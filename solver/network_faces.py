"""MediaPipe's two face finders in torch, and how their answers become faces.

Both look at a square picture, RGB, -1..1, the photograph letterboxed in black; both answer for a grid of anchors with
a score (a logit) and 16 numbers in px from the anchor: the box's centre and size, then six points (the face's own
right eye, left eye, nose tip, mouth, right ear, left ear). Short range is for a face within two metres.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor, nn
from torch.nn import functional as F

SCORE_LIMIT = 100.0
OVERLAP = 0.3
"""Boxes that share more than this (intersection over union) are one face."""


Runner = Callable[[np.ndarray], Sequence[np.ndarray]]
"""A network that takes and gives arrays: (B, 3, S, S) float32 -> its outputs."""


@dataclass(frozen=True)
class Face:
    """A face that was found. Coordinates are in the finder's picture, 0..1 from its corner.

    centre (2,), size (2,), points (6, 2), score 0..1.
    """

    centre: np.ndarray
    size: np.ndarray
    points: np.ndarray
    score: float


class BlazeBlock(nn.Module):
    """x + pointwise(depthwise(x)), then ReLU; with stride 2 the shortcut is a max pool, and new channels start at 0."""

    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        self.stride, self.grow = stride, outside - inside
        self.depthwise = nn.Conv2d(inside, inside, 3, stride, padding=0 if stride == 2 else 1, groups=inside)
        self.pointwise = nn.Conv2d(inside, outside, 1)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == 2:
            inner, x = self.depthwise(F.pad(x, (0, 1, 0, 1))), F.max_pool2d(x, 2)
        else:
            inner = self.depthwise(x)
        return F.relu(F.pad(x, (0, 0, 0, 0, 0, self.grow)) + self.pointwise(inner))


class ShortRange(nn.Module):
    """(B, 3, 128, 128) -> scores (B, 896), numbers (B, 896, 16): two anchors a cell of 8 px, then six of 16 px."""

    size = 128
    cells = ((8, 2), (16, 6))
    threshold = 0.5

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 24, 5, 2)
        self.fine = nn.Sequential(
            BlazeBlock(24, 24), BlazeBlock(24, 28), BlazeBlock(28, 32, 2), BlazeBlock(32, 36), BlazeBlock(36, 42),
            BlazeBlock(42, 48, 2), BlazeBlock(48, 56), BlazeBlock(56, 64), BlazeBlock(64, 72), BlazeBlock(72, 80),
            BlazeBlock(80, 88))
        self.coarse = nn.Sequential(BlazeBlock(88, 96, 2), BlazeBlock(96, 96), BlazeBlock(96, 96),
                                    BlazeBlock(96, 96), BlazeBlock(96, 96))
        self.score_fine, self.score_coarse = nn.Conv2d(88, 2, 1), nn.Conv2d(96, 6, 1)
        self.box_fine, self.box_coarse = nn.Conv2d(88, 32, 1), nn.Conv2d(96, 96, 1)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        fine = self.fine(F.relu(self.conv(F.pad(picture, (1, 2, 1, 2)))))
        coarse = self.coarse(fine)
        scores = [_flat(self.score_fine(fine), 1), _flat(self.score_coarse(coarse), 1)]
        numbers = [_flat(self.box_fine(fine), 16), _flat(self.box_coarse(coarse), 16)]
        return torch.cat(scores, 1)[:, :, 0], torch.cat(numbers, 1)


class Separable(nn.Module):
    """A depthwise then a pointwise convolution, batch norms folded in."""

    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(inside, inside, 3, stride, padding=1, groups=inside)
        self.pointwise = nn.Conv2d(inside, outside, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(x))


class Bottleneck(nn.Module):
    """Two separable convolutions through fewer channels; added to the input unless they change its shape."""

    def __init__(self, inside: int, middle: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        self.down, self.up = Separable(inside, middle, stride), Separable(middle, outside)
        self.shortcut = stride == 1

    def forward(self, x: Tensor) -> Tensor:
        inner = self.up(F.relu(self.down(x)))
        return F.relu(inner + x if self.shortcut else inner)


class FullRange(nn.Module):
    """(B, 3, 192, 192) -> scores (B, 2304), numbers (B, 2304, 16): one anchor a cell of 4 px."""

    size = 192
    cells = ((4, 1),)
    threshold = 0.6

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 32, 3, 2, padding=1)
        self.second = nn.Sequential(Bottleneck(32, 8, 32), Bottleneck(32, 8, 32))
        self.quarter = nn.Sequential(Bottleneck(32, 16, 64, 2), Bottleneck(64, 16, 64), Bottleneck(64, 16, 64))
        self.eighth = nn.Sequential(Bottleneck(64, 32, 128, 2), Bottleneck(128, 32, 128), Bottleneck(128, 32, 128))
        self.sixteenth = nn.Sequential(Bottleneck(128, 48, 192, 2), Bottleneck(192, 48, 192),
                                       Bottleneck(192, 48, 192))
        self.last = nn.Sequential(Bottleneck(192, 96, 384, 2), Bottleneck(384, 96, 384), Bottleneck(384, 96, 384),
                                  Bottleneck(384, 96, 384))
        self.from_last, self.from_sixteenth = nn.Conv2d(384, 96, 1), nn.Conv2d(192, 96, 1)
        self.merge_sixteenth = nn.Sequential(Bottleneck(96, 48, 96), Bottleneck(96, 48, 96))
        self.to_eighth, self.from_eighth = nn.Conv2d(96, 64, 1), nn.Conv2d(128, 64, 1)
        self.merge_eighth = nn.Sequential(Bottleneck(64, 32, 64), Bottleneck(64, 32, 64))
        self.to_quarter, self.from_quarter = nn.Conv2d(64, 48, 1), nn.Conv2d(64, 48, 1)
        self.merge_quarter = Bottleneck(48, 24, 48)
        self.score, self.box = nn.Conv2d(48, 4, 1), nn.Conv2d(48, 64, 1)
        self.score_fold = nn.Conv2d(4, 4, 3, 2, padding=1, groups=4)
        self.box_fold = nn.Conv2d(64, 64, 3, 2, padding=1, groups=64)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        quarter = self.quarter(self.second(F.relu(self.conv(picture))))
        eighth = self.eighth(quarter)
        sixteenth = self.sixteenth(eighth)
        x = F.relu(self.from_last(self.last(sixteenth)))
        x = self.merge_sixteenth(F.relu(self.from_sixteenth(sixteenth)) + twice(x))
        x = self.merge_eighth(F.relu(self.from_eighth(eighth)) + twice(F.relu(self.to_eighth(x))))
        x = self.merge_quarter(F.relu(self.from_quarter(quarter)) + twice(F.relu(self.to_quarter(x))))
        scores, numbers = _unfold(self.score_fold(self.score(x))), _unfold(self.box_fold(self.box(x)))
        return _flat(scores, 1)[:, :, 0], _flat(numbers, 16)


def anchors(finder: ShortRange | FullRange) -> np.ndarray:
    """(A, 2): the centres of the finder's anchors, 0..1."""
    out = []
    for stride, count in finder.cells:
        steps = (np.arange(finder.size // stride) + 0.5) * stride / finder.size
        y, x = np.meshgrid(steps, steps, indexing="ij")
        out.append(np.repeat(np.stack([x, y], 2).reshape(-1, 2), count, axis=0))
    return np.concatenate(out)


def faces(finder: ShortRange | FullRange, pictures: np.ndarray, run: Runner | None = None) -> list[list[Face]]:
    """The faces in each picture, the surest first.

    Args:
        pictures: (B, S, S, 3) uint8, S being the finder's size.
        run: asks the finder where it runs faster; None asks it in torch.
    """
    asked = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)) / np.float32(127.5) - 1
    scores, numbers = run(asked) if run else _in_torch(finder, asked)
    scores = expit(scores.clip(-SCORE_LIMIT, SCORE_LIMIT))
    centres = anchors(finder)
    out = []
    for score, number in zip(scores, numbers / finder.size, strict=True):
        sure = score >= finder.threshold
        pairs = number[sure].reshape(-1, 8, 2)  # (D, 8, 2): centre, size, six points
        pairs[:, [0, 2, 3, 4, 5, 6, 7]] += centres[sure][:, None]
        out.append(_merge(pairs, score[sure]))
    return out


def _in_torch(finder: ShortRange | FullRange, pictures: np.ndarray) -> list[np.ndarray]:
    with torch.inference_mode():
        return [answer.numpy() for answer in finder(torch.from_numpy(pictures))]


def _merge(pairs: np.ndarray, scores: np.ndarray) -> list[Face]:
    """One face for each group of overlapping answers: their mean, weighted by their scores."""
    found = []
    left = np.argsort(-scores, kind="stable")
    while len(left):
        low, high = pairs[left, 0] - pairs[left, 1] / 2, pairs[left, 0] + pairs[left, 1] / 2  # (D, 2)
        shared = np.clip(np.minimum(high, high[0]) - np.maximum(low, low[0]), 0, None).prod(axis=1)
        area = np.clip(high - low, 0, None).prod(axis=1)
        same = shared > OVERLAP * np.maximum(area + area[0] - shared, 1e-12)
        same[0] = True
        group = left[same]
        mean = np.average(pairs[group], axis=0, weights=scores[group])
        found.append(Face(mean[0], mean[1], mean[2:], float(scores[left[0]])))
        left = left[~same]
    return found


def _flat(x: Tensor, numbers: int) -> Tensor:
    """(B, K * numbers, H, W) -> (B, H * W * K, numbers)."""
    return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, numbers)


def twice(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, C, 2 H, 2 W), bilinear."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def _unfold(x: Tensor) -> Tensor:
    """TensorFlow's depth_to_space of 2: (B, 4 * C, H, W) -> (B, C, 2 H, 2 W), the block's place before the channel."""
    batch, channels, height, width = x.shape
    x = x.reshape(batch, 2, 2, channels // 4, height, width)  # (B, y, x, C, H, W)
    return x.permute(0, 3, 4, 1, 5, 2).reshape(batch, channels // 4, 2 * height, 2 * width)
