import numpy as np
from PySide6.QtGui import QColor, QImage

from app.gui import curve_levels, curve_picture
from app.gui.curve_picture import Stroke

RED, BLUE = QColor(200, 30, 30), QColor(30, 30, 200)


def rgba(picture: QImage) -> np.ndarray:
    pixels = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.width(), 4)
    return pixels.copy()  # they end with the picture


def test_a_lively_curve_fills_each_column_from_its_least_to_its_greatest_value():
    values = np.random.default_rng(3).uniform(0.1, 0.9, (9600, 1))
    frames, lows, highs = curve_levels.visible(curve_levels.build(values), 0, 9599, 300)
    x = frames * 300 / 9600
    drawn = rgba(curve_picture.draw([Stroke(x, 100 * (1 - lows), 100 * (1 - highs), RED)], 300, 100))[:, :, 3] > 0
    for column in range(1, 299):
        rows = np.flatnonzero(drawn[:, column])
        here = values[(np.arange(9600) * 300 // 9600) == column]
        assert rows.min() <= 100 * (1 - here.max()) + 1
        assert rows.max() >= 100 * (1 - here.min()) - 1
        assert len(rows) == np.ptp(rows) + 1, "without gaps"


def test_calm_curves_pass_through_their_points_the_last_one_on_top():
    x = np.arange(0.0, 200.0, 10.0)
    flat, slope = np.full((20, 1), 50.0), (10 + 0.45 * x)[:, None]
    drawn = rgba(curve_picture.draw([Stroke(x, flat, flat, RED), Stroke(x, slope, slope, BLUE, 3)], 200, 100))
    assert drawn[50, 10:80, 0].min() > 150
    for column in (20, 100, 180):
        assert drawn[round(10 + 0.45 * column), column].tolist() == [30, 30, 200, 255]
    assert not drawn[90, :150].any()


def test_a_dotted_curve_has_gaps_and_nothing_is_drawn_of_no_curves():
    x, flat = np.arange(0.0, 200.0, 10.0), np.full((20, 1), 50.0)
    shown = rgba(curve_picture.draw([Stroke(x, flat, flat, RED, dotted=True)], 200, 100))[50, 5:180, 3] > 100
    assert 0.3 < shown.mean() < 0.8
    assert np.flatnonzero(np.diff(shown.astype(int))).size > 20
    assert not rgba(curve_picture.draw([Stroke(x, flat[:, :0], flat[:, :0], RED)], 200, 100)).any()
