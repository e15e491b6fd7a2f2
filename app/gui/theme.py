"""The look: dark and quiet, one accent, a palette that the colour-blind can tell apart, and the icons."""

from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from app.gui import icons

BASE = QColor("#1b1c1e")
PANEL = QColor("#242628")
TITLE = QColor("#2e3134")
EDGE = QColor("#131415")
PANE = QColor("#0d0e0f")
VIEW = QColor("#202123")
TEXT = QColor("#dcddde")
QUIET = QColor("#9a9da1")
ACCENT = QColor("#e8a33d")
SELECTED = QColor("#4a4032")
RANGE = QColor("#2d2820")
GOOD = QColor("#56996e")
GOOD_TEXT = QColor("#6cc48c")
DOUBTFUL = QColor("#c9822f")
BAD = QColor("#b3504a")
BAD_TEXT = QColor("#e2685f")
SOUND = QColor("#5b8fb5")
POINT = QColor("#5fe0a0")
GREY_CURVE = QColor("#4a4d51")
DIM = QColor("#7a7e83")
GRID = QColor("#2b2d30")
BUTTON = QColor("#34373a")
WHITE = QColor("#ffffff")

CURVES = tuple(QColor(name) for name in ("#eaa01f", "#8ea5f3", "#46ce81", "#c196ae", "#fffd8a", "#e13536", "#6655c0",
                                         "#c5ffe6"))
"""Colours of selected curves: any two are far apart for each kind of colour blindness, too, and none is lost on this
ground; found by a search that started from Okabe and Ito's (2008)."""

STYLE = """
QToolBar { border: none; spacing: 2px; padding: 3px 8px; }
QDockWidget::title { background: #2e3134; padding: 5px 10px; }
QMainWindow::separator { background: #131415; width: 3px; height: 3px; }
QSplitter::handle { background: #131415; }
QStatusBar { color: #9a9da1; } QStatusBar::item { border: none; }
QTabBar::tab { background: transparent; color: #9a9da1; padding: 7px 10px; border: none;
  border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: #dcddde; border-bottom-color: #e8a33d; }
QTabWidget::pane { border: none; }
QHeaderView::section { background: #242628; color: #9a9da1; border: none; padding: 5px 6px; }
QTreeView { border: none; } QListView { border: none; }
QToolTip { background: #2e3134; color: #dcddde; border: 1px solid #131415; padding: 3px; }
QPushButton#primary { background: #e8a33d; color: #1b1c1e; border: none; border-radius: 3px; padding: 7px;
  font-weight: 600; }
QPushButton#primary:hover { background: #f0b355; } QPushButton#primary:pressed { background: #cf8f30; }
QPushButton#primary:disabled { background: #4a4032; color: #8a8378; }
QPushButton#primary:focus { border: 1px solid #ffffff; }
QProgressBar { background: #1b1c1e; border: none; } QProgressBar::chunk { background: #e8a33d; }
"""


def dress(application: QApplication) -> None:
    """Give the application mien's look."""
    application.setStyle(QStyleFactory.create("Fusion"))
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, colour in ((roles.Window, PANEL), (roles.WindowText, TEXT), (roles.Base, BASE),
                         (roles.AlternateBase, PANEL), (roles.Text, TEXT), (roles.Button, BUTTON),
                         (roles.ButtonText, TEXT), (roles.Highlight, SELECTED), (roles.HighlightedText, WHITE),
                         (roles.ToolTipBase, TITLE), (roles.ToolTipText, TEXT), (roles.PlaceholderText, QUIET),
                         (roles.Link, ACCENT), (roles.BrightText, ACCENT), (roles.Accent, ACCENT)):
        palette.setColor(role, colour)
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor("#6a6d71"))
    application.setPalette(palette)
    boxes = QPalette(palette)
    boxes.setColor(roles.Base, QColor("#45494e"))  # Fusion's own frame cannot be seen on this ground
    application.setPalette(boxes, "QCheckBox")
    if "Inter" in QFontDatabase.families():
        application.setFont(QFont("Inter", 9))
    application.setStyleSheet(STYLE)


def icon(name: str, colour: QColor = TEXT) -> QIcon:
    """One of the Material Design icons, by its name."""
    return icons.icon(name, colour)


def mono(size: int) -> QFont:
    """A font in which digits do not jump."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSize(size)
    return font
