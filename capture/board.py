"""Calibration boards: ChArUco and chessboards, how they are described, drawn, recognised and found in pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from capture.errors import DataError, RigError
from capture.toml_file import read_toml

DICTIONARIES = {f"DICT_{bits}X{bits}_{count}": getattr(cv2.aruco, f"DICT_{bits}X{bits}_{count}")
                for bits in (4, 5, 6, 7) for count in (50, 100, 250, 1000)}
DICTIONARIES["DICT_ARUCO_ORIGINAL"] = cv2.aruco.DICT_ARUCO_ORIGINAL

FEWEST_CORNERS = 4
"""What the pose of a plane needs, if they do not lie in one line."""


WINDOW = 0.28
"""Half the window a chessboard's corner is sharpened in, in sides of its smallest neighbouring square."""


@dataclass(frozen=True)
class Board:
    """A flat board of squares.

    Attributes:
        kind: "charuco" or "chessboard".
        squares: across, down (a chessboard has one inner corner less each way).
        square: side of a square, metres.
        marker: side of a marker, metres; 0 for a chessboard.
        dictionary: of the markers, OpenCV's name of it; "" for a chessboard.
        inverted: printed white on black.
        legacy: the ChArUco layout of OpenCV before 4.6, whose first square is a marker where the rows are even.
    """

    kind: str
    squares: tuple[int, int]
    square: float
    marker: float = 0.0
    dictionary: str = ""
    inverted: bool = False
    legacy: bool = False

    @property
    def turned_alike(self) -> bool:
        """Whether the board looks the same upside down: then two cameras may number its corners from opposite ends."""
        return self.kind == "chessboard" and (self.squares[0] + self.squares[1]) % 2 == 0

    @property
    def points(self) -> np.ndarray:
        """The inner corners, row by row: (N, 3) metres on the board, z = 0."""
        across, down = self.squares[0] - 1, self.squares[1] - 1
        grid = np.stack(np.meshgrid(np.arange(1, across + 1), np.arange(1, down + 1)), axis=-1).reshape(-1, 2)
        return np.concatenate([grid * self.square, np.zeros((len(grid), 1))], axis=1)


OWN_BOARD = Board("charuco", (7, 5), 0.030, 0.022, "DICT_5X5_100")
"""The board that `draw` prints on A4 paper if nothing else is asked for."""


@dataclass(frozen=True)
class Corners:
    """A board's corners as one camera saw them at one moment. K of the board's N corners.

    Attributes:
        ids: (K,) int, which rows of `Board.points`.
        xy: (K, 2) px.
    """

    ids: np.ndarray
    xy: np.ndarray


def load_board(path: Path) -> Board:
    """Read a board.toml:

        type = "charuco"              # or "chessboard"
        squares = [7, 5]              # across, down
        square_mm = 30.0
        marker_mm = 22.0              # charuco
        dictionary = "DICT_5X5_100"   # charuco
        inverted = false

    Raises:
        DataError: it cannot be read or describes no board; the message names the key.
    """
    def wrong(key: str, what: str) -> DataError:
        return DataError(f"{path}: {key} {what}")

    table = read_toml(path)
    kind = table.get("type", "charuco")
    if kind not in ("charuco", "chessboard"):
        raise wrong("type", f"is {kind!r}; write \"charuco\" or \"chessboard\"")
    squares = table.get("squares")
    if (not isinstance(squares, list) or len(squares) != 2
            or not all(type(count) is int and 3 <= count <= 100 for count in squares)):
        raise wrong("squares", "must be two whole numbers, squares across and down, such as [7, 5]; "
                               "count squares, not inner corners")
    lengths = {}
    for key in ("square_mm", "marker_mm") if kind == "charuco" else ("square_mm",):
        value = table.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 1000:
            raise wrong(key, f"is {value!r}; measure it on the board, in millimetres")
        lengths[key] = value / 1000
    if kind == "chessboard":
        return Board(kind, tuple(squares), lengths["square_mm"], inverted=bool(table.get("inverted", False)))
    if lengths["marker_mm"] >= lengths["square_mm"]:
        raise wrong("marker_mm", "must be smaller than square_mm; measure both on the board")
    dictionary = table.get("dictionary")
    if dictionary not in DICTIONARIES:
        raise wrong("dictionary", f"is {dictionary!r}; use one of {', '.join(DICTIONARIES)}")
    return Board(kind, tuple(squares), lengths["square_mm"], lengths["marker_mm"], dictionary,
                 bool(table.get("inverted", False)), bool(table.get("legacy", False)))


def draw(board: Board, px_per_mm: float = 12.0, margin_mm: float = 5.0) -> np.ndarray:
    """The board as a picture to print: (H, W) uint8."""
    size = tuple(round(count * board.square * 1000 * px_per_mm) for count in board.squares)
    margin = round(margin_mm * px_per_mm)
    if board.kind == "charuco":
        picture = _charuco(board).generateImage(size)
    else:
        rows, columns = np.indices(size[::-1])
        side = board.square * 1000 * px_per_mm
        picture = (255 * (((rows / side).astype(int) + (columns / side).astype(int)) % 2)).astype(np.uint8)
    picture = cv2.copyMakeBorder(picture, *[margin] * 4, cv2.BORDER_CONSTANT, value=255)
    return 255 - picture if board.inverted else picture


def find(board: Board, grey: np.ndarray) -> Corners | None:
    """A board's corners in a picture (H, W) uint8, to a fraction of a px; None where too few are seen."""
    picture = 255 - grey if board.inverted else grey
    corners = _find_charuco(board, picture) if board.kind == "charuco" else _find_chessboard(board, picture)
    return corners if corners is not None and _spans_plane(board, corners) else None


