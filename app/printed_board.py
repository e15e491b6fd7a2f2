"""`mien calibrate --print-board`: a calibration board as a PDF that a printer gives its true size."""

from pathlib import Path
from typing import Any

from capture.board import OWN_BOARD, Board, draw, load_board
from capture.errors import UsageError
from capture.files import write_with
from capture.shoot import open_shoot

SHEETS = {"A4": (297.0, 210.0), "A3": (420.0, 297.0), "A2": (594.0, 420.0), "A1": (841.0, 594.0), "A0": (1189.0, 841.0)}
"""Width and height in mm, lying."""
MARGIN, WORDS = 5.0, 14.0
"""Millimetres about the board, and for what is written below it."""
RULER = 100.0
"""Millimetres of the line by which a print is checked."""
FINE = 12.0
"""Pixels of the drawing in a millimetre, or so: a square has a whole number of them."""
MOST = 12000
"""Pixels of a drawing's longer side."""
INCH, POINTS = 25.4, 72.0
"""Millimetres and points of type in an inch."""


def run(folder: Path, path: Path, force: bool) -> int:
    """Write the board of a shoot. Returns the exit code.

    Raises:
        UsageError: the file is no PDF, is there already, or no sheet is large enough.
        DataError: board.toml makes no sense.
    """
    if path.suffix.lower() != ".pdf":
        raise UsageError(f"--print-board {path}: a board is written as a PDF, which keeps its size; give a name that "
                         "ends in .pdf")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; give --force to replace it, or another name")
    described = open_shoot(folder).folder / "calibration" / "board.toml"
    board = load_board(described) if described.is_file() else OWN_BOARD
    sheet, figure = page(board)
    write_with(path, lambda file: figure.savefig(file, format="pdf", metadata={"CreationDate": None}))
    print(f"{_words(board)}, for {sheet} or larger")
    print("print it at 100 % (actual size), measure the line below it, and glue it onto something flat and stiff")
    print(path)
    return 0


def page(board: Board) -> tuple[str, Any]:
    """The smallest sheet that holds a board, by name, and a matplotlib figure of its size with the board in the middle.

    Raises:
        UsageError: no sheet is large enough.
    """
    from matplotlib.figure import Figure  # not pyplot, which wants a display and keeps figures alive

    square = board.square * 1000
    side = max(round(square * min(FINE, MOST / (square * max(board.squares)))), 1)  # px
    wide, high = (count * square + 2 * MARGIN for count in board.squares)
    sheet, (width, height) = _sheet(wide, high)
    picture = draw(board, side / square, MARGIN)
    wide, high = (count * square / side for count in picture.shape[::-1])  # the margin is a whole number of px, too
    figure = Figure(figsize=(width / INCH, height / INCH))
    left, low = (width - wide) / 2, (height - high) / 2
    axes = figure.add_axes((left / width, low / height, wide / width, high / height))
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="none", aspect="auto")
    axes.set_axis_off()
    under = figure.add_axes((0, 0, 1, low / height))
    under.set(xlim=(0, width), ylim=(0, low))
    under.set_axis_off()
    line = low - WORDS / 3
    under.plot((left, left + RULER), (line, line), color="black", linewidth=0.5)
    for end in (left, left + RULER):
        under.plot((end, end), (line - 1.5, line + 1.5), color="black", linewidth=0.5)
    size = WORDS / 5 / INCH * POINTS
    under.text(left + RULER + 3, line, f"{RULER:g} mm", va="center", size=size)
    under.text(left, line - WORDS / 3, f"{_words(board)}. Print at 100 % and glue it flat.", va="center", size=size)
    return sheet, figure


def _sheet(wide: float, high: float) -> tuple[str, tuple[float, float]]:
    """The smallest sheet for a board of that size in mm: its name, and its width and height as it is to lie."""
    for name, (width, height) in SHEETS.items():
        lying = (width, height) if wide >= high else (height, width)
        if wide <= lying[0] and high + 2 * WORDS <= lying[1]:
            return name, lying
    raise UsageError(f"a board of {wide:.0f} by {high:.0f} mm fits no sheet up to A0; have it printed from its "
                     "description in calibration/board.toml, or describe a smaller one there")


def _words(board: Board) -> str:
    markers = f", markers {board.marker * 1000:g} mm, {board.dictionary}" if board.kind == "charuco" else ""
    return f"{board.kind}, {board.squares[0]} x {board.squares[1]} squares of {board.square * 1000:g} mm{markers}"
