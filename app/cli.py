"""The `mien` command: reads the options, runs the commands, turns errors into sentences and exit codes."""

import argparse
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from app import (
    __version__,
    actor_options,
    bench_options,
    calibrating_options,
    export_options,
    live_options,
    model_options,
    net_options,
    record_options,
)
from app.pace import PACE, seconds_a_frame
from app.progress import JsonLines
from app.streams import lasting_streams
from app.told import run_told
from app.unhurried import cancel_when_stopped
from capture.errors import Cancelled, MienError

FORMATS = ("json", "csv", "fbx", "glb", "usd", "usda", "maya", "unity", "metahuman", "metahuman-fbx", "metahuman-json")
DEFAULT_FORMATS = ("json", "csv", "glb", "fbx")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 all done, 1 some takes failed, 2 usage, 3 nothing could be read,
    130 cancelled."""
    with lasting_streams():
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
    parser = build_parser()
    try:
        options = parser.parse_args(arguments)
    except SystemExit as ended:  # argparse has said what is wrong, or printed the help
        return int(ended.code or 0)
    return run_with(options)


def run_with(options: argparse.Namespace) -> int:
    """Run the command that the options are of; the same exit codes."""
    cancel_when_stopped()
    if options.cancel_on_eof and not getattr(options, "armed", False):  # which reads stdin itself
        threading.Thread(target=_interrupt_at_eof, daemon=True).start()
    try:
        return run_told(options.run, options)
    except (KeyboardInterrupt, Cancelled):
        print("mien: cancelled; run the same command again to go on from here", file=sys.stderr)
        return _ended(options, Cancelled.exit_code)
    except MienError as error:
        if options.debug:
            traceback.print_exc()
        print(f"mien: {error}", file=sys.stderr)
        return _ended(options, error.exit_code)
    except Exception as error:  # a fault of ours, not the user's
        if options.debug:
            raise
        print(f"mien: internal error ({type(error).__name__}: {error}); run again with --debug and report what it "
              "prints", file=sys.stderr)
        return _ended(options, 1)


def _ended(options: argparse.Namespace, exit_code: int) -> int:
    if options.events:  # whoever reads them waits for it
        JsonLines(sys.stdout).end(exit_code, 0, 0)
    return exit_code


def _common(default: object) -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", default=default, help="show tracebacks")
    common.add_argument("--events", action="store_true", default=default, help="tell the progress as JSON lines on "
                                                                               "stdout")
    common.add_argument("--cancel-on-eof", action="store_true", default=default, help=argparse.SUPPRESS)
    return common


def build_parser() -> argparse.ArgumentParser:
    """All commands and options."""
    common = _common(argparse.SUPPRESS)  # after the command; what stands before it stays where this says nothing
    parser = argparse.ArgumentParser(
        prog="mien", description="Facial performance capture: footage from one or several cameras to animation.",
        epilog="Without a command the desktop app opens. `mien COMMAND --help` shows an example.",
        parents=[_common(False)])
    parser.add_argument("--version", action="version", version=f"mien {__version__}")
    parser.set_defaults(run=_run_gui, path=None)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")

    def add(name: str, run: Callable[[argparse.Namespace], int], summary: str, example: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, parents=[common], help=summary, description=summary,
                                      epilog=f"example: {example}")
        command.set_defaults(run=run)
        return command

    gui = add("gui", _run_gui, "open the desktop app", "mien gui my-shoot")
    gui.add_argument("path", nargs="?", type=Path, help="a shoot, a take or a clip")

    demo = add("demo", _run_demo, "film the built-in head, solve the footage, export it, compare with the truth",
               "mien demo /tmp/demo")
    demo.add_argument("folder", nargs="?", type=Path, default=Path("mien-demo"), metavar="DIR")
    demo.add_argument("--frames", type=_positive, default=48, help="length of the performance (default 48)")

    inspect = add("inspect", _run_inspect, "say what a clip, a take or a shoot holds, and what is wrong with it",
                  "mien inspect my-shoot")
    inspect.add_argument("path", type=Path)
    inspect.add_argument("--film", action="store_true", help="look at every picture for cuts, repeats, interlacing; "
                         "without it short takes' alone")

    calibrate = add("calibrate", _run_calibrate, "find the cameras from a board or the face: writes rig.toml",
                    "mien calibrate my-shoot")
    calibrating_options.add_options(calibrate)

    proxy = add("proxy", _run_proxy, "make half-size copies of clips, so that the app shows any frame at once",
                "mien proxy my-shoot")
    proxy.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="clips, take folders or shoot folders")
    proxy.add_argument("--gently", action="store_true", help="let other programs go first")

    sync = add("sync", _run_sync, "find when each camera's clip begins: writes sync.toml", "mien sync my-shoot")
    sync.add_argument("path", type=Path, help="a take or a shoot folder")

    face = add("face", _run_face, "say which of several faces is the actor's; without --at: print what was said",
               "mien face my-shoot/takes/T001 --camera camA --frame 40 --at 812,330")
    face.add_argument("path", type=Path, help="a take folder or a clip")
    face.add_argument("--camera", help="in whose clip (default: the only one's)")
    face.add_argument("--frame", type=_count, default=0, help="of that clip (default 0)")
    what = face.add_mutually_exclusive_group()
    what.add_argument("--at", type=_place, metavar="X,Y", help="px in the picture, a place on the actor's face")
    what.add_argument("--forget", action="store_true", help="take it back, in that camera or in all")

    solve = add("solve", _run_solve, "turn footage into animation: the main job",
                "mien solve my-shoot/takes/T001 --out anim --format json,fbx")
    solve.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="clips, take folders or shoot folders")
    _output_options(solve)
    _solve_options(solve)
    solve.add_argument("--force", action="store_true", help="do every step again")
    solve.add_argument("--jobs", type=_positive, default=1,
                       help="takes at a time, as far as memory goes (default 1)")
    solve.add_argument("--gpus", type=_count, metavar="N",
                       help="takes that use a GPU at a time (default: one for each GPU; 0: none)")
    solve.add_argument("--cluster", metavar="ADDRESS",
                       help="solve on Dask: a scheduler like tcp://host:8786, or local for --jobs workers here")
    solve.add_argument("--corrections", default="", metavar="none|FILE",
                       help="what to solve around (default: the take's own corrections.json)")
    solve.add_argument("--neutral", metavar="FRAME",
                       help="a frame of the take, or its timecode, in which the face is at rest (default: found)")
    solve.add_argument("--only", choices=("prepare", "detect", "actors", "solve", "export", "report"),
                       help="one step, as render farms run it; see `mien submit`")
    solve.add_argument("--camera", help="with --only detect: this camera alone")
    solve.add_argument("--frames", type=_frames, metavar="A-B",
                       help="with --only detect: the parts that begin at these frames of the take")
    solve.add_argument("--expect", default="", metavar="VERSION",
                       help="with --only: refuse unless this mien is the one that submitted the job")

    record_options.add_options(add("record", _run_record, "record from attached cameras into a new take",
                                   "mien record my-shoot --camera camA=/dev/video0 --slate sc04"), _positive)

    live_options.add_options(add("live", _run_live, "a camera's face as weights while it happens; sent on and recorded",
                                 "mien live --camera camA=/dev/video0 --to livelink"))

    submit = add("submit", _run_submit, "write a shoot as a job for a render farm",
                 "mien submit my-shoot --openjd job")
    submit.add_argument("path", type=Path, metavar="SHOOT", help="a shoot folder that all workers share")
    submit.add_argument("--openjd", type=Path, required=True, metavar="DIR",
                        help="where the Open Job Description bundle goes")
    _output_options(submit)
    _solve_options(submit)
    submit.set_defaults(corrections="", force=False)  # forced, the step Export would do all others again

    status = add("status", _run_status, "say what is done, running, failed or to do, from disk alone",
                 "mien status my-shoot")
    status.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="shoot folders, take folders or clips")
    status.add_argument("--out", type=Path, metavar="DIR", help="where `mien solve` put the results, if by --out")

    export = add("export", _run_export, "write a solved take again, to other formats",
                 "mien export solved/T001.mien.json --format fbx,glb --out for-unreal")
    export_options.add_options(export, DEFAULT_FORMATS)

    stream = add("stream", _run_stream, "play a solved take to Live Link Face or VMC receivers",
                 "mien stream solved/T001.mien.json --to livelink --host 192.168.1.20")
    stream.add_argument("path", type=Path, metavar="TAKE", help="a TAKE.mien.json, or the folder of a solved take")
    stream.add_argument("--to", choices=("livelink", "vmc"), default="livelink")
    stream.add_argument("--host", default="127.0.0.1", help="the receiver (default: this computer)")
    stream.add_argument("--port", type=live_options.port,
                        help="its UDP port (default: 11111 for livelink, 39539 for vmc)")
    stream.add_argument("--subject", default="mien", help="the face's name in Unreal (default mien)")
    stream.add_argument("--rig", metavar="NAME|PATH", help="for vmc: an avatar, whose own names its shapes then have")
    stream.add_argument("--loop", action="store_true", help="again and again, until Ctrl+C")

    report = add("report", _run_report, "write a page that says what to look at in solved takes, and why",
                 "mien report my-shoot")
    report.add_argument("path", type=Path, metavar="PATH",
                        help="a TAKE.mien.json, the folder of solved takes, a take or a shoot")
    report.add_argument("--out", type=Path, metavar="DIR", help="where `mien solve` put the results, if by --out")
    report.add_argument("--force", action="store_true", help="write it again even if nothing changed")

    model_options.add_options(add("model", model_options.run, "list, add, show and check face models",
                                  "mien model add ICT-FaceKit-master.zip --name ict"), common)
    net_options.add_options(add("net", net_options.run, "train, export and measure the landmark networks",
                                "mien net bench"), common)

    actor_options.add_options(add("actor", actor_options.run, "make and move profiles of actors",
                                  "mien actor make anna --from my-shoot"), common)
    bench_options.add_options(add("bench", bench_options.run, "figures against truth and against peers, in one run",
                                  "mien bench accuracy --on my-shoot"), common, _solve_options)

    doctor = add("doctor", _run_doctor, "say what is installed, what is missing and how to get it", "mien doctor")
    doctor.add_argument("--licences", action="store_true",
                        help="say under which licence everything installed and every model is")
    return parser


def _output_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", type=Path, metavar="DIR",
                         help="where results go (default: solved/ beside the footage)")
    command.add_argument("--model", metavar="NAME|PATH",
                         help="the face model (default: the shoot's, else the built-in head)")
    command.add_argument("--format", type=export_options.formats_of(FORMATS), default=DEFAULT_FORMATS, metavar="LIST",
                         help=f"of {','.join(FORMATS)} (default {','.join(DEFAULT_FORMATS)})")


def _solve_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--actor", default=None, help="the actor's name, kept in the results")
    command.add_argument("--rig", type=Path, help="cameras (default: the shoot's rig.toml)")
    command.add_argument("--detector", choices=("auto", "mien", "mediapipe"), default="auto",
                         help="what finds the landmarks (default: our own network)")
    command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    command.add_argument("--start", help="first frame, a number from 0 or a timecode")
    command.add_argument("--end", help="the frame after the last, a number or a timecode")
    command.add_argument("--preset", choices=tuple(PACE), default="standard",
                         help="how much time to spend on a frame of three cameras: " + ", ".join(
                             f"{name} {seconds_a_frame(name, 3):.2f} s" for name in PACE) + " of a processor core")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0")
    return int(text)


def _frames(text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        raise argparse.ArgumentTypeError(f"{text} is no range of frames such as 0-479")
    return int(first), int(last)


def _place(text: str) -> tuple[float, float]:
    try:
        x, y = map(float, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no place in a picture such as 812,330") from None
    return x, y


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return int(text)


def _interrupt_at_eof() -> None:
    """The app cancels by closing our stdin: works on every system, also where there are no signals."""
    sys.stdin.read()
    signal.raise_signal(signal.SIGINT)


# The commands import their modules when called: `mien --help` answers at once, and none loads what it does not use.


def _run_gui(options: argparse.Namespace) -> int:
    from app.gui_door import open_app

    return open_app(options.path)


def _run_demo(options: argparse.Namespace) -> int:
    from app.demo import run

    return run(options.folder, options.frames, options.events)


def _run_inspect(options: argparse.Namespace) -> int:
    from app.inspection import run

    return run(options.path, options.events, options.film)


def _run_calibrate(options: argparse.Namespace) -> int:
    from app.calibrating import run, run_from_face

    if options.print_board is not None:
        from app.printed_board import run as run_print

        return run_print(options.shoot, options.print_board, options.force)
    if options.source is not None:
        from app.rig_importing import run as run_import

        return run_import(options.shoot, options.source, options.unit, options.take, options.out, options.force,
                          options.events)
    if options.from_face:
        return run_from_face(options.shoot, options.take, options.interocular, options.out, options.force,
                             options.events)
    return run(options.shoot, options.out, options.force, options.events, options.fisheye)


def _run_proxy(options: argparse.Namespace) -> int:
    from app.proxies import run

    return run(options.paths, options.gently, options.events)


def _run_sync(options: argparse.Namespace) -> int:
    from app.syncing import run

    return run(options.path, options.events)


def _run_face(options: argparse.Namespace) -> int:
    from app.pointing import run

    return run(options.path, options.camera, options.frame, options.at, options.forget)


def _run_solve(options: argparse.Namespace) -> int:
    if options.only:
        from app.one_step import run
    else:
        from app.solving import run

    return run(options)


def _run_record(options: argparse.Namespace) -> int:
    from app.recording import run

    return run(options)


def _run_live(options: argparse.Namespace) -> int:
    from app.live import run

    return run(options)


def _run_submit(options: argparse.Namespace) -> int:
    from app.openjd_bundle import run

    return run(options)


def _run_status(options: argparse.Namespace) -> int:
    from app.status import run

    return run(options.paths, options.out, options.events)


def _run_export(options: argparse.Namespace) -> int:
    from app.exporting import run

    return run(options)


def _run_report(options: argparse.Namespace) -> int:
    from app.report.command import run

    return run(options)


def _run_stream(options: argparse.Namespace) -> int:
    from app.streaming import run

    return run(options)


def _run_doctor(options: argparse.Namespace) -> int:
    if options.licences:
        from app.licences import run
    else:
        from app.doctor import run
    return run()


if __name__ == "__main__":
    sys.exit(main())
