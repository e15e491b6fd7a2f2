"""The options of `mien net train|export|bench`."""

import argparse
from pathlib import Path

from app.option_actions import actions_of
from capture.errors import UsageError


def add_options(net: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Give `mien net` its three actions; each command's module is loaded when it runs."""
    add = actions_of(net, common, _run)

    train = add("train", "train a landmark network on made faces; the same command goes on where it stopped",
                "mien net train landmarks --model ict --recording take.csv --out training")
    train.add_argument("network", choices=("landmarks", "parts", "occlusion"),
                       help="the whole face in 192 px, the second look at eyes, mouth and face, or what is before it")
    train.add_argument("--model", required=True, help="the head that faces are made from, a known model or a file")
    train.add_argument("--recording", type=Path, action="append", default=[], metavar="CSV",
                       help="a Live Link Face recording that lends its weights; may be given again")
    train.add_argument("--out", type=Path, required=True, metavar="DIR", help="faces, checkpoint, curves and weights")
    train.add_argument("--faces", type=_positive, default=6000, help="pictures to make (default 6000)")
    train.add_argument("--held-out", type=_positive, default=300, help="faces to measure on (default 300)")
    train.add_argument("--profiles", type=float, default=0.25, help="share of heads turned anywhere (default 0.25)")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--steps", type=_positive)
    train.add_argument("--batch", type=_positive, help="pictures a step; halved by itself where memory runs out")
    train.add_argument("--rate", type=float, help="the highest learning rate")
    train.add_argument("--begin", type=Path, metavar="NPZ",
                       help="weights to begin with instead of MediaPipe's (landmarks) or nothing (parts)")
    train.add_argument("--device", choices=("cpu", "cuda"), default="cpu")

    export = add("export", "write the landmark networks as ONNX files with a free batch size",
                 "mien net export --out onnx")
    export.add_argument("--out", type=Path, required=True, metavar="DIR")
    export.add_argument("--weights", type=Path, help="a trained landmarks.npz (default: the one that ships)")
    export.add_argument("--parts", type=Path, help="a trained parts.npz (default: the one that ships)")

    bench = add("bench", "time the networks in torch, compiled torch, onnxruntime and MediaPipe's own graph",
                "mien net bench --out speed.png")
    bench.add_argument("--out", type=Path, default=Path("net-bench.png"), metavar="PNG", help="the plot")
    bench.add_argument("--batches", type=_positive, nargs="+", default=[1, 3, 16])
    bench.add_argument("--picture", type=Path, help="a picture with a face (default: the built-in head)")
    bench.add_argument("--no-compile", action="store_true", help="leave torch.compile out: it takes minutes")


def run(options: argparse.Namespace) -> int:
    """`mien net` alone."""
    raise UsageError("`mien net` needs to know what to do: train, export or bench; see `mien net --help`")


def _run(name: str, options: argparse.Namespace) -> int:
    from app import net

    return {"train": net.run_train, "export": net.run_export, "bench": net.run_bench}[name](options)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not 1 or more")
    return value
