"""The bar above everything: play, where we are, undo, and which workspace."""

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QLabel, QSizePolicy, QToolBar, QToolButton, QWidget

from app.gui import theme
from app.gui.place_field import PlaceField
from app.gui.session import Session
from app.gui.sound_player import SoundPlayer
from app.gui.time_axis import TimeAxis
from app.gui.view_bar import more_button

WORKSPACES = ("Review", "Animate", "Cameras", "Solve")


class Transport(QToolBar):
    """Buttons for the window's actions, by their texts."""

    def __init__(self, session: Session, axis: TimeAxis, player: SoundPlayer, actions: dict[str, QAction],
                 parent: QWidget | None = None) -> None:
        super().__init__("Transport", parent)
        self.setObjectName("transport")
        self.setMovable(False)
        self.session, self.axis = session, axis
        self.play = actions["Play or stop"]
        for text in ("To the in frame", "One frame back", "Play or stop", "One frame on", "To the out frame"):
            self.addAction(actions[text])
        self.loop = QToolButton(icon=theme.icon("repeat"), checkable=True, checked=True, autoRaise=True,
                                toolTip="Play in a loop")
        self.loop.setAccessibleName("Loop")
        self.loop.toggled.connect(self._loop)
        self.addWidget(self.loop)
        self.sound = QToolButton(checkable=True, checked=player.on, autoRaise=True,
                                 toolTip="Hear the take's sound while it plays at normal speed")
        self.sound.setAccessibleName("Sound")
        self.sound.toggled.connect(player.set_on)
        self.sound.toggled.connect(self._show_sound)
        self.addWidget(self.sound)
        self._show_sound(player.on)
        self.timecode = PlaceField(session, axis)
        self.timecode.refused.connect(session.hint)
        self.place = QLabel()
        self.place.setStyleSheet(f"color: {theme.QUIET.name()}")
        self.addWidget(self.timecode)
        self.addWidget(self.place)
        spring = QWidget()
        spring.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(spring)
        for text in ("Undo", "Redo"):
            self.addAction(actions[text])
        word = QLabel("Workspace ")
        word.setStyleSheet(f"color: {theme.QUIET.name()}; padding-left: 10px;")
        self.addWidget(word)
        self.workspace = QComboBox(toolTip="Arrange the window for a task")
        self.workspace.setAccessibleName("Workspace")
        self.workspace.addItems(WORKSPACES)
        self.addWidget(self.workspace)
        more_button(self)
        session.frame_changed.connect(self._show)
        session.take_changed.connect(self._show)
        session.playback.changed.connect(self._show)
        axis.changed.connect(self._show)
        self._show()

    def _show_sound(self, on: bool) -> None:
        self.sound.setIcon(theme.icon("volume-high" if on else "volume-off"))

    def _loop(self, on: bool) -> None:
        self.session.playback.loop = on

    def _show(self) -> None:
        data, playing = self.session.data, self.session.playback.playing
        self.play.setIcon(theme.icon("pause" if playing else "play", theme.ACCENT))
        self.timecode.show_place()
        if data is None or not data.frames:
            self.place.setText("")
            return
        drop = " DF" if self.axis.start is not None and self.axis.start.drop else ""
        speed = f"   × {self.session.playback.speed:g}" if playing and self.session.playback.speed != 1 else ""
        self.place.setText(f"frame {self.session.frame} / {data.frames - 1}     {data.rate:.5g} fps{drop}{speed}")
