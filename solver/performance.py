"""A performance: what an actor's face did, as numbers over time."""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

HIDDEN = "hidden"
"""Flag of a frame in which something is before what some of its shapes move."""
UNKNOWN = 1.0
"""Standard deviation of a weight that nothing was seen of."""


@dataclass(frozen=True)
class Performance:
    """The result of a solve. T frames, K shapes, C cameras, I identity modes.

    Attributes:
        take, actor: names; the actor may be "".
        model_name, model_sha256: the face model whose shapes these are.
        frame_rate: frames per second, exact.
        start_timecode: "HH:MM:SS:FF" (";" before FF in drop-frame).
        cameras: (C) names of the cameras that were used.
        shape_names: (K).
        weights: (T, K).
        head_rotation: (T, 4) quaternion x y z w, world_from_head.
        head_translation: (T, 3) metres, world_from_head.
        gaze: (T, 2, 2) radians: left and right eye, yaw (to the face's own left) and pitch (up).
        identity: (I) standard deviations.
        sigma: (T, K) standard deviation of each weight.
        residual_px: (T) RMS distance in px between what was seen and what the solve explains; NaN where no camera saw.
        seen: (T) share of the cameras that saw the face, 0..1.
        flags: (T) tuples of words: "unseen", "interpolated", "held", "hidden", "cut", "doubtful", ...
        steps: name of a step -> its key.
    """

    take: str
    actor: str
    model_name: str
    model_sha256: str
    frame_rate: Fraction
    start_timecode: str
    cameras: tuple[str, ...]
    shape_names: tuple[str, ...]
    weights: np.ndarray
    head_rotation: np.ndarray
    head_translation: np.ndarray
    gaze: np.ndarray
    identity: np.ndarray
    sigma: np.ndarray
    residual_px: np.ndarray
    seen: np.ndarray
    flags: tuple[tuple[str, ...], ...]
    steps: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frames, shapes = len(self.weights), len(self.shape_names)
        expected = {"weights": (frames, shapes), "head_rotation": (frames, 4), "head_translation": (frames, 3),
                    "gaze": (frames, 2, 2), "sigma": (frames, shapes), "residual_px": (frames,), "seen": (frames,)}
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"a performance of {frames} frames and {shapes} shapes has {name} of shape "
                                 f"{getattr(self, name).shape}, not {shape}")
        if len(self.flags) != frames:
            raise ValueError(f"a performance of {frames} frames has {len(self.flags)} flags")

    @property
    def frames(self) -> int:
        return len(self.weights)


def matrices(quaternions: np.ndarray) -> np.ndarray:
    """(T, 4) unit quaternions x y z w, as of a performance's head -> (T, 3, 3)."""
    x, y, z, w = quaternions.T
    return np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
                     2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
                     2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], axis=-1).reshape(-1, 3, 3)
