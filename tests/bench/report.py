"""What a report costs for a long take, and how fast a browser shows it: `python -m tests.bench.report [FRAMES]`.

Three cameras, ten moments with full pictures. A browser's time is that of a headless Chromium that draws the page, less
that for an empty one; without a Chromium on the path it is left out.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from app.detectors import landmarker_named
from app.film import ring_of_cameras
from app.models import BUILT_IN, model_named
from app.report.evidence import Evidence
from app.report.moments import worst_moments
from app.report.pictures import HEIGHT, Picture, uri
from app.report.take_page import take_page
from solver.landmarks import Landmarks
from solver.residuals import residuals
from tests.app.test_report_pages import NOWHERE, made

RUNS = 5


def main(frames: int) -> None:
    """Print the figures."""
    model = model_named(BUILT_IN)
    embedding = landmarker_named().embedding(model)
    rig = ring_of_cameras({"camA": 0.0, "camB": -0.66, "camC": 0.63}, 0.65, (480, 640), 1120.0)
    draw = np.random.default_rng(0)
    performance = made(frames, rig.names, shape_names=model.shape_names, identity=np.zeros(len(model.identity)))
    shape = (3, frames, len(embedding.known))
    landmarks = Landmarks(rig.names, embedding.scheme, 240 + 60 * draw.random((*shape, 2), dtype=np.float32),
                          np.ones(shape, dtype=np.float32), np.ones(shape, dtype=bool))
    began = time.process_time()
    found = residuals(performance, model, embedding, rig, landmarks)
    compared = time.process_time()
    noise = uri(draw.integers(0, 256, (HEIGHT, 270, 3), dtype=np.uint8))
    moments = worst_moments(performance, found)
    shots = [[Picture(name, (270, HEIGHT), noise, noise) for name in rig.names] for _ in moments]
    page = take_page(Evidence(performance, NOWHERE, rig=rig, residuals=found), moments, shots, ())
    print(f"{frames} frames: residuals {compared - began:.1f} s, page {time.process_time() - compared:.2f} s of "
          f"processor, {len(page) / 1e6:.2f} MB")
    if browser := shutil.which("chromium"):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "page.html").write_bytes(page)
            (Path(folder) / "empty.html").write_bytes(b"<!DOCTYPE html><title>empty</title>")
            full, empty = (_shown(browser, Path(folder) / name) for name in ("page.html", "empty.html"))
        print(f"Chromium draws it in {full - empty:.2f} s beyond the {empty:.2f} s of an empty page (best of {RUNS})")


def _shown(browser: str, path: Path) -> float:
    """Seconds from the start of a browser to the picture of a page."""
    taken = []
    for _ in range(RUNS):
        began = time.monotonic()
        subprocess.run([browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,900",
                        f"--screenshot={path.with_suffix('.png')}", path.as_uri()], check=True, capture_output=True)
        taken.append(time.monotonic() - began)
    return min(taken)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 18_000)
