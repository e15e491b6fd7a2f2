"""The inspector's Calibration page: which cameras are known, and how well."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QMessageBox,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.gui import theme
from app.gui.session import Session
from capture.camera import Camera


class CamerasPanel(QWidget):
    """Shows the rig of the open take."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.words = QLabel(wordWrap=True)
        self.words.setStyleSheet(f"color: {theme.QUIET.name()}")
        self.table = QTreeWidget(columnCount=4)
        self.table.setHeaderLabels(["Camera", "Focal", "Distance", "Error"])
        self.table.setRootIsDecorated(False)
        self.table.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        layout = QVBoxLayout(self)
        layout.addWidget(self.words)
        layout.addWidget(self.table, 1)
        self.calibrate = QPushButton("Calibrate from board clips", objectName="primary",
                                     toolTip="Finds the cameras from the clips in calibration/; writes rig.toml")
        layout.addWidget(self.calibrate)
        self.calibrate.clicked.connect(self.start_calibration)
        session.shoot_changed.connect(self._update)
        session.take_changed.connect(self._update)
        self._update()

    def start_calibration(self) -> None:
        """Find the shoot's cameras; a rig that is there is replaced only after a yes."""
        shoot = self.session.shoot
        force = []
        if shoot.rig_path is not None:
            answer = QMessageBox.question(self, "There is a rig already",
                                          f"Replace {shoot.rig_path.name}? Takes that were solved with it stay as "
                                          "they are until they are solved again.")
            if answer != QMessageBox.StandardButton.Yes:
                return
            force = ["--force"]
        job = self.session.run(f"Calibrate {shoot.name}", ["calibrate", str(shoot.folder), *force])
        job.ended.connect(self.session.reload)

    def _update(self) -> None:
        data, shoot = self.session.data, self.session.shoot
        self.table.clear()
        self.calibrate.setEnabled(shoot is not None and bool(shoot.calibration_clips))
        if data is None:
            self.words.setText("no take is open")
            return
        rig = data.rig
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


def _lens(camera: Camera) -> str:
    lens = "no distortion" if not any(camera.distortion) else ", ".join(f"{value:.4g}" for value in camera.distortion)
    return (f"{camera.size[0]} × {camera.size[1]} px, {camera.model}: {lens}; "
            f"{camera.matrix[0, 0] / max(camera.size) * 36:.0f} mm on 35 mm film")
