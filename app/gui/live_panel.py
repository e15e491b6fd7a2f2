"""The inspector's Live page: a camera's face while it happens. It only talks to `mien live`."""

from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.gui import theme
from app.gui.live_child import Child
from app.gui.live_view import LiveView, WeightBars
from app.gui.session import Session
from app.gui.take_data import model_named
from app.gui.words import Words
from capture.errors import MienError
from capture.record_sources import attached, parse_source

RECEIVERS = {"Nowhere": "", "Live Link Face": "livelink", "VMC": "vmc"}
MODEL = "mien"


class LivePanel(QWidget):
    """Previews one camera."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self.child, self.take = session, Child(self), ""
        self._into: Path | None = None
        self._frame: dict | None = None
        # Frames that came while the window was busy are many: only the newest of them is drawn.
        self._drawing = QTimer(self, singleShot=True, interval=0)
        self._drawing.timeout.connect(self._draw_frame)
        recent = session.recent
        self.source = QComboBox(editable=True, toolTip="A device, the address of a stream, or loop:FILE for a clip")
        self.source.setAccessibleName("Camera")
        self.source.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.source.setMinimumContentsLength(8)
        self.source.setEditText(recent.choice("live/camera", ""))
        self.source.lineEdit().setPlaceholderText("/dev/video0, or choose")
        self.receiver = QComboBox(toolTip="Where the weights are sent while they come")
        self.receiver.addItems(list(RECEIVERS))
        self.receiver.setCurrentText(recent.choice("live/receiver", "Nowhere"))
        self.host = QLineEdit(recent.choice("live/host", "127.0.0.1"), toolTip="The receiver's address")
        self.port = QSpinBox(minimum=0, maximum=65535, specialValueText="usual", toolTip="The receiver's UDP port")
        for field, name in ((self.receiver, "Send to"), (self.host, "Receiver's address"), (self.port, "UDP port")):
            field.setAccessibleName(name)
        self.points, self.mesh = QCheckBox("Landmarks", checked=True), QCheckBox("Face", checked=True)
        self.start = QPushButton("Start", objectName="primary", toolTip="Open the camera and find the face")
        self.record = QPushButton("Record", toolTip="Record footage and weights into a new take of the open shoot")
        self.view, self.bars = LiveView(), WeightBars()
        self.facts, self.words = QLabel(), Words()
        self._build()
        self.start.clicked.connect(self.toggle)
        self.record.clicked.connect(lambda: self.child.tell("cut" if self.take else "record"))
        self.points.toggled.connect(lambda shown: self._show("show_points", shown))
        self.mesh.toggled.connect(lambda shown: self._show("show_mesh", shown))
        self.child.heard.connect(self._hear)
        self.child.ended.connect(self._ended)
        session.shoot_changed.connect(self._shoot_changed)
        session.take_changed.connect(self._list_sources)
        self._list_sources()
        self._update()

    def toggle(self) -> None:
        """Start, or stop."""
        if self.child.running:
            self.child.stop()
            self.start.setEnabled(False)
            return
        address = self.source.currentText().strip()
        try:
            parse_source(f"live={address}")
        except MienError:
            self.words.say("write a device such as /dev/video0, the address of a stream, or loop:FILE for a clip")
            return
        recent, to = self.session.recent, RECEIVERS[self.receiver.currentText()]
        for name, value in (("camera", address), ("receiver", self.receiver.currentText()), ("host", self.host.text())):
            recent.choose(f"live/{name}", value)
        arguments = ["live", "--camera", f"camA={address}", "--armed", "--pictures", "--model", MODEL]
        if to:
            arguments += ["--to", to, "--host", self.host.text().strip() or "127.0.0.1"]
            arguments += ["--port", str(self.port.value())] if self.port.value() else []
        self._into = self.session.shoot.folder if self.session.shoot is not None else None
        if self._into is not None:
            arguments += ["--record", str(self._into)]
        self.words.say("")
        self.view.set_model(model_named(MODEL))
        self.child.start(arguments)
        self.facts.setText("loading the networks")
        self._update()

    def rolling(self) -> str:
        """The take that is being recorded; "" for none."""
        return self.take

    def stop(self) -> None:
        """Cut and let the camera go: the app closes."""
        self.child.close()

    # ---- inside

    def _hear(self, event: dict) -> None:
        kind = event["event"]
        if kind == "shapes":
            self.bars.set_names(event["names"])
        elif kind == "live":
            kept = self._frame or {}
            self._frame = event if "identity" in event or "identity" not in kept \
                else {**event, "identity": kept["identity"]}
            self._drawing.start()
        elif kind == "note" and event["text"] != "loading the networks":
            self.words.say(event["text"])
        elif kind == "take":
            self.words.say(f"{event['take']}: {event['error']}" if event["error"] else
                           f"{event['take']} is recorded{'' if self._is_open() else f' in {self._into.name}'}, with "
                           "its live weights beside it, and ready to solve")
            self.session.reload()

    def _shoot_changed(self) -> None:
        self._update()
        if self.child.running and self.take and not self._is_open():
            self.words.say(f"{self.take} goes on in {self._into.name}, which was open at the start")
        elif self.child.running and self.session.shoot is not None and not self._is_open():
            self.words.say(f"stop and start again to record into {self.session.shoot.name}")

    def _is_open(self) -> bool:
        """The shoot into which is recorded."""
        return self.session.shoot is not None and self.session.shoot.folder == self._into

    def _draw_frame(self) -> None:
        event, self._frame = self._frame, None
        if self.take != event["take"]:
            self.take = event["take"]
            self._update()
        if self.isVisible():
            self.view.take_event(event)
            self.bars.take_weights(event.get("weights", []))
        state = {"looking": "no face", "lost": "no picture"}.get(event["state"], "")
        sent = f"<br>{event['sent']} frames sent to {self.receiver.currentText()}" if event.get("sent") else ""
        person = "" if event.get("person") or state else "<br>getting to know the face"
        self.facts.setText(f"<b>{event['fps']:.0f}</b> frames a second, {event['latency_ms']:.0f} ms late"
                           + (f"<br><span style='color:{theme.BAD_TEXT.name()}'>{state}</span>" if state else "")
                           + person + sent)

    def _ended(self, why: str) -> None:
        self.take, self._frame = "", None
        self._drawing.stop()
        self.view.clear()
        self.facts.setText("")
        if why:
            self.words.say(why)
        self._update()

    def _show(self, what: str, shown: bool) -> None:
        setattr(self.view, what, shown)
        self.view.update()

    def _list_sources(self) -> None:
        text, data = self.source.currentText(), self.session.data
        clips = [f"loop:{clip}" for clip in (data.take.clips if data is not None else ()) if clip.is_file()]
        self.source.clear()
        self.source.addItems([source.address for source, _ in attached()] + clips)
        self.source.setEditText(text)

    def _update(self) -> None:
        running = self.child.running
        self.start.setText("Stop" if running else "Start")
        self.start.setEnabled(True)
        self.record.setText("Cut" if self.take else "Record")
        self.record.setEnabled(running and (bool(self.take) or self._is_open()))
        for field in (self.source, self.receiver, self.host, self.port):
            field.setEnabled(not running)

    def _build(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Camera", self.source)
        form.addRow("Send to", self.receiver)
        address = QHBoxLayout()
        address.addWidget(self.host, 1)
        address.addWidget(self.port)
        form.addRow("Address", address)
        buttons, looks = QHBoxLayout(), QHBoxLayout()
        for button in (self.start, self.record):
            buttons.addWidget(button, 1)
        for box in (self.points, self.mesh):
            looks.addWidget(box)
        looks.addStretch()
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addLayout(buttons)
        layout.addWidget(self.words)
        layout.addWidget(self.view)
        layout.addLayout(looks)
        layout.addWidget(self.facts)
        layout.addWidget(self.bars)
        layout.addStretch()
