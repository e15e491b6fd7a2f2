"""The inspector's Record page: cameras are armed, rolled and cut. It only talks to `mien record`."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.gui import theme
from app.gui.live_child import Child
from app.gui.record_tile import CameraTile
from app.gui.session import Session
from app.gui.words import Words
from app.recording_take import Slate
from capture.errors import MienError
from capture.record_sources import attached, parse_source

ROWS = 3
GIB = 1 << 30
LITTLE_SECONDS = 300
"""Time left on the disk from which it is said in red."""
ROLL_STYLE = """QPushButton { background: #b3504a; color: #ffffff; border: none; border-radius: 3px; padding: 9px;
  font-weight: 600; } QPushButton:hover { background: #c55c55; } QPushButton:disabled { background: #3a2c2b;
  color: #8a8378; } QPushButton:focus { border: 1px solid #ffffff; }"""


class RecordPanel(QWidget):
    """Records into the open shoot."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.child = Child(self)
        self.state = ""
        self._into: Path | None = None
        self.tiles: dict[str, CameraTile] = {}
        self.sources = QPlainTextEdit(session.recent.choice("record/cameras", ""))
        self.sources.setPlaceholderText("camA=/dev/video0\ncamB=rtsp://192.168.1.9/live")
        self.sources.setToolTip("One camera a line: its name, and a device or the address of a stream")
        self.sources.setAccessibleName("Cameras")
        self.sources.setTabChangesFocus(True)
        self.sources.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.sources.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.sources.setFixedHeight(ROWS * self.sources.fontMetrics().lineSpacing() + 14)
        self.find = QPushButton("Find", toolTip="List the cameras that are attached to this computer")
        self.scene = QLineEdit(session.recent.choice("record/scene", ""), placeholderText="sc04",
                               toolTip="What the slate says; takes become sc04_t01, sc04_t02 and so on")
        self.number = QSpinBox(minimum=0, maximum=9999, specialValueText="next", toolTip="The take's number")
        self.actor = QLineEdit(session.recent.choice("record/actor", ""), placeholderText="nobody named")
        for field, name in ((self.scene, "Slate"), (self.number, "Take"), (self.actor, "Actor")):
            field.setAccessibleName(name)
        self.arm = QPushButton("Arm", toolTip="Open the cameras and watch them; nothing is recorded yet")
        self.roll = QPushButton("Roll", toolTip="Begin the take")
        self.roll.setStyleSheet(ROLL_STYLE)
        self.cut = QPushButton("Cut", toolTip="End the take; it is ready to solve")
        self.clock = QLabel("--:--:--:--")
        self.clock.setFont(theme.mono(17))
        self.words = Words()
        self._build()
        self.find.clicked.connect(self.find_cameras)
        self.arm.clicked.connect(self.toggle_arm)
        self.roll.clicked.connect(self.start_roll)
        self.cut.clicked.connect(lambda: self.child.tell("cut"))
        self.child.heard.connect(self._hear)
        self.child.ended.connect(self._ended)
        session.shoot_changed.connect(self._shoot_changed)
        self._update()

    def find_cameras(self) -> None:
        """List what is attached."""
        found = attached()
        if found:
            self.sources.setPlainText("\n".join(f"{source.camera}={source.address}" for source, _ in found))
        self.words.say("; ".join(f"{source.camera} is {title}" for source, title in found)
                       or "no camera is attached; connect one, or write the address of a stream")

    def toggle_arm(self) -> None:
        """Open the cameras, or let them go."""
        if self.child.running:
            self._let_go()
            return
        lines = [line.strip() for line in self.sources.toPlainText().splitlines() if line.strip()]
        try:
            names = [parse_source(line).camera for line in lines]
        except MienError as error:
            self.words.say(str(error))
            return
        if self.session.shoot is None or not names:
            self.words.say("open or create a shoot first" if self.session.shoot is None else
                           "name at least one camera, or press Find")
            return
        self.session.recent.choose("record/cameras", "\n".join(lines))
        self._set_tiles(names)
        self.words.say("")
        self.state = "arming"
        self._into = self.session.shoot.folder
        cameras = [word for line in lines for word in ("--camera", line)]
        self.child.start(["record", str(self._into), "--armed", "--pictures", *cameras])
        self._update()

    def start_roll(self) -> None:
        """Begin a take under what is on the slate."""
        scene, actor = self.scene.text().strip(), self.actor.text().strip()
        try:
            Slate(scene, None, actor)
        except MienError as error:
            self.words.say(str(error))
            return
        self.session.recent.choose("record/scene", scene)
        self.session.recent.choose("record/actor", actor)
        self.words.say("")
        number = [f"take {self.number.value()}"] if self.number.value() else []
        for line in (f"slate {scene}", f"actor {actor}", *number, "roll"):
            self.child.tell(line.strip())

    def rolling(self) -> str:
        """What is being recorded; "" for nothing."""
        return "A take" if self.state == "rolling" else ""

    def stop(self) -> None:
        """Cut and let the cameras go: the app closes."""
        self.child.close()

    # ---- inside

    def _hear(self, event: dict) -> None:
        kind = event["event"]
        tile = self.tiles.get(event.get("camera", ""))
        if kind == "camera" and tile is not None:
            tile.take_status(event)
        elif kind == "picture" and tile is not None:
            tile.take_picture(event["jpeg"])
        elif kind == "recorder":
            self._take_state(event)
        elif kind == "note":
            self.words.say(event["text"])
        elif kind == "take":
            self.number.setValue(0)
            self.words.say(f"{event['take']}: {event['error']}" if event["error"] else
                           f"{event['take']} is recorded{self._where()} and ready to solve")
            self.session.reload()
            if self._where():
                self._let_go()

    def _shoot_changed(self) -> None:
        """The cameras are armed for one shoot. They are let go where another is opened, but never while a take rolls:
        then after its cut."""
        self._update()
        if not self.child.running or not self._where():
            return
        if self.state == "rolling":
            self.words.say(f"the take goes on{self._where()}, for which the cameras were armed; after the cut they are "
                           "let go")
        else:
            self.words.say("the cameras are let go: they were armed for another shoot")
            self._let_go()

    def _let_go(self) -> None:
        self.child.stop()
        self.arm.setEnabled(False)
        self.roll.setEnabled(False)

    def _where(self) -> str:
        """Into which shoot is recorded, where that is not the open one."""
        shoot = self.session.shoot
        return "" if shoot is not None and shoot.folder == self._into else f" in {self._into.name}"

    def _take_state(self, event: dict) -> None:
        if event["state"] != self.state:
            self.state = event["state"]
            self._update()
        self.clock.setText(event["timecode"])
        left = event.get("seconds_left", 0)
        room = f"{event['free_bytes'] / GIB:.0f} GiB left" + (f", {_duration(left)}" if left else "")
        colour = theme.BAD_TEXT if left and left < LITTLE_SECONDS else theme.QUIET
        rolled = f"<b>{event['take']}</b>{self._where()}  {_duration(event['seconds'])}" if self.state == "rolling" \
            else f"next: {event['take']}"
        self.facts.setText(f"{rolled}<br><span style='color:{colour.name()}'>{room}</span>")

    def _ended(self, why: str) -> None:
        self.state = ""
        self._set_tiles([])
        self.clock.setText("--:--:--:--")
        self.facts.setText("")
        if why:
            self.words.say(why)
        self._update()

    def _set_tiles(self, names: list[str]) -> None:
        for tile in self.tiles.values():
            self._stack.removeWidget(tile)
            tile.deleteLater()
        self.tiles = {name: CameraTile(name) for name in names}
        for tile in self.tiles.values():
            self._stack.addWidget(tile)

    def _update(self) -> None:
        armed = self.child.running
        self.arm.setText("Disarm" if armed else "Arm")
        self.arm.setEnabled(self.state != "rolling")
        self.roll.setEnabled(armed and self.state != "rolling")
        self.cut.setEnabled(self.state == "rolling")
        for field in (self.sources, self.find):
            field.setEnabled(not armed)
        for field in (self.scene, self.number, self.actor):
            field.setEnabled(self.state != "rolling")
        colour = theme.BAD_TEXT if self.state == "rolling" else theme.ACCENT if armed else theme.QUIET
        self.clock.setStyleSheet(f"color: {colour.name()}")

    def _build(self) -> None:
        self.facts = QLabel(wordWrap=True)
        cameras = QHBoxLayout()
        cameras.addWidget(self.sources, 1)
        cameras.addWidget(self.find)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        slate = QHBoxLayout()
        slate.addWidget(self.scene, 1)
        slate.addWidget(self.number)
        form.addRow("Slate, take", slate)
        form.addRow("Actor", self.actor)
        buttons = QHBoxLayout()
        for button, stretch in ((self.arm, 2), (self.roll, 3), (self.cut, 2)):
            buttons.addWidget(button, stretch)
        layout = QVBoxLayout(self)
        for part in (cameras, form):
            layout.addLayout(part)
        layout.addWidget(self.clock)
        layout.addWidget(self.facts)
        layout.addLayout(buttons)
        layout.addWidget(self.words)
        self._stack = QVBoxLayout()
        self._stack.setSpacing(2)
        layout.addLayout(self._stack)
        layout.addStretch()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
