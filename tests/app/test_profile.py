"""A head that turns away until one camera alone sees it from the side."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from app.demo import DISTANCE, FOCAL_PX, SIZE, known_performance
from app.film import film, ring_of_cameras
from app.models import model_named
from capture.video import frames, probe
from solver.detect import Footage
from solver.network_detector import NetworkDetector
from solver.render import Look

TURN = np.radians(np.linspace(0, 73, 21))


def test_a_head_is_followed_into_its_profile(cache: None, tmp_path: Path) -> None:
    model = model_named("mien")
    still = known_performance(model, len(TURN))
    turning = replace(still, head_rotation=Rotation.from_rotvec(np.outer(TURN, [0, 1, 0])).as_quat(),
                      head_translation=np.zeros_like(still.head_translation))
    take = film(model, turning, ring_of_cameras({"camA": 0.0}, DISTANCE, SIZE, FOCAL_PX), tmp_path, Look(),
                lambda done, total: None)
    pictures = [frame.rgb for frame in frames(probe(take / "camA.mp4"))]
    footage = Footage(SIZE, Fraction(30), len(pictures), lambda: iter(pictures))
    track = NetworkDetector().detect(footage, lambda done, total: None)
    assert np.isfinite(track.xy).all()
    assert track.seen.mean() > 0.98
    assert np.median(track.sigma[-1]) < 6.0
