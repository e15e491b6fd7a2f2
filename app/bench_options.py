"""The options of `mien bench accuracy|speed|compare`."""

import argparse
from collections.abc import Callable
from pathlib import Path

from app.option_actions import actions_of
from capture.errors import UsageError

AddOptions = Callable[[argparse.ArgumentParser], None]


def add_options(bench: argparse.ArgumentParser, common: argparse.ArgumentParser, solve_options: AddOptions) -> None:
    """Give `mien bench` its three actions; each one's module is loaded when it runs."""
    add_action = actions_of(bench, common, _run)

    def add(name: str, summary: str, example: str) -> argparse.ArgumentParser:
        action = add_action(name, summary, example)
        action.add_argument("--on", type=Path, required=True, metavar="SHOOT", help="a shoot or a take")
        return action

    accuracy = add("accuracy", "solve footage whose truth is known; MediaPipe's Face Landmarker beside it, per shape",
                   "mien bench accuracy --on my-shoot --model ict")
    accuracy.add_argument("--model", metavar="NAME|PATH", help="the face model (default: the truth's own, if known)")
    accuracy.add_argument("--peer", type=Path, metavar="TASK",
                          help="the Face Landmarker's .task file (default: peers/*.task beside or above the shoot; "
                               "without one, mien is printed alone)")
    _footage(accuracy)
    solve_options(accuracy)

    compare = add("compare", "which of two is better on the same frames: better, worse or cannot tell",
                  "mien bench compare draft final --on my-shoot")
    compare.add_argument("a", metavar="A", help="a preset, detector, model, network file, actor, TAKE.mien.json, "
                                                "folder of results, or settings such as preset=final,actor=anna or "
                                                "mien=FOLDER for another version of mien")
    compare.add_argument("b", metavar="B", help="the other; it is B that is called better or worse")
    compare.add_argument("--model", metavar="NAME|PATH", help="the face model (default: the truth's own, if known)")
    _footage(compare)
    solve_options(compare)

    speed = add("speed", "processor time of every preset beside MediaPipe's own FaceMesh loop on the same frames",
                "mien bench speed --on my-shoot")
    speed.add_argument("--model", default="mien", metavar="NAME|PATH", help="the face model")
    speed.add_argument("--detector", choices=("auto", "mien", "mediapipe"), default="auto")
    speed.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    speed.add_argument("--start", help="first frame, a number from 0 or a timecode")
    speed.add_argument("--end", help="the frame after the last, a number or a timecode")


def _footage(action: argparse.ArgumentParser) -> None:
    action.add_argument("--out", type=Path, metavar="DIR",
                        help="keep landmarks and solves there, so that another run is quick (default: nothing stays)")
    action.add_argument("--cameras", type=lambda text: tuple(text.split(",")), metavar="A,B",
                        help="these cameras alone (default: all)")


def run(options: argparse.Namespace) -> int:
    """`mien bench` alone."""
    raise UsageError("`mien bench` needs to know what to do: accuracy, compare or speed; see `mien bench --help`")


def _run(name: str, options: argparse.Namespace) -> int:
    from app import bench, bench_speed

    return {"accuracy": bench.run_accuracy, "compare": bench.run_compare, "speed": bench_speed.run}[name](options)
