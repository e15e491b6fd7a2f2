"""The inspector's Calibration page: which cameras are known, how well, and how the finding of them goes."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QFileDialog,
    QHeaderView,
    QLabel,
    QMessageBox,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.gui import jobs, theme
from app.gui.coverage_view import CoverageView
from app.gui.jobs import Job
from app.gui.session import Session
from capture.camera import Camera, load_rig
from capture.errors import MienError

MOST_NOTES = 12


class CamerasPanel(QWidget):
    """Shows the rig of the open take."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.job: Job | None = None
        self.words = QLabel(wordWrap=True)
        self.words.setStyleSheet(f"color: {theme.QUIET.name()}")
        self.table = QTreeWidget(columnCount=4)
        self.table.setHeaderLabels(["Camera", "Focal", "Distance", "Error"])
        self.table.setAccessibleName("Cameras")
        self.table.setRootIsDecorated(False)
        self.table.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        layout = QVBoxLayout(self)
        layout.addWidget(self.words)
        layout.addWidget(self.table, 1)
        self.calibrate = QPushButton("Calibrate from board clips", objectName="primary",
                                     toolTip="Finds the cameras from the clips in calibration/; writes rig.toml")
        self.from_face = QPushButton("From the face in this take", toolTip="Without a board: finds the cameras from a "
                                     "face that all of them filmed; less exact than a board")
        self.board = QPushButton("A board to print…", toolTip="Writes a PDF of the board in its true size: print it "
                                 "at 100 %, glue it flat, film it with all cameras at once")
        self.coverage = CoverageView()
        self.verdict = QLabel(wordWrap=True)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for widget in (self.calibrate, self.from_face, self.board, self.verdict, self.coverage):
            layout.addWidget(widget)
        self.calibrate.clicked.connect(self.start_calibration)
        self.from_face.clicked.connect(self.start_from_face)
        self.board.clicked.connect(self.print_board)
        session.shoot_changed.connect(self._update)
        session.shoot_changed.connect(self._forget)
        session.take_changed.connect(self._update)
        self._update()

    def start_calibration(self) -> None:
        """Find the shoot's cameras; a rig that is there is replaced only after a yes."""
        shoot = self.session.shoot
        force = self._replacing(shoot.rig_path)
        if force is not None:
            self._run(f"Calibrate {shoot.name}", ["calibrate", str(shoot.folder), *force])

    def start_from_face(self) -> None:
        """Find the cameras from the open take; a rig that is there is replaced only after a yes."""
        take = self.session.data.take
        force = self._replacing(take.rig_path)
        if force is not None:
            place = [str(take.shoot.folder), "--take", take.name] if take.shoot is not None else [str(take.folder)]
            self._run(f"Cameras from the face in {take.name}", ["calibrate", *place, "--from-face", *force])

    def print_board(self) -> None:
        """Ask where the board shall go, and write it."""
        shoot = self.session.shoot
        path, _ = QFileDialog.getSaveFileName(self, "A board to print", str(shoot.folder / "board.pdf"), "PDF (*.pdf)")
        if path:
            target = Path(path.removesuffix(".pdf") + ".pdf")  # the dialog has asked whether it may be replaced
            job = self.session.run("A board to print", ["calibrate", str(shoot.folder), "--print-board", str(target),
                                                        "--force"])
            job.ended.connect(lambda: self._say(f"{target}: print it at 100 %, and measure the line below the board"
                                                if job.state == jobs.DONE else job.error, theme.QUIET))

    def _replacing(self, rig: Path | None) -> list[str] | None:
        """The option that allows it; None where the user does not want it."""
        if rig is None:
            return []
        answer = QMessageBox.question(self, "There is a rig already",
                                      f"Replace {rig.name}? Takes that were solved with it stay as they are until they "
                                      "are solved again.")
        return ["--force"] if answer == QMessageBox.StandardButton.Yes else None

    def _run(self, title: str, arguments: list[str]) -> None:
        self.coverage.clear()
        self._say("looking for the board…" if "--from-face" not in arguments else "looking at the face…", theme.QUIET)
        self.job = self.session.run(title, arguments)
        self.job.told.connect(self.coverage.take_event)
        self.job.ended.connect(self._ended)
        self._update()

    def _ended(self) -> None:
        job, self.job = self.job, None
        if job.state == jobs.DONE:
            self._say("\n".join(["calibrated", *_result(job)[-MOST_NOTES:]]), theme.GOOD_TEXT)
        elif job.state == jobs.FAILED:
            self._say(f"refused: {job.error}", theme.BAD_TEXT)
        else:
            self._say("stopped", theme.QUIET)
        self.session.reload()
        self._update()

    def _forget(self) -> None:
        self.coverage.clear()
        self._say("", theme.QUIET)

    def _say(self, words: str, colour: QColor) -> None:
        self.verdict.setText(words)
        self.verdict.setStyleSheet(f"color: {colour.name()}")

    def _update(self) -> None:
        data, shoot = self.session.data, self.session.shoot
        self.table.clear()
        self.calibrate.setEnabled(shoot is not None and bool(shoot.calibration_clips) and self.job is None)
        self.board.setEnabled(shoot is not None)
        self.from_face.setEnabled(data is not None and data.take.folder is not None and len(data.take.clips) > 1
                                  and self.job is None)
        if data is None:
            self.words.setText("no take is open")
            return
        rig = data.rig
        if data.take.rig_path is not None:  # the solve keeps the one that it used, which may be an older one
            try:
                rig = load_rig(data.take.rig_path)
            except MienError as error:
                self.words.setText(str(error))
                return
        boards = self.session.shoot.calibration_clips if self.session.shoot is not None else ()
        if rig is None:
            self.words.setText("One camera without a rig: its focal length is found by the solve."
                               if len(data.take.clips) == 1 else "These cameras are not calibrated. "
                               + ("The shoot has board clips." if boards else "Film a board with all of them."))
            return
        found = "found by the solve" if data.take.rig_path is None else f"from {data.take.rig_path.name}"
        self.words.setText(f"{len(rig.cameras)} cameras, {found}")
        for camera in rig.cameras:
            error = "" if camera.error_px is None else f"{camera.error_px:.2f} px"
            item = QTreeWidgetItem(self.table, [camera.name, f"{camera.matrix[0, 0]:.0f} px",
                                                f"{np.linalg.norm(camera.centre):.2f} m", error])
            item.setToolTip(0, _lens(camera))
            item.setTextAlignment(3, Qt.AlignmentFlag.AlignRight)


def _result(job: Job) -> list[str]:
    """What a calibration said at its end: all but the paths, and but a board's table, which the page shows itself."""
    steps = [place for place, line in enumerate(job.log) if line.endswith(f": {job.step}")]
    return [line for line in job.log[steps[-1] + 1 if steps else 0:]
            if ": " in line or ("--from-face" in job.arguments and not Path(line).is_absolute())]


def _lens(camera: Camera) -> str:
    lens = "no distortion" if not any(camera.distortion) else ", ".join(f"{value:.4g}" for value in camera.distortion)
    return (f"{camera.size[0]} × {camera.size[1]} px, {camera.model}: {lens}; "
            f"{camera.matrix[0, 0] / max(camera.size) * 36:.0f} mm on 35 mm film")
