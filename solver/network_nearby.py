"""Where a point lies by what is seen about it: the last step of the second look's networks.

What the whole picture says of a point is right to some px. From there the network looks at the finest features about
that place, with the same eyes for every point (cf. Sun, Wang and Tang 2013, "Deep convolutional network cascade for
facial point detection"; Dapogny et al. 2019, DeCaFA): on which side of the place the lid's edge is seen is the same
question everywhere, so that all points teach it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

AROUND = tuple((x, y) for y in (-1, 0, 1) for x in (-1, 0, 1))
"""Where about a point each of the features is looked at, in its own pixels."""
SEEN, CONTEXT = 48, 16
"""What is kept of a point's surroundings, and of the whole picture for each point."""
ANSWER = 3
"""A point's move in x and y, and the logarithm of its sigma."""


class Nearby(nn.Module):
    """What is seen about each of `count` points, and by how much that corrects their first answers.

    Args:
        count: of the points, P.
        channels: of each of the features.
        whole: how many numbers say what the whole picture shows.
    """

    def __init__(self, count: int, channels: tuple[int, ...], whole: int) -> None:
        super().__init__()
        self.count, self.channels = count, channels
        self.see = nn.Linear(len(AROUND) * sum(channels), SEEN)
        self.kind = nn.Parameter(torch.randn(count, SEEN) * 0.1)
        self.context = nn.Linear(whole, count * CONTEXT)
        self.mix = nn.Linear(SEEN + CONTEXT, SEEN)
        self.weight = nn.Parameter(torch.zeros(count, SEEN, ANSWER))
        self.bias = nn.Parameter(torch.zeros(count, ANSWER))

    def forward(self, points: Tensor, features: tuple[Tensor, ...], whole: Tensor) -> Tensor:
        """points (B, P, 2) in shares of the side, features (B, C, H, H) each, whole (B, W) -> (B, P, SEEN)."""
        found = []
        for one in features:
            steps = points.new_tensor(AROUND) / one.shape[-1]  # (9, 2)
            grid = (points[:, :, None] + steps) * 2 - 1  # (B, P, 9, 2), -1 and 1 at the picture's edges
            here = F.grid_sample(one.float(), grid.float(), align_corners=False, padding_mode="border")  # (B, C, P, 9)
            found.append(here.permute(0, 2, 1, 3).flatten(2))
        seen = F.relu(self.see(torch.cat(found, 2)) + self.kind)  # (B, P, SEEN)
        context = self.context(whole).reshape(-1, self.count, CONTEXT)
        return F.relu(self.mix(torch.cat([seen, context], 2))).float()

    def correction(self, seen: Tensor) -> Tensor:
        """(B, P, SEEN) -> (B, P, ANSWER), to be added to the first answer."""
        return torch.einsum("bps,psk->bpk", seen, self.weight) + self.bias
