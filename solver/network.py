"""The face networks, whole, in torch: MediaPipe's two landmark networks, and our own that grows from the second.

Every picture comes in as (B, 3, S, S), RGB, 0..1; every landmark goes out in pixels of that picture as MediaPipe
counts them: the left edge of the first pixel is 0, so the centre of the first pixel is 0.5.

The blocks are those of Blazeface (Bazarevsky et al. 2019), the regions of the face that are looked at once more are
the attention mesh of Grishchenko et al. 2020. Layers are made in the order in which they were first numbered, so that
`pretrained` finds the weights of each by counting.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIZE = 192
"""Side of a landmark network's picture in px."""
MESH = 468
"""Points of the face, without the irises."""
POINTS = 478
"""Points with the irises: 468..472 the face's own right eye, 473..477 its left."""


@dataclass(frozen=True)
class Region:
    """A part of the face that is looked at once more: the mesh points that frame it, and those at its two ends."""

    frame: tuple[int, ...]
    start: int
    end: int


LIPS = Region((61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409, 78, 95, 88,
               178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415, 76, 77, 90, 180, 85, 16,
               315, 404, 320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408, 62, 96, 89, 179, 86, 15, 316, 403, 319,
               325, 292, 183, 42, 41, 38, 12, 268, 271, 272, 407), 61, 291)
# "Left" is the picture's left here: the face's own right eye.
EYE_LEFT = Region((33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173, 130, 25, 110, 24, 23,
                   22, 26, 112, 243, 247, 30, 29, 27, 28, 56, 190, 226, 31, 228, 229, 230, 231, 232, 233, 244, 113, 225,
                   224, 223, 222, 221, 189, 35, 124, 46, 53, 52, 65, 143, 111, 117, 118, 119, 120, 121, 128, 245, 156,
                   70, 63, 105, 66, 107, 55, 193), 33, 133)
EYE_RIGHT = Region((263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398, 359, 255, 339, 254,
                    253, 252, 256, 341, 463, 467, 260, 259, 257, 258, 286, 414, 446, 261, 448, 449, 450, 451, 452, 453,
                    464, 342, 445, 444, 443, 442, 441, 413, 265, 353, 276, 283, 282, 295, 372, 340, 346, 347, 348, 349,
                    350, 357, 465, 383, 300, 293, 334, 296, 336, 285, 417), 362, 263)

REGION_PX = 16
"""Side in px of what a region's branch sees, cut out of the 48 px features."""
REGION_SCALE = 1.5
"""A region's side as a multiple of its frame's."""
FEATURE_STRIDE = 4
"""Picture px per px of the features that the regions are cut from."""

FIRST_SIGMA = 3.0
"""What our network says of every point before it has learnt, px."""
LOG_SIGMA = (-3.0, 4.0)
"""Bounds of a sigma's logarithm: from a twentieth of a px to a quarter of the picture."""


class Block(nn.Module):
    """x + pointwise(depthwise(x)), then PReLU. With stride 2 the shortcut is a max pool; new channels start at 0."""

    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        self.stride, self.grow = stride, outside - inside
        self.depthwise = nn.Conv2d(inside, inside, 3, stride, padding=0 if stride == 2 else 1, groups=inside)
        self.pointwise = nn.Conv2d(inside, outside, 1)
        self.act = nn.PReLU(outside)

    def forward(self, x: Tensor) -> Tensor:  # (B, inside, H, W) -> (B, outside, H / stride, W / stride)
        if self.stride == 2:
            # TensorFlow's "same" padding of an even side pads after it only.
            inner, x = self.depthwise(F.pad(x, (0, 1, 0, 1))), F.max_pool2d(x, 2)
        else:
            inner = self.depthwise(x)
        if self.grow:
            x = F.pad(x, (0, 0, 0, 0, 0, self.grow))
        return self.act(x + self.pointwise(inner))


class Stem(nn.Module):
    """(B, 3, 192, 192) -> the 48 px features that regions are cut from (B, 32, 48, 48), and (B, 128, 6, 6)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, 2)
        self.act = nn.PReLU(16)
        self.near = nn.Sequential(Block(16, 16), Block(16, 16), Block(16, 32, 2))
        self.far = nn.Sequential(Block(32, 32), Block(32, 32), Block(32, 64, 2),
                                 Block(64, 64), Block(64, 64), Block(64, 128, 2),
                                 Block(128, 128), Block(128, 128), Block(128, 128, 2),
                                 Block(128, 128), Block(128, 128))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        near = self.near(self.act(self.conv(F.pad(x, (0, 1, 0, 1)))))
        return near, self.far(near)


class Narrow(nn.Module):
    """128 channels to 32: the last features before a head's output."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(128, 32, 1)
        self.act = nn.PReLU(32)
        self.block = Block(32, 32)

    def forward(self, x: Tensor) -> Tensor:
        return self.block(self.act(self.conv(x)))


