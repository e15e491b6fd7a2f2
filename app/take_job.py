"""One take from lock to record: what every worker does, wherever it runs."""

import contextlib
import functools
import glob
from collections.abc import Callable
from dataclasses import asdict, replace

import torch

from app import __version__, face_cameras, pointed_face, records
from app.actor_look import LOOK_VERSION
from app.actors import profile_of
from app.again import AGAIN_VERSION
from app.artefacts import key_of, record_bytes
from app.contents import State
from app.corrections import layer_key
from app.detection import CLOCK_VERSION, DETECT_VERSION, MOMENTS_VERSION
from app.detectors import Landmarker, landmarker_named
from app.locks import STALE_SECONDS, Lock, held, server_time
from app.models import model_named
from app.outcomes import options_of, outcome_of
from app.pipeline import CORRECT_VERSION, EXPORT_VERSION, QUICK_VERSION, SOLVE_VERSION, Tools, run_take
from app.places import ASKED_NAME, Places, places
from app.preparing import Options
from app.progress import Teller
from app.report.summary import page_of
from app.request import Outcome, Request
from capture.errors import UsageError
from capture.files import make_folder, write_bytes
from capture.shoot import Take
from exporters import FORMATS
from solver.corrections import Layer
from solver.embedding import VERSION as EMBEDDING_VERSION
from solver.solve import PRESETS

Guard = Callable[[Landmarker], Landmarker]
"""Puts something around a landmarker's work: a turn on a GPU that several workers share."""


def tools_for(model: str, detector: str, device: str, quick: bool = False) -> Tools:
    """What the steps work with, loaded once in a process.

    Args:
        quick: the landmarks need not be better than a draft's.

    Raises:
        UsageError: CUDA is asked for and not there.
        ModelError: the model or the network is missing or damaged.
    """
    return _loaded(model, detector, device, quick)


@functools.lru_cache(maxsize=1)
def _loaded(model: str, detector: str, device: str, quick: bool) -> Tools:
    if device == "cuda" and not uses_cuda(device):
        raise UsageError("--device cuda: PyTorch finds no CUDA device here; use --device auto, or see `mien doctor`")
    return Tools(landmarker_named(detector, device, quick), model_named(model))


def tools_of(request: Request) -> Tools:
    """What the steps of a request work with; see `tools_for`."""
    return tools_for(request.model, request.detector, request.device, PRESETS[request.preset].quick)


def uses_cuda(device: str) -> bool:
    """Whether a detector on `--device` runs on a GPU in this process."""
    return device != "cpu" and torch.cuda.is_available()


def solve_one(take: Take, request: Request, tell: Teller, guard: Guard | None = None) -> Outcome:
    """Everything for one take: its failure is an outcome, told and recorded, not an exception.

    Raises:
        Cancelled, KeyboardInterrupt: the user stopped it.
    """
    return outcome_of(take, request, tell, lambda: _solved(take, request, places(take, request.out), tell, guard))


def _solved(take: Take, request: Request, where: Places, tell: Teller, guard: Guard | None) -> tuple[str, ...]:
    tools = tools_of(request)
    if take.problem:
        return run_take(take, options_of(take, request), tools, tell)  # says what is wrong with it
    make_folder(where.out)
    make_folder(where.work)
    with held(where.work, lambda text: tell.note(take.name, text)) as lock:
        _sweep(take, where)
        inputs, options = records.inputs_of(take, request.rig), options_of(take, request)
        asked = _asked(take, options, tools)
        done = None if request.force else _done_before(where, take.name, asked, inputs)
        if done is None:
            records.forget(where, records.DONE_NAME)
            if guard is not None:
                tools = replace(tools, landmarker=guard(tools.landmarker))
            watched = Watched(tell, lock)
            outputs = run_take(take, options, tools, watched)
            _remember(where, request, take)
            records.save_done(where, asked, inputs, outputs, tuple(watched.notes))
        else:
            outputs = tuple(str(where.out / name) for name in done.outputs)
            _remember(where, request, take)  # the same rig may lie elsewhere by now
            for text in done.notes:
                tell.note(take.name, text)
            tell.progress(take.name, "export", len(outputs), len(outputs))
    return outputs


def _remember(where: Places, request: Request, take: Take) -> None:
    """Keep the options of a solve with it, so that it can be solved again just so, around other corrections."""
    options = {"model": request.model, "detector": request.detector, "actor": request.actor_of(take),
               "preset": request.preset, "start": request.start or "", "end": request.end or "",
               "rig": records.given(request.rig), "neutral": request.neutral or ""}
    write_bytes(where.work / ASKED_NAME, record_bytes(options))


def _asked(take: Take, chosen: Options, tools: Tools) -> str:
    """The key of all that decides the results, but for the take's own files."""
    actor = profile_of(take, chosen.actor, tools.model)
    options = {name: value for name, value in asdict(replace(chosen, corrections=Layer())).items()
               if name not in ("out", "rig", "force", "corrections")}
    if actor is not None:
        options["profile"] = actor.key
    if chosen.corrections:
        options["corrections"] = layer_key(chosen.corrections)
    versions = [DETECT_VERSION, CLOCK_VERSION, MOMENTS_VERSION, pointed_face.VERSION, AGAIN_VERSION,
                face_cameras.VERSION, LOOK_VERSION, SOLVE_VERSION, QUICK_VERSION, CORRECT_VERSION, EXPORT_VERSION]
    return key_of("take", 1, mien=__version__, versions=versions, embedding=EMBEDDING_VERSION,
                  detector=tools.landmarker.detector.key, reader=tools.landmarker.reader_key, model=tools.model.sha256,
                  take=take.name, **options)


def _done_before(where: Places, take: str, asked: str, inputs: dict[str, State | str]) -> records.Done | None:
    """Its record, if an earlier run did just this and they stand as it left them: then nothing is read again."""
    done = records.load_done(where)
    if done is None or done.asked != asked or records.changed(done.inputs, inputs) or records.missing(done, where):
        return None
    if page_of(where, take).name not in done.outputs:
        return None  # a full disk, or a fault of ours: all but the report is skipped
    return done


def _sweep(take: Take, where: Places) -> None:
    """Remove what a process that was killed had half-written. Under the lock nobody else writes these, but for the
    parts of a detection: machines of a farm write them without it, each in a moment, so young ones are let be."""
    ours = ("detect.", "pointed.", "actor.", "solve.", "rig.", "around.", "export.", "report.", "settings.", "clip.",
            "done.", "failed.", "running.", "lock.")
    litter = [path for name in ours for path in where.work.glob(f".{name}*")]
    litter += (where.work / "took").glob(".*.part")
    names = [glob.escape(path.name) for path in (page_of(where, take.name), *(
        where.out / (take.name + suffix) for suffix in FORMATS.values()))]
    litter += [path for name in names for path in where.out.glob(f".{name}.*.part")]
    parts = list((where.work / "parts").glob("*/**/.*.part"))
    old = server_time(where.work) - STALE_SECONDS if parts else 0.0
    for path in parts:
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < old:
                path.unlink()
    for path in litter:
        with contextlib.suppress(OSError):
            path.unlink()


class Watched:
    """A teller that also writes down, with the lock, how far the take is, and keeps the `notes` in their order."""

    def __init__(self, tell: Teller, lock: Lock) -> None:
        self._tell, self._lock = tell, lock
        self.notes: list[str] = []

    def progress(self, take: str, step: str, done: int, total: int) -> None:
        self._lock.tell(step, done, total)
        self._tell.progress(take, step, done, total)

    def note(self, take: str, text: str) -> None:
        self.notes.append(text)
        self._tell.note(take, text)
