"""Reads Live Link Face's CSV for the tests, by the columns' names: the writer's order is none of its business."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Table(NamedTuple):
    """Timecodes as written (T), and each column by its name (T)."""

    timecodes: list[str]
    columns: dict[str, np.ndarray]

    def shape(self, name: str) -> np.ndarray:
        """(T) of a shape by ARKit's name."""
        return self.columns[name[0].upper() + name[1:]]

    def shapes(self, names: tuple[str, ...]) -> np.ndarray:
        """(T, K); 0 where the file has none of a name."""
        nothing = np.zeros(len(self.timecodes))
        return np.stack([self.columns.get(name[0].upper() + name[1:], nothing) for name in names], axis=1)

    def seconds(self) -> np.ndarray:
        """(T) of the day: the last two digits before the point are sixtieths."""
        return np.array([np.dot([float(part) for part in text.split(":")], [3600, 60, 1, 1 / 60])
                         for text in self.timecodes])


def read(path: Path) -> Table:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header[:2] == ["Timecode", "BlendShapeCount"]
    assert {row[1] for row in rows} == {"61"}
    values = np.array([row[2:] for row in rows], float)
    return Table([row[0] for row in rows], dict(zip(header[2:], values.T, strict=True)))
