"""All cameras of a take side by side, always showing one and the same frame."""

import math

from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.gui import edits, theme
from app.gui.frame_loader import FrameLoader, Response
from app.gui.guarded import guarded
from app.gui.pane_faces import HIDDEN, LOOKS, PaneFaces
from app.gui.proxies import Proxies
from app.gui.session import Session
from app.gui.start_page import StartPage
from app.gui.turns import Turns
from app.gui.video_pane import HEAD, VideoPane
from app.gui.view_bar import view_bar

MOST = 8


@guarded
class VideoGrid(QWidget):
    """Panes for one to eight cameras, and what they show over the footage."""

    shown = Signal(tuple, int)
    """The cameras' pictures, and of which frame they are."""
    context = Signal(QPointF)

    def __init__(self, session: Session, turns: Turns, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.panes: list[VideoPane] = []
        self.loader = FrameLoader(self)
        self.loader.loaded.connect(self._loaded)
        self.proxies = Proxies(session, self)
        self.proxies.changed.connect(self._show_proxies)
        self.faces, self.turns = PaneFaces(), turns
        self._busy: int | None = None
        self._late = False
        self._alone: int | None = None
        self._arranged_for = 0.0
        self._shown: tuple[str, ...] = ()

        self.points_box = self._box("Landmarks", "Where the detector found each landmark (1)", True)
        self.residuals_box = self._box("Residuals", "From each landmark to where the solved face has it: "
                                                    "dark is near, yellow is far (2)", False)
        self.look = QComboBox(toolTip="The solved face over each camera's picture: its wires (3), its surface (8), or "
                                      "how far it is from the landmarks there (9)")
        self.look.setAccessibleName("Solved face over the pictures")
        self.look.addItems(LOOKS)
        self.look.currentTextChanged.connect(self._choose)
        self.crop_box = self._box("Crop to face", "Show only the face, standing still through the take (4)", False)
        self.proxy_words = QLabel()  # the window gives it a place
        self.proxy_words.setStyleSheet(f"color: {theme.QUIET.name()}; padding-right: 8px;")
        self.right_box = QCheckBox("This frame is right", toolTip="It keeps what it shows, however the take is solved "
                                                                  "again (R, Shift+R)")
        self.right_box.clicked.connect(lambda right: edits.mark_right(session, right))
        self.grid = QGridLayout()
        self.grid.setSpacing(2)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.start = StartPage(session)
        self.holder = QWidget()
        self.holder.setLayout(self.grid)
        self.holder.setAutoFillBackground(True)
        ground = self.holder.palette()
        ground.setColor(QPalette.ColorRole.Window, theme.PANE)
        self.holder.setPalette(ground)
        self.pages = QStackedLayout()
        self.pages.addWidget(self.start)
        self.pages.addWidget(self.holder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self.pages, 1)
        layout.addWidget(view_bar("Footage", (self.look, self.points_box, self.residuals_box, self.crop_box),
                                  (self.right_box,)))
        session.take_changed.connect(self._take_changed)
        session.curves_changed.connect(self._refresh)
        session.frame_changed.connect(self._ask)
        for signal in (session.take_changed, session.curves_changed, session.frame_changed):
            signal.connect(self._show_right)

    def close_loader(self) -> None:
        self.proxies.stop()
        self.loader.stop()
        self.faces.release()

    def toggle_look(self, look: str) -> None:
        """Show the solved face that way; once more, not at all."""
        self.look.setCurrentText(HIDDEN if self.look.currentText() == look else look)

    def point_at(self) -> None:
        """The face on which the menu was opened is the actor's."""
        pane = next((pane for pane in self.panes if pane.asked is not None), None)
        if pane is None:
            self.session.message.emit("hold Shift and click on the actor's face in a camera's picture")
        else:
            edits.point_at(self.session, pane.name, pane.shown_frame, pane.asked)

    def _box(self, text: str, tip: str, on: bool) -> QCheckBox:
        box = QCheckBox(text)
        box.setToolTip(tip)
        box.setChecked(on)
        box.toggled.connect(self._choose)
        return box

    def _choose(self) -> None:
        for pane in self.panes:
            pane.show_points = self.points_box.isChecked()
            pane.show_residuals = self.residuals_box.isChecked()
            pane.look = self.look.currentText()
            pane.crop = self.crop_box.isChecked()
            pane.update()
        self._arrange()

    def _take_changed(self) -> None:
        data = self.session.data
        cameras = data.take.cameras[:MOST] if data is not None and data.clips is not None else ()
        if cameras != self._shown or data is None:
            self._fill(len(cameras))
            self._shown = cameras
        for pane in self.panes:
            pane.take_in()
        self.start.say("\n".join(data.problems) if data is not None and data.clips is None else "")
        self._choose()
        self._ask()

    def _fill(self, count: int) -> None:
        for pane in self.panes:
            self.grid.removeWidget(pane)
            pane.hide()  # it lives on until the next turn, and has no camera any more
            pane.deleteLater()
        self.panes = [VideoPane(self.session, index, self.faces, self.turns, self) for index in range(count)]
        self._alone, self._arranged_for = None, 0.0
        for pane in self.panes:
            pane.enlarged.connect(self._enlarge)
            pane.context.connect(self.context)
        self._arrange()
        self.pages.setCurrentIndex(1 if count else 0)

    def _arrange(self) -> None:
        """In as many columns as make the pictures largest; a pane that was double-clicked has it all."""
        shown = [pane for index, pane in enumerate(self.panes) if self._alone in (None, index)]
        columns = best_columns(len(shown), self._aspect(), self.holder.width(), self.holder.height())
        for pane in self.panes:
            self.grid.removeWidget(pane)
            pane.setVisible(pane in shown)
        for place, pane in enumerate(shown):
            self.grid.addWidget(pane, place // columns, place % columns)

    def _aspect(self) -> float:
        """Width over height of what the first pane shows that has a picture."""
        shown = (source for pane in self.panes if not (source := pane.source()).isEmpty())
        return next((source.width() / source.height() for source in shown), 16 / 9)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _enlarge(self, index: int) -> None:
        self._alone = None if self._alone == index else index
        self._arrange()

    def _refresh(self) -> None:
        for pane in self.panes:
            pane.refresh()

    def _show_right(self) -> None:
        self.right_box.setEnabled(self.session.solved_frame() is not None)
        self.right_box.setChecked(self.session.frame in self.session.layer.right)

    def _show_proxies(self) -> None:
        share, problem = self.proxies.share, self.proxies.problem
        self.proxy_words.setText(f"proxies {share:.0%}" if share is not None else "no proxies" if problem else "")
        self.proxy_words.setToolTip(problem or "Half-size copies of the clips, by which scrubbing answers at once")

    def _ask(self) -> None:
        data = self.session.data
        if data is None or data.clips is None or not self.panes:
            return
        if self._busy is not None and self.session.playback.playing:
            self._late = True  # the frame that is due when this one is there will be asked for then
            return
        self._busy = self.loader.ask(data.clips, self.session.frame, self.proxies.clips, self.session.playback.playing)

    def _loaded(self, response: Response) -> None:
        if response.request.id == self._busy:
            self._busy = None
        data = self.session.data
        if data is None or response.request.clips is not data.clips:
            return
        # One that was overtaken while scrubbing is still better to look at than a picture that stands still.
        if response.problem:
            self.session.message.emit(response.problem)
        for pane, picture in zip(self.panes, response.pictures, strict=False):
            if picture is not None or not response.coarse:
                pane.show_picture(picture, response.request.frame)
        if self._aspect() != self._arranged_for:
            self._arranged_for = self._aspect()
            self._arrange()
        self.shown.emit(response.pictures, response.request.frame)
        if self._late:
            self._late = False
            self._ask()


def best_columns(count: int, aspect: float, width: int, height: int) -> int:
    """In how many columns `count` pictures of that aspect are largest."""
    def scale(columns: int) -> float:
        rows = math.ceil(count / columns)
        return min(width / columns / aspect, height / rows - HEAD)

    return max(range(1, count + 1), key=scale, default=1)
