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
from solver.gaze import gaze_under

NAME = "corrected.mien.json"


def export_source(data: TakeData, layer: Layer, weights: np.ndarray) -> Path:
    """The performance file to export. Where there are corrections, or the solve around some is shown, it is written
    anew; its key then holds them. So it is where the take was renamed since its solve: files are called after the take
    as it is called now.

    Raises:
        OutputError: it cannot be written.
    """
    performance = dataclasses.replace(data.scene.performance, take=data.take.name, weights=weights,
                                      gaze=gaze_under(data.scene.model, data.scene.performance, weights))
    if layer.keys or data.scene is not data.solved:
        text = repr((performance.steps.get("correct", ""), sorted(layer.keys.items())))
        steps = {**performance.steps, "correct": hashlib.sha256(text.encode()).hexdigest()[:32]}
        performance = dataclasses.replace(performance, steps=steps)
    elif data.scene.performance.take == data.take.name:
        return data.where.work / SOLVE_NAME
    path = data.where.work / NAME
    write(Scene(performance.take, data.scene.model, performance, data.scene.eye_centres), path)
    return path