def recognise(pictures: Sequence[np.ndarray]) -> Board:
    """Which board some pictures (H, W) uint8 show, if it is mien's own or one that differs from it by its markers only.

    A picture tells no lengths: the squares are taken to be those of `OWN_BOARD`.

    Raises:
        RigError: no known markers are seen, or their layout is another.
    """
    parameters = cv2.aruco.DetectorParameters()
    best: tuple[int, str, bool] = (0, "", False)
    for name, number in DICTIONARIES.items():
        if not name.endswith(("_1000", "ORIGINAL")):
            continue  # the first markers of the large dictionaries are those of the small ones
        detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(number), parameters)
        for inverted in (False, True):
            seen = sum(len(detector.detectMarkers(255 - picture if inverted else picture)[0]) for picture in pictures)
            best = max(best, (seen, name, inverted))
    seen, name, inverted = best
    if seen < 4:
        raise RigError("no ChArUco board is seen in the board clips; film one, sharp and in full view, or describe the "
                       "chessboard you filmed in calibration/board.toml")
    board = Board(OWN_BOARD.kind, OWN_BOARD.squares, OWN_BOARD.square, OWN_BOARD.marker, name, inverted)
    if not any(find(board, picture) is not None for picture in pictures):
        raise RigError(f"the board clips show markers of {name}, but no board of {board.squares[0]} by "
                       f"{board.squares[1]} squares; describe yours in calibration/board.toml by "
                       f'squares = [across, down], square_mm, marker_mm and dictionary = "{name}"')
    return board


def _spans_plane(board: Board, corners: Corners) -> bool:
    if len(corners.ids) < FEWEST_CORNERS:
        return False
    points = board.points[corners.ids, :2]
    return np.linalg.svd(points - points.mean(axis=0), compute_uv=False)[1] > 0.6 * board.square


def _charuco(board: Board) -> cv2.aruco.CharucoBoard:
    charuco = cv2.aruco.CharucoBoard(board.squares, board.square, board.marker,
                                     cv2.aruco.getPredefinedDictionary(DICTIONARIES[board.dictionary]))
    charuco.setLegacyPattern(board.legacy)
    return charuco


def _find_charuco(board: Board, picture: np.ndarray) -> Corners | None:
    detector = cv2.aruco.CharucoDetector(_charuco(board))
    xy, ids, _, _ = detector.detectBoard(picture)
    if ids is None or not len(ids):
        return None
    ids = ids.ravel().astype(int)
    # OpenCV counts these from the corner of the top-left pixel, all else from its centre (measured: 0.49 px too much).
    xy = xy.reshape(-1, 2) - 0.5
    # No window may reach the markers, whose own corners would draw it away.
    reach = 0.8 * (board.square - board.marker) / 2 / board.square
    across, down = board.squares[0] - 1, board.squares[1] - 1
    grid = np.full((down, across, 2), np.nan)
    grid[ids // across, ids % across] = xy
    return Corners(ids, _sharpen(grid, picture, reach)[ids // across, ids % across].astype(np.float64))


def _find_chessboard(board: Board, picture: np.ndarray) -> Corners | None:
    across, down = board.squares[0] - 1, board.squares[1] - 1
    found, xy = cv2.findChessboardCornersSB(picture, (across, down), flags=cv2.CALIB_CB_ACCURACY)
    if not found:
        found, xy = cv2.findChessboardCorners(picture, (across, down))
    if not found:
        return None
    grid = _sharpen(xy.reshape(down, across, 2), picture, WINDOW)
    xy = grid.reshape(-1, 2).astype(np.float64)
    return Corners(np.arange(len(xy)), xy[::-1] if _is_upside_down(grid, picture) else xy)


def _sharpen(grid: np.ndarray, picture: np.ndarray, reach: float) -> np.ndarray:
    """Corners (rows, columns, 2), NaN where unseen, moved to where the edges around them cross.

    The window reaches so many sides of the smallest square around each corner: on OpenCV's stereo pairs as large a one
    as the squares allow took the error of the two cameras together from 0.25 to 0.19 px.
    """
    side = np.full(grid.shape[:2], np.inf)
    for axis in (0, 1):
        steps = np.linalg.norm(np.diff(grid, axis=axis), axis=2)
        for part in (slice(None, -1), slice(1, None)):
            at = (part, slice(None)) if axis == 0 else (slice(None), part)
            side[at] = np.fmin(side[at], steps)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-4)
    sharp = grid.astype(np.float32)
    for row, column in np.argwhere(np.isfinite(grid[..., 0]) & np.isfinite(side)):
        half = int(np.clip(reach * side[row, column], 2, 20))
        start = sharp[row, column].reshape(1, 1, 2)
        found = cv2.cornerSubPix(picture, start.copy(), (half, half), (-1, -1), criteria)
        if np.linalg.norm(found - start) <= max(half, 2):
            sharp[row, column] = found[0, 0]
    return sharp


def _is_upside_down(grid: np.ndarray, picture: np.ndarray) -> bool:
    """Whether a grid of corners (rows, columns, 2) begins beside a white square instead of a black one.

    Only boards with an even and an odd number of squares tell; of the others both ends look alike.
    """
    def brightness(corners: np.ndarray) -> float:
        x, y = np.clip(corners.mean(axis=(0, 1)).round().astype(int), 0, np.array(picture.shape[::-1]) - 1)
        return float(picture[max(y - 1, 0):y + 2, max(x - 1, 0):x + 2].mean())

    # The first inner square has the colour of the board's first corner square; its neighbour has the other.
    return brightness(grid[:2, :2]) > brightness(grid[:2, 1:3])
