"""`mien net`: train the landmark networks on made faces, write them for other runtimes, measure how fast they are."""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from app import net_plots
from app.detectors import landmarker_named
from app.models import model_named
from app.progress import teller
from capture.errors import UsageError
from solver import (
    mediapipe_runtime,
    network_file,
    network_onnx,
    network_speed,
    train,
    train_common,
    train_occlusion,
    train_parts,
)
from solver.crop import eight_bit_rgb
from solver.embedding import Embedding, embed
from solver.face_model import FaceModel
from solver.train_data import Recipe

MADE_BEHIND = 0.6
"""How often there is something before the faces that are made for learning what is."""


def run_train(options: argparse.Namespace) -> int:
    """Make faces, or take those that the same recipe made before; train, or go on; write weights and curves.

    In the folder: NETWORK.checkpoint.npz to go on from, NETWORK.npz to give to others, NETWORK.png, the faces.
    """
    if options.begin is not None and options.network == "occlusion":
        raise UsageError("--begin is for landmarks and parts; the network of what is before a face begins with nothing")
    tell = teller(options.events)
    model = model_named(options.model)
    things = {"things": MADE_BEHIND} if options.network == "occlusion" else {}
    faces = train_common.made_faces(
        model, _points_on(model),
        Recipe(options.faces, options.seed, tuple(options.recording), options.profiles, **things), options.held_out,
        options.out, lambda done, total: tell.progress("net", "make faces", done, total))
    checkpoint = options.out / f"{options.network}.checkpoint.npz"
    kind = {"landmarks": train, "parts": train_parts, "occlusion": train_occlusion}[options.network]
    config = kind.Config(checkpoint, faces, seed=options.seed, device=options.device)
    chosen = {name: getattr(options, name) for name in ("steps", "batch", "rate") if getattr(options, name) is not None}
    if options.begin is not None:
        chosen["begin"] = options.begin
    config = replace(config, **chosen, every=min(config.every, chosen.get("steps", config.steps)))
    if checkpoint.exists():
        tell.note("net", f"going on from {checkpoint}; give another --out to begin anew")

    def report(done: int, total: int) -> None:
        tell.progress("net", "train", done, total)

    def note(text: str) -> None:
        tell.note("net", text)

    weights = options.out / f"{options.network}.npz"
    if options.network == "landmarks":
        train.train(config, report, note)
        history, about = _story(checkpoint, network_file.ARCHITECTURE)
        network_file.save_difference(network_file.load_trained(checkpoint), about, weights)
    elif options.network == "occlusion":
        train_occlusion.train(config, report, note)
        history, about = _story(checkpoint, network_file.OCCLUSION)
        learnt = {network_file.OCCLUSION_NAME: network_file.load_occlusion(checkpoint)}
        network_file.save_parts(learnt, about, weights, network_file.OCCLUSION)
    else:
        train_parts.train(config, report, note)
        history, about = _story(checkpoint, network_file.PARTS)
        network_file.save_parts(train_parts.finished(config), about, weights)
    for path in (weights, net_plots.curves(history, weights.with_suffix(".png"))):
        print(path)
    return 0


def _story(checkpoint: Path, architecture: str) -> tuple[list[dict], dict]:
    """A training's history, and what is kept about it beside the weights."""
    about, _ = network_file.load_checkpoint(checkpoint, architecture)
    return about["history"], {name: about[name] for name in ("step", "history", "recipe", "seed")}


def _points_on(model: FaceModel) -> Embedding:
    """Where the landmarks lie on the model that is learnt from: MediaPipe's answers say it where nothing else can."""
    if network_file.geometry_key(model) == network_file.DEFINED_ON:
        return embed(model, mediapipe_runtime.find_face, mediapipe_runtime.SCHEME)
    return landmarker_named().embedding(model)


def run_export(options: argparse.Namespace) -> int:
    """Write the networks as ONNX files."""
    for path in network_onnx.export(options.out, options.weights, options.parts):
        print(path)
    return 0


def run_bench(options: argparse.Namespace) -> int:
    """Measure every way to run the networks, print the table and draw it."""
    tell, still = teller(options.events), _still(options.picture)
    speeds = network_speed.measure(tuple(options.batches), not options.no_compile, lambda text: tell.note("net", text))
    speeds += network_speed.measure_detectors(still)
    print(f"{'network':<16}{'way':<28}{'batch':>6}{'CPU ms a picture':>18}")
    for speed in speeds:
        print(f"{speed.network:<16}{speed.way:<28}{speed.batch:>6}{speed.ms:>18.2f}")
    for sentence in network_speed.ratios(speeds):
        print(sentence)
    print(net_plots.bars(speeds, options.out))
    return 0


def _still(path: Path | None) -> np.ndarray:
    """A picture with a face: the given one, or the built-in head's.

    Raises:
        UsageError: the file is no picture.
    """
    import cv2

    if path is not None:
        read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if read is None:
            raise UsageError(f"{path} is no picture that can be read; give a PNG or JPEG file with a face in it")
        return eight_bit_rgb(cv2.cvtColor(read, cv2.COLOR_BGR2RGB) if read.ndim == 3 else read)
    from capture.camera import lone_camera
    from solver.face_model import deform
    from solver.render import Renderer, face_mesh

    model, (width, height) = model_named("mien"), (1280, 720)
    front = deform(model, np.zeros(len(model.shape_names))) - [0, 0, 0.8]
    with Renderer(width, height) as renderer:
        return renderer.colours(lone_camera("still", (width, height), 1400.0), [face_mesh(model, front)])
