"""Pictures of a training's course and of the networks' speeds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from capture.files import write_with
from solver.network_speed import Speed

MEASURES = ("train", "mean", "median", "fine_median")
SHARES = {"within_1": "within one sigma", "within_2": "within two sigmas", "area": "area under the curve",
          "precision": "precision", "recall": "recall"}
"""What goes from 0 to 1, and its name in the picture."""


def curves(history: Sequence[dict[str, Any]], path: Path) -> Path:
    """Errors in px of the network's picture over the steps, and how often the truth lies within one and two sigmas.

    A history's entries hold a step and either measures or, for several networks, measures by name.
    """
    named = sorted({key for entry in history for key, value in entry.items() if isinstance(value, dict)})
    figure, rows = _figure(max(len(named), 1), 2)
    for row, name in zip(rows, named or [""], strict=True):
        entries = [(entry["step"], entry[name] if name else entry) for entry in history]
        steps = [step for step, _ in entries]
        known = entries[0][1] if entries else {}
        for measure in (measure for measure in MEASURES if measure in known):
            row[0].plot(steps, [values[measure] for _, values in entries], label=measure.replace("_", " "))
        row[0].set(xlabel="step", ylabel="error, px" if "mean" in known else "loss", title=name or "whole face",
                   yscale="log")
        for measure, words in ((measure, words) for measure, words in SHARES.items() if measure in known):
            row[1].plot(steps, [values[measure] for _, values in entries], label=words)
        row[1].set(xlabel="step", ylabel="share of the held-out points", ylim=(0, 1))
        for axes in row:
            axes.legend()
            axes.grid(alpha=0.3)
    return _saved(figure, path)


def bars(speeds: Sequence[Speed], path: Path) -> Path:
    """CPU ms a picture, one row of bars for each network."""
    networks = list(dict.fromkeys(speed.network for speed in speeds))
    figure, rows = _figure(len(networks), 1)
    for network, (axes,) in zip(networks, rows, strict=True):
        own = [speed for speed in speeds if speed.network == network]
        names = [f"{speed.way}, batch {speed.batch}" for speed in own]
        axes.barh(names[::-1], [speed.ms for speed in own][::-1])
        axes.set(xlabel="CPU ms a picture, one thread", title=network)
    return _saved(figure, path)


def _figure(rows: int, columns: int) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # not pyplot, which wants a display and keeps figures alive

    figure = Figure(figsize=(6 * columns, 3.2 * rows), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def _saved(figure: Any, path: Path) -> Path:
    write_with(path, lambda file: figure.savefig(file, format="png", dpi=100, metadata={"Software": None}))
    return path
