"""`python -m tests.faults`: kills, failing calls and power cuts over the whole main job, and over saving corrections.

Films a small take of its own. Prints how many runs were disturbed and every fault; exits with 1 if there is one.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.faults import campaign
from tests.faults.animator import layer
from tests.faults.campaign import Job, Tally, served

OPTIONS = ("--preset", "draft", "--format", "json,csv,glb")


def small_take(shoot: Path) -> Path:
    """A take of two small cameras and five frames of the built-in head, with a correction."""
    import numpy as np

    from app.corrections import save_layer
    from app.demo import known_performance
    from app.film import film, ring_of_cameras
    from app.models import BUILT_IN, model_named
    from solver.render import Look

    model = model_named(BUILT_IN)
    rig = ring_of_cameras({"camA": 0.0, "camB": float(np.radians(-38.0))}, 0.65, (240, 320), 560.0)
    take = film(model, known_performance(model, 5), rig, shoot, Look(), lambda done, total: None)
    save_layer(layer(2), take / "corrections.json")
    return take


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--failures", type=int, default=150)
    parser.add_argument("--power-cuts", type=int, default=200)
    parser.add_argument("--corrections", type=int, default=600)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    faults = 0
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        os.environ.setdefault("MIEN_CACHE", str(scratch / "cache"))
        take = small_take(scratch / "shoot")
        with served(scratch / "server") as server:
            job = Job(server, take, scratch / "shoot" / "rig.toml", scratch, OPTIONS)
            calls = ", ".join(f"{name} {job.calls[kind]}" for name, kind in campaign.KINDS.items())
            print(f"one run: {job.seconds:.1f} s ({server.cpu:.1f} s of processor), {len(job.changes)} changes, "
                  f"calls: {calls}", flush=True)
            for title, work in (
                    ("corrections", lambda tally: campaign.corrections(server, scratch / "animator",
                                                                       options.corrections, options.seed, tally)),
                    ("kills", lambda tally: campaign.kills(job, options.kills, options.seed, tally)),
                    ("failures", lambda tally: campaign.failures(job, options.failures, options.seed, tally)),
                    ("power cuts", lambda tally: campaign.power_cuts(job, options.power_cuts, options.seed, tally))):
                tally, begin = Tally(), time.monotonic()
                try:
                    work(tally)
                finally:  # also when it is stopped: what was tried until then counts
                    print(f"{title}: {tally.runs} runs, {tally.hit} hit, {len(tally.faults)} faults, "
                          f"{time.monotonic() - begin:.0f} s", flush=True)
                    for fault in tally.faults:
                        print(f"    {fault}", flush=True)
                faults += len(tally.faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
