"""What the export job reads: the solve, or the solve with the corrections in it."""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np

from app.gui.take_data import TakeData
from app.places import SOLVE_NAME
from exporters.scene import Scene
from exporters.to_json import write
from solver.corrections import Layer

NAME = "corrected.mien.json"


def export_source(data: TakeData, layer: Layer, weights: np.ndarray) -> Path:
    """The performance file to export. Where there are corrections, or the solve around some is shown, it is written
    anew; its key then holds them, so that the export step knows an old file from a new one.

    Raises:
        OutputError: it cannot be written.
    """
    if not layer.keys and data.scene is data.solved:
        return data.where.work / SOLVE_NAME
    text = repr(sorted((shape, keys) for shape, keys in layer.keys.items()))
    steps = {**data.scene.performance.steps, "correct": hashlib.sha256(text.encode()).hexdigest()[:32]}
    performance = dataclasses.replace(data.scene.performance, weights=weights, steps=steps)
    path = data.where.work / NAME
    write(Scene(performance.take, data.scene.model, performance, data.scene.eye_centres), path)
    return path
