"""`mien solve`: several takes after one another or in parallel processes, going on past failures."""

import argparse
import concurrent.futures
import multiprocessing
from pathlib import Path

from app.detectors import landmarker_named
from app.models import model_named
from app.pipeline import Options, Tools, run_take
from app.progress import Teller, teller
from capture.errors import Cancelled, MienError, UsageError
from capture.shoot import Take, find_takes


def run(options: argparse.Namespace) -> int:
    """Solve every take below the given paths. Returns the exit code."""
    if options.device == "cuda":
        _require_cuda()
    tell = teller(options.events)
    takes, unread = _takes(options.paths, tell)
    _refuse_twins(takes, options.out)
    if takes and not unread:
        model_named(options.model)  # an unknown model is wrong for all takes: say it once, before any work
    results = list(unread)
    if options.jobs > 1 and len(takes) > 1:
        results += _in_processes(takes, options, tell)
    else:
        results += [_one(take, options, tell) for take in takes]
    return finish(results, tell)


def _takes(paths: list[Path], tell: Teller) -> tuple[list[Take], list[int]]:
    """The takes below the paths, and an exit code for each path that could not be read."""
    takes, codes = [], []
    for path in paths:
        try:
            takes += find_takes(path)
        except MienError as error:
            tell.take(path.name or str(path), "failed", str(error), ())
            codes.append(error.exit_code)
    return takes, codes


def _refuse_twins(takes: list[Take], out: Path | None) -> None:
    """Two takes of one name would write one another's files."""
    if out is None:
        return
    names = [take.name for take in takes]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise UsageError(f"two of the takes are called {twins[0]!r} and --out {out} is one folder; "
                         "solve them apart, each with its own --out")


def _one(take: Take, options: argparse.Namespace, tell: Teller) -> int:
    """One take; its exit code."""
    chosen = Options(out=options.out, rig=options.rig, actor=options.actor or str(take.settings.get("actor", "")),
                     formats=options.format, preset=options.preset, start=options.start, end=options.end,
                     force=options.force)
    try:
        tools = Tools(landmarker_named(options.detector, options.device), model_named(options.model))
        outputs = run_take(take, chosen, tools, tell)
    except Cancelled:
        tell.take(take.name, "cancelled", "", ())
        raise
    except MienError as error:
        if options.debug:
            raise
        tell.take(take.name, "failed", str(error), ())
        return error.exit_code
    tell.take(take.name, "done", "", outputs)
    return 0


def _in_processes(takes: list[Take], options: argparse.Namespace, tell: Teller) -> list[int]:
    """The takes, options.jobs at a time, each in a process of its own; their lines come through a queue."""
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        lines = manager.Queue()
        with concurrent.futures.ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
            waiting = {pool.submit(_one, take, options, _Relay(lines)): take for take in takes}
            results = []
            try:
                while waiting:
                    done, _ = concurrent.futures.wait(waiting, timeout=0.1,
                                                      return_when=concurrent.futures.FIRST_COMPLETED)
                    while not lines.empty():
                        name, arguments = lines.get()
                        getattr(tell, name)(*arguments)
                    for future in done:
                        results.append(_outcome(future, waiting.pop(future), tell))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in multiprocessing.active_children():
                    process.terminate()
                raise
    return results


def _outcome(future: concurrent.futures.Future, take: Take, tell: Teller) -> int:
    try:
        return future.result()
    except concurrent.futures.process.BrokenProcessPool:
        tell.take(take.name, "failed", f"{take.name}: its process was killed; is there enough memory? "
                  "Run the same command again, with a smaller --jobs", ())
        return 1


class _Relay:
    """A teller that sends everything to the parent process."""

    def __init__(self, lines: object) -> None:
        self.lines = lines

    def progress(self, *arguments: object) -> None:
        self.lines.put(("progress", arguments))

    def note(self, *arguments: object) -> None:
        self.lines.put(("note", arguments))

    def take(self, *arguments: object) -> None:
        self.lines.put(("take", arguments))


def finish(codes: list[int], tell: Teller) -> int:
    """0 if all are done; 3 if nothing could be read; else 1."""
    failed = [code for code in codes if code]
    if not failed:
        code = 0
    elif len(failed) == len(codes) and all(code == failed[0] for code in failed):
        code = failed[0]
    else:
        code = 1
    tell.end(code, len(codes) - len(failed), len(failed))
    return code


def _require_cuda() -> None:
    import torch

    if not torch.cuda.is_available():
        raise UsageError("--device cuda: PyTorch finds no CUDA device here; use --device auto, or see `mien doctor`")