class PlainMesh(nn.Module):
    """MediaPipe's face_landmark: a picture -> mesh (B, 468, 3) px, and the logit of there being a face (B,)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Stem()
        self.mesh = nn.Sequential(Block(128, 128, 2), Block(128, 128), Block(128, 128), Narrow())
        self.mesh_out = nn.Conv2d(32, MESH * 3, 3)
        self.face = nn.Sequential(Block(128, 128, 2), Narrow())
        self.face_out = nn.Conv2d(32, 1, 3)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        _, far = self.stem(picture)
        mesh = self.mesh_out(self.mesh(far)).reshape(-1, MESH, 3)
        return mesh, self.face_out(self.face(far)).reshape(-1)


class RegionHead(nn.Module):
    """(B, 128, 4, 4) -> the last features of a region (B, 32, 2, 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(Block(128, 128), Block(128, 128), Block(128, 128, 2), Block(128, 128),
                                  Block(128, 128), Narrow())

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


def region_stem() -> nn.Sequential:
    """(B, 32, 16, 16) -> (B, 128, 4, 4)."""
    return nn.Sequential(Block(32, 32), Block(32, 32), Block(32, 64, 2), Block(64, 64), Block(64, 64),
                         Block(64, 128, 2))


@dataclass(frozen=True)
class Found:
    """What the attention mesh says, all in px of the picture: first the coarse mesh, then the regions refined.

    mesh (B, 468, 3); lips (B, 80, 2), eye_left and eye_right (B, 71, 2) in the order of their region's frame;
    iris_left and iris_right (B, 5, 2); face (B,) a logit.
    """

    mesh: Tensor
    lips: Tensor
    eye_left: Tensor
    iris_left: Tensor
    eye_right: Tensor
    iris_right: Tensor
    face: Tensor

    def points(self) -> Tensor:
        """(B, 478, 2): the mesh with its regions replaced by the refined ones, then the irises."""
        points = torch.cat([self.mesh[:, :, :2], self.iris_left, self.iris_right], 1)
        for region, refined in ((LIPS, self.lips), (EYE_LEFT, self.eye_left), (EYE_RIGHT, self.eye_right)):
            points = points.index_copy(1, _index(region, points), refined)
        return points


class AttentionMesh(nn.Module):
    """MediaPipe's face_landmark_with_attention. See `Found` for what comes out."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Stem()
        self.mesh = nn.Sequential(Block(128, 128, 2), Block(128, 128), Block(128, 128), Narrow())
        self.mesh_out = nn.Conv2d(32, MESH * 3, 3)
        self.face_out = nn.Conv2d(32, 1, 3)
        self.lips_stem, self.lips_head = region_stem(), RegionHead()
        self.lips_out = nn.Conv2d(32, 80 * 2, 2)
        self.eye_left_stem, self.eye_left_head, self.iris_left_head = region_stem(), RegionHead(), RegionHead()
        self.eye_left_out, self.iris_left_out = nn.Conv2d(32, 71 * 2, 2), nn.Conv2d(32, 5 * 2, 2)
        self.eye_right_stem, self.eye_right_head, self.iris_right_head = region_stem(), RegionHead(), RegionHead()
        self.eye_right_out, self.iris_right_out = nn.Conv2d(32, 71 * 2, 2), nn.Conv2d(32, 5 * 2, 2)

    def forward(self, picture: Tensor) -> Found:
        return self.look(picture)[0]

    def look(self, picture: Tensor) -> tuple[Found, dict[str, Tensor]]:
        """What is found, and the last features of each head by name, (B, 32, h, h)."""
        near, far = self.stem(picture)
        last = {"mesh": self.mesh(far)}
        mesh = self.mesh_out(last["mesh"]).reshape(-1, MESH, 3)
        found = {"mesh": mesh, "face": self.face_out(last["mesh"]).reshape(-1)}
        for region, name, heads in ((LIPS, "lips", ("lips",)), (EYE_LEFT, "eye_left", ("eye_left", "iris_left")),
                                    (EYE_RIGHT, "eye_right", ("eye_right", "iris_right"))):
            near_from_region = region_transform(mesh[:, :, :2] / FEATURE_STRIDE, region)
            seen = getattr(self, f"{name}_stem")(cut(near, near_from_region))  # (B, 128, 4, 4)
            for head in heads:
                last[head] = getattr(self, f"{head}_head")(seen)
                out = getattr(self, f"{head}_out")
                local = out(last[head]).reshape(-1, out.out_channels // 2, 2)
                found[head] = place(local, near_from_region)
        return Found(**found), last


class LandmarkNetwork(nn.Module):
    """Our own: the attention mesh, and for every point how far off it may be.

    picture (B, 3, 192, 192) -> points (B, 478, 2) px, sigma (B, 478) px (the standard deviation on each axis, as in
    Wood et al., "3D face reconstruction with dense landmarks", 2022), coarse (B, 468, 2) px, the mesh before its
    regions were refined.
    """

    def __init__(self) -> None:
        super().__init__()
        self.base = AttentionMesh()
        outputs = {"mesh": (MESH, 3), "lips": (80, 2), "eye_left": (71, 2), "iris_left": (5, 2),
                   "eye_right": (71, 2), "iris_right": (5, 2)}
        self.spread = nn.ModuleDict({head: nn.Conv2d(32, points, side) for head, (points, side) in outputs.items()})
        for head in self.spread.values():
            nn.init.zeros_(head.weight)
            nn.init.constant_(head.bias, math.log(FIRST_SIGMA))

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        found, last = self.base.look(picture)
        log = {head: self.spread[head](features).flatten(1) for head, features in last.items()}  # (B, points)
        spread = torch.cat([log["mesh"], log["iris_left"], log["iris_right"]], 1)
        for region, head in ((LIPS, "lips"), (EYE_LEFT, "eye_left"), (EYE_RIGHT, "eye_right")):
            spread = spread.index_copy(1, _index(region, spread), log[head])
        return found.points(), spread.clamp(LOG_SIGMA[0], LOG_SIGMA[1]).exp(), found.mesh[:, :, :2]


def region_transform(mesh: Tensor, region: Region) -> Tensor:
    """Where a region lies: (B, 468, 2) px of the features -> (B, 2, 3), features_from_region, both in px.

    The region is the frame's bounding box along the line from its start to its end, widened.
    """
    along = mesh[:, region.end] - mesh[:, region.start]  # (B, 2)
    along = along / along.norm(dim=1, keepdim=True).clamp_min(1e-6)
    axes = torch.stack([along, torch.stack([-along[:, 1], along[:, 0]], 1)], 1)  # (B, 2, 2): rows x and y
    turned = mesh[:, _index(region, mesh)] @ axes.transpose(1, 2)  # (B, P, 2)
    low, high = turned.amin(1), turned.amax(1)
    centre = ((low + high) / 2)[:, None] @ axes  # (B, 1, 2), in features px
    scale = (high - low) * (REGION_SCALE / REGION_PX)  # (B, 2) features px per region px
    linear = axes.transpose(1, 2) * scale[:, None]  # (B, 2, 2)
    shift = centre[:, 0] - linear.sum(2) * (REGION_PX / 2)
    return torch.cat([linear, shift[:, :, None]], 2)


def cut(features: Tensor, features_from_region: Tensor) -> Tensor:
    """The region's pixels, bilinear: (B, C, H, W), (B, 2, 3) -> (B, C, 16, 16). Zero where a centre lies outside."""
    height, width = features.shape[2:]
    steps = torch.arange(REGION_PX, device=features.device, dtype=features.dtype) + 0.5
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    local = torch.stack([x, y, torch.ones_like(x)], 2)  # (16, 16, 3)
    at = torch.einsum("bij,yxj->byxi", features_from_region, local) - 0.5  # (B, 16, 16, 2), pixel centres are whole
    size = torch.tensor([width, height], device=at.device, dtype=at.dtype)
    inside = ((at >= 0) & (at <= size - 1)).all(3)  # (B, 16, 16)
    grid = (2 * at + 1) / size - 1
    return F.grid_sample(features, grid, "bilinear", "border", align_corners=False) * inside[:, None]


def place(local: Tensor, near_from_region: Tensor) -> Tensor:
    """A region's own points, in picture px at the region's scale, to px of the picture: (B, P, 2) -> (B, P, 2)."""
    return local @ near_from_region[:, :, :2].transpose(1, 2) + FEATURE_STRIDE * near_from_region[:, None, :, 2]


def _index(region: Region, like: Tensor) -> Tensor:
    return torch.tensor(region.frame, device=like.device)
