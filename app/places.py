"""Where a take's results lie: known to the pipeline that writes them and to the app that reads them."""

from dataclasses import dataclass
from pathlib import Path

from capture.links import WORK, is_inside
from capture.shoot import Take

SOLVE_NAME = "solve.json"
RIG_NAME = "rig.used.toml"
AROUND_NAME = "around.json"
"""The solve with its frames near corrections solved again."""
AROUND_LAYER_NAME = "around.corrections.json"
"""The corrections that it went around."""
ASKED_NAME = "solve.asked.json"
"""The options of the solve."""
SYNC_NAME = "sync.toml"
ACTORS_NAME = "actors"
"""The folder of the actors' profiles, in a shoot or beside a take's clips."""


@dataclass(frozen=True)
class Places:
    """Where a take's results go: `out` for what the user reads, `work` for the steps' artefacts."""

    out: Path
    work: Path

    def landmarks(self, camera: str) -> Path:
        """The artefact of the step that finds the landmarks in one camera."""
        return self.work / f"detect.{camera}.npz"

    def again(self, camera: str) -> Path:
        """The same where other cameras have said where to look; there is none where they had nothing to say."""
        return self.work / f"detect.{camera}.again.npz"

    def parts(self, camera: str) -> Path:
        """The folder of the parts of that artefact, while they are not joined."""
        return self.work / "parts" / camera

    def part(self, camera: str, first: int) -> Path:
        """The part that begins at the take's frame `first`."""
        return self.parts(camera) / f"{first:07}.npz"


def places(take: Take, out: Path | None) -> Places:
    """With --out everything lies below it; else beside the footage, where the shoot's layout says. What there is to
    say of a take whose folder leads out of its shoot is said within the shoot."""
    if out is not None:
        return Places(out, out / WORK / take.name)
    if take.shoot is not None:
        solved, work = take.shoot.folder / "solved", take.folder / WORK
        return Places(solved, work if is_inside(work, take.shoot.folder) else solved / WORK / take.name)
    beside = take.folder if take.folder is not None else take.clips[0].parent
    return Places(beside / "solved", beside / WORK / take.name if take.folder is None else beside / WORK)
