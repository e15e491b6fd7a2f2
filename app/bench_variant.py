"""One of the two sides of a comparison: what a word on the command line means, and what it makes of a take."""

import dataclasses
import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from app.models import model_named
from app.outcomes import options_of
from app.pipeline import Solved, correct, solve
from app.places import Places, places
from app.preparing import prepare
from app.progress import Teller
from app.request import Request
from app.take_job import tools_of
from capture.errors import InputError, UsageError
from capture.files import make_folder
from capture.shoot import Take
from exporters.to_json import read
from solver.face_model import FaceModel
from solver.model_import import BUILT_IN, list_models
from solver.network_file import is_network
from solver.performance import Performance
from solver.residuals import Residuals, residuals
from solver.solve import PRESETS

DETECTORS = ("mien", "mediapipe")
KEYS = ("preset", "detector", "model", "network", "actor", "corrections", "mien")


@dataclass(frozen=True)
class Variant:
    """One side.

    Attributes:
        name: as the user wrote it.
        request: how takes are solved.
        results: a finished TAKE.mien.json, or a folder of such, in place of a solve; None to solve.
        checkout: the folder of another version of mien that solves; None for this one.
    """

    name: str
    request: Request
    results: Path | None = None
    checkout: Path | None = None


@dataclass(frozen=True)
class Answer:
    """What one side made of a take: the performance, the take's frame that is its first, the model if it is known, and
    how far the face lies from the landmarks that it was solved from, where those are at hand."""

    performance: Performance
    first: int = 0
    model: FaceModel | None = None
    residuals: Residuals | None = None


def variant(word: str, request: Request, actors: tuple[str, ...]) -> Variant:
    """What `word` means.

    Args:
        word: see `mien bench compare --help`.
        request: what holds where the word says nothing.
        actors: names of the shoot's actors.

    Raises:
        UsageError: it means nothing.
    """
    path = Path(word)
    if path.is_file() and path.name.endswith(".json"):
        return Variant(word, request, results=path)
    if path.is_dir() and any(path.glob("*.mien.json")):
        return Variant(word, request, results=path)
    settings: dict[str, str] = {}
    for part in word.split(","):
        key, equals, value = part.partition("=")
        if not equals:
            key, value = _kind(part, actors), part
        if key not in KEYS or not value:
            raise UsageError(f"{word!r}: {key!r} is nothing that two sides can differ in; use {', '.join(KEYS)}")
        settings[key] = value
    _check(settings, word)
    checkout = settings.pop("mien", None)
    network = settings.pop("network", None)
    if network is not None:
        settings["detector"] = str(Path(network).absolute())
    return Variant(word, dataclasses.replace(request, **settings), checkout=Path(checkout) if checkout else None)


def answer(side: Variant, take: Take, out: Path, lent: Path | None, tell: Teller) -> Answer:
    """What a side makes of a take: its solve, below the folder `out`; landmarks found for others lie in `lent`.

    Raises:
        MienError: the take cannot be solved.
    """
    if side.results is not None:
        return Answer(_finished(side.results, take))
    out = out / hashlib.sha256(repr(side).encode()).hexdigest()[:12]
    request = dataclasses.replace(side.request, out=out)
    if side.checkout is not None:
        return Answer(_by_other_version(side, take, request))
    where = places(take, out)
    for folder in filter(None, (lent, places(take, None).work)):
        lend(folder, where)
    tools = tools_of(request)
    options = options_of(take, request)
    ready = prepare(take, options, lambda warning: tell.note(take.name, warning))
    done = correct(solve(ready, options, tools, tell), ready, options, tools, tell)
    return Answer(done.performance, ready.first, tools.model, _apart(done, tools))


def work_of(side: Variant, take: Take, out: Path) -> Path:
    """The folder of a side's artefacts, which it may lend."""
    return places(take, out / hashlib.sha256(repr(side).encode()).hexdigest()[:12]).work


def _apart(done: Solved, tools: object) -> Residuals:
    return residuals(done.performance, tools.model, tools.landmarker.embedding(tools.model), done.rig, done.landmarks)


def _kind(word: str, actors: tuple[str, ...]) -> str:
    """What a bare word is the name of."""
    if word in PRESETS:
        return "preset"
    if word in DETECTORS:
        return "detector"
    if word in actors:
        return "actor"
    if Path(word).is_file() and is_network(Path(word)):
        return "network"
    if (Path(word) / "app" / "cli.py").is_file():
        return "mien"
    if word == BUILT_IN or word in list_models() or Path(word).exists():
        return "model"
    raise UsageError(f"{word!r} is no preset ({', '.join(PRESETS)}), detector ({', '.join(DETECTORS)}), known model, "
                     f"network file, result or actor{' (' + ', '.join(actors) + ')' if actors else ''}; check its name")


def _check(settings: dict[str, str], word: str) -> None:
    if settings.get("preset", "final") not in PRESETS:
        raise UsageError(f"{word!r}: there is no preset {settings['preset']!r}; use {', '.join(PRESETS)}")
    if settings.get("detector", "auto") not in (*DETECTORS, "auto"):
        raise UsageError(f"{word!r}: there is no detector {settings['detector']!r}; use {', '.join(DETECTORS)}")
    if "network" in settings and not Path(settings["network"]).is_file():
        raise UsageError(f"{word!r}: there is no file {settings['network']}; give a trained network")
    if "mien" in settings and not (Path(settings["mien"]) / "app" / "cli.py").is_file():
        raise UsageError(f"{word!r}: {settings['mien']} is no folder with mien's source; give a checkout of a version")
    if "model" in settings:
        model_named(settings["model"])


def _finished(results: Path, take: Take) -> Performance:
    path = results if results.is_file() else results / f"{take.name}.mien.json"
    if not path.is_file():
        raise InputError(f"{results} holds no {take.name}.mien.json; solve the take first")
    return read(path)


def _by_other_version(side: Variant, take: Take, request: Request) -> Performance:
    """The solve of another version of mien, run as its own command in this Python."""
    given = {"--model": request.model, "--detector": request.detector, "--device": request.device,
             "--preset": request.preset, "--rig": request.rig, "--actor": request.actor, "--start": request.start,
             "--end": request.end, "--corrections": request.corrections}
    command = [sys.executable, "-m", "app.cli", "solve", str((take.folder or take.clips[0]).absolute()),
               "--out", str(request.out.absolute()), "--format", "json",
               *(text for name, value in given.items() if value for text in (name, _absolute(value)))]
    ended = subprocess.run(command, cwd=side.checkout, capture_output=True, text=True, check=False,
                           env={**os.environ, "PYTHONPATH": str(side.checkout.absolute())})
    if ended.returncode:
        said = ended.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise InputError(f"the mien in {side.checkout} could not solve {take.name}: {said[0]}")
    return read(request.out / f"{take.name}.mien.json")


def _absolute(value: str | Path) -> str:
    return str(Path(value).absolute()) if Path(value).exists() else str(value)


def lend(folder: Path, where: Places) -> None:
    """Landmarks found for another solve of the take: they count where their keys fit, so lending wrong ones costs
    nothing."""
    for path in (*folder.glob("detect.*.npz"), *folder.glob("clip.*.json")):
        target = where.work / path.name
        if not target.exists():
            make_folder(where.work)
            shutil.copyfile(path, target)
