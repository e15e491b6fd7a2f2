"""The window: docks around the cameras and the 3D view, menus from the table of commands, layouts kept."""

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QFileDialog,
    QLabel,
    QMainWindow,
    QMessageBox,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app import __version__
from app.gui import intake, theme
from app.gui.actions import COMMANDS
from app.gui.disk_watch import DiskWatch
from app.gui.guarded import guarded
from app.gui.inspector import Inspector
from app.gui.job_words import JobWords
from app.gui.jobs_panel import JobsPanel
from app.gui.live_panel import LivePanel
from app.gui.message_bar import MessageBar
from app.gui.panel_actor import ActorPanel
from app.gui.panel_cameras import CamerasPanel
from app.gui.panel_export import ExportPanel
from app.gui.panel_model import ModelPanel
from app.gui.panel_solve import SolvePanel
from app.gui.panel_sync import SyncPanel
from app.gui.panel_take import TakePanel
from app.gui.playback import SPEEDS
from app.gui.record_panel import RecordPanel
from app.gui.session import Session
from app.gui.sound_player import SoundPlayer
from app.gui.take_browser import TakeBrowser
from app.gui.timeline import Timeline
from app.gui.transport import WORKSPACES, Transport
from app.gui.turns import Turns
from app.gui.video_grid import VideoGrid
from app.gui.viewport import Viewport
from app.gui.wheel import WheelGuard

LAYOUT_VERSION = 1
SIZE = (1600, 1000)


@guarded
class MainWindow(QMainWindow):
    """Everything that is seen of a session."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.resize(*SIZE)
        self.setDockNestingEnabled(True)
        self.setAcceptDrops(True)
        self.turns = turns = Turns(self)
        self.watch = DiskWatch(session)
        self.grid, self.viewport, self.timeline = VideoGrid(session, turns), Viewport(session, turns), Timeline(session)
        self.browser, self.jobs = TakeBrowser(session), JobsPanel(session)
        self.solve, self.cameras, self.export = SolvePanel(session), CamerasPanel(session), ExportPanel(session)
        self.take, self.model, self.sync = TakePanel(session), ModelPanel(session), SyncPanel(session)
        self.actor = ActorPanel(session)
        self.record, self.live = RecordPanel(session), LivePanel(session)
        self.player = SoundPlayer(session, parent=self)
        self.messages = MessageBar()
        self.actions_by_text = self._make_actions()
        self.views = QSplitter(Qt.Orientation.Horizontal)
        self.views.setChildrenCollapsible(False)
        for view in (self.grid, self.viewport):
            self.views.addWidget(view)
        self.views.setSizes([600, 420])
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.messages)
        column.addWidget(self.views, 1)
        self.setCentralWidget(centre)
        self.inspector = Inspector()
        for name, page in (("Take", self.take), ("Calibration", self.cameras), ("Sync", self.sync),
                           ("Actor", self.actor), ("Model", self.model), ("Solve", self.solve),
                           ("Export", self.export), ("Record", self.record), ("Live", self.live)):
            self.inspector.add_page(name, page)
        self.inspector.show_page("Solve")
        self.docks = {
            "Takes": self._dock("Takes", self.browser, Qt.DockWidgetArea.LeftDockWidgetArea),
            "Timeline and curves": self._dock("Timeline and curves", self.timeline,
                                              Qt.DockWidgetArea.BottomDockWidgetArea),
            "Inspector": self._dock("Inspector", self.inspector, Qt.DockWidgetArea.RightDockWidgetArea),
            "Jobs": self._dock("Jobs", self.jobs, Qt.DockWidgetArea.RightDockWidgetArea),
        }
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self.transport = Transport(session, self.timeline.axis, self.player, self.actions_by_text)
        self.addToolBar(self.transport)
        self.status = QLabel()
        self.statusBar().addWidget(self.status)
        self.job_words = JobWords(session)
        for words in (self.job_words, self.grid.proxy_words):
            self.statusBar().addPermanentWidget(words)
        self._make_menus()
        self._connect()
        last = session.recent.choice("layout/workspace", "Review")
        self.set_workspace(last if last in WORKSPACES else "Review")
        self._restore()
        self._show_state()

    # ---- commands

    def open_shoot(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open a shoot")
        if folder:
            self.session.open(Path(folder))

    def open_clip(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, "Open a clip", "", intake.CLIPS)
        if file:
            self.session.open(Path(file))

    def new_shoot(self) -> None:
        intake.new_shoot(self, self.session)

    def add_clips(self) -> None:
        intake.choose_clips(self, self.session)

    def shuttle(self, way: int) -> None:
        """Play that way, faster each time."""
        speed = self.session.playback.speed
        speeds = [way * value for value in SPEEDS]
        faster = speeds[min(speeds.index(speed) + 1, len(speeds) - 1)] if speed in speeds else speeds[0]
        self.session.play(faster)

    def frame_view(self) -> None:
        """Frame what the mouse is over: the face, or the selected curves."""
        if self.viewport.underMouse():
            self.viewport.canvas.frame_face()
        else:
            self.timeline.curves.frame_values()

    def show_all(self) -> None:
        self.timeline.curves.show_all()
        self.viewport.canvas.frame_face()

    def show_keyboard(self) -> None:
        rows = "".join(f"<tr><td>{command.text}</td><td align='right'>&nbsp;&nbsp;<b>{command.shortcut}</b></td></tr>"
                       for command in COMMANDS if command.shortcut)
        self._page("Keyboard", f"<table cellpadding='3'>{rows}</table>")

    def show_about(self) -> None:
        self._page("About mien", f"<h2>mien {__version__}</h2>Facial performance capture: footage from one or several "
                                 "cameras to animation on your own rig.")

    def set_workspace(self, name: str) -> None:
        """Arrange the window for a task."""
        shown = {"Review": {"Takes", "Timeline and curves", "Inspector", "Jobs"}, "Animate": {"Timeline and curves"},
                 "Cameras": {"Timeline and curves"}, "Solve": {"Takes", "Inspector", "Jobs"}}[name]
        for title, dock in self.docks.items():
            dock.setFloating(False)
            dock.setVisible(title in shown)
        self.viewport.setVisible(name != "Cameras")
        bottom = {"Animate": 0.55, "Cameras": 0.2}.get(name, 0.36)
        vertical, horizontal = Qt.Orientation.Vertical, Qt.Orientation.Horizontal
        self.resizeDocks([self.docks["Timeline and curves"]], [int(self.height() * bottom)], vertical)
        self.resizeDocks([self.docks["Takes"], self.docks["Inspector"]], [258, 330], horizontal)
        self.resizeDocks([self.docks["Inspector"], self.docks["Jobs"]],
                         [int(self.height() * share) for share in (0.7, 0.3)], vertical)
        with_blocked = self.transport.workspace.blockSignals(True)
        self.transport.workspace.setCurrentText(name)
        self.transport.workspace.blockSignals(with_blocked)

    # ---- Qt

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        urls = event.mimeData().urls()
        intake.take_in(self, self.session, [Path(url.toLocalFile()) for url in urls if url.isLocalFile()])

    def closeEvent(self, event: QCloseEvent) -> None:
        running = self.session.jobs.running()
        if running and QMessageBox.question(
                self, "Jobs are running", f"{running[0].title} is still running. Stop it and quit? What is done stays; "
                "the same command goes on from there.") != QMessageBox.StandardButton.Yes:
            event.ignore()
            return
        rolling = next((page.rolling() for page in (self.record, self.live) if page.rolling()), "")
        if rolling and QMessageBox.warning(
                self, "A take is rolling", f"{rolling} is recorded. Cut it and quit? What was filmed so far stays.",
                QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No, QMessageBox.StandardButton.No,
                ) != QMessageBox.StandardButton.Yes:
            event.ignore()
            return
        if not self.session.may_leave():
            event.ignore()
            return
        self.take.keep()
        settings = self.session.recent.settings
        settings.setValue("layout/geometry", self.saveGeometry())
        settings.setValue("layout/docks", self.saveState(LAYOUT_VERSION))
        settings.setValue("layout/views", self.views.saveState())
        settings.setValue("layout/workspace", self.transport.workspace.currentText())
        QApplication.instance().removeEventFilter(self)
        self.wheel.stop()
        self.session.close()
        self.grid.close_loader()
        for part in (self.timeline, self.sync, self.player, self.record, self.live):
            part.stop()
        self.viewport.canvas.stop()
        super().closeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.watch.look()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Space and Return press the focused button, as the keyboard's users expect, before they play or stop.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(watched, QAbstractButton | QComboBox) \
                and event.modifiers() == Qt.KeyboardModifier.NoModifier \
                and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Up, Qt.Key.Key_Down):
            event.accept()
            return True
        return False

    # ---- inside

    def _make_actions(self) -> dict[str, QAction]:
        actions = {}
        for command in COMMANDS:
            action = QAction(command.text, self)
            if command.icon:
                action.setIcon(theme.icon(command.icon))
            if command.shortcut:
                action.setShortcut(QKeySequence(command.shortcut))
                action.setToolTip(f"{command.text} ({command.shortcut})")
            action.triggered.connect(lambda _, command=command: command.run(self))
            actions[command.text] = action
        return actions

    def _make_menus(self) -> None:
        menus = {}
        for command in COMMANDS:
            if command.menu not in menus:
                menus[command.menu] = self.menuBar().addMenu(command.menu)
                if command.menu == "&View":
                    window = self.menuBar().addMenu("&Window")
                    for dock in self.docks.values():
                        window.addAction(dock.toggleViewAction())
            menus[command.menu].addAction(self.actions_by_text[command.text])
        self.recent_menu = menus["&File"].addMenu("Recent")
        menus["&File"].insertMenu(self.actions_by_text["Add clips as a take…"], self.recent_menu)
        self.recent_menu.aboutToShow.connect(self._list_recent)

    def _connect(self) -> None:
        session, steps = self.session, self.session.memory.group
        for act, stack in (("Undo", steps.canUndoChanged), ("Redo", steps.canRedoChanged)):
            self.actions_by_text[act].setEnabled(False)
            stack.connect(self.actions_by_text[act].setEnabled)
        steps.undoTextChanged.connect(lambda text: self.actions_by_text["Undo"].setText(f"Undo {text}".strip()))
        steps.redoTextChanged.connect(lambda text: self.actions_by_text["Redo"].setText(f"Redo {text}".strip()))
        session.message.connect(self.messages.say)
        session.hint.connect(self.messages.hint)
        session.solved_around.connect(self._show_difference)
        session.shoot_changed.connect(self.messages.clear)
        session.take_changed.connect(self._forget_messages)
        self.job_words.clicked.connect(self._show_jobs)
        for signal in (session.take_changed, session.shoot_changed, session.selection_changed, session.curves_changed,
                       session.saved):
            signal.connect(self._show_state)
        for page in (self.solve, self.export):
            self.browser.chosen.connect(page.set_chosen)
        self.browser.dropped.connect(lambda paths: intake.take_in(self, session, paths))
        self.grid.shown.connect(self.viewport.canvas.set_footage)
        self.grid.start.open_wanted.connect(self.open_shoot)
        self.grid.start.new_wanted.connect(self.new_shoot)
        self.transport.workspace.textActivated.connect(self.set_workspace)
        self.timeline.curves.context.connect(lambda place: self._pop_up("&Curves", place))
        self.grid.context.connect(lambda place: self._pop_up("C&orrect", place))
        QApplication.instance().installEventFilter(self)
        for button in self.findChildren(QAbstractButton):
            # What was clicked does not keep the space bar from playing; Tab still reaches it.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for drop_down in self.findChildren(QComboBox):
            if not drop_down.isEditable():
                drop_down.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.wheel = WheelGuard(self)

    def _dock(self, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title)
        dock.setObjectName(title)
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        return dock

    def _list_recent(self) -> None:
        self.recent_menu.clear()
        for path in self.session.recent.shoots():
            self.recent_menu.addAction(str(path), lambda path=path: self.session.open(path))

    def _forget_messages(self) -> None:
        """What was said of a take goes with it; why a job failed stays."""
        if self.session.data is None:
            self.messages.keep({job.error for job in self.session.jobs.jobs})

    def _show_jobs(self) -> None:
        self.docks["Jobs"].show()
        self.docks["Jobs"].raise_()

    def _show_difference(self, sentence: str) -> None:
        self.messages.say(sentence)
        self.viewport.compare.setChecked(True)

    def _pop_up(self, name: str, place: QPointF) -> None:
        next(action.menu() for action in self.menuBar().actions() if action.text() == name).popup(place.toPoint())

    def _page(self, title: str, text: str) -> None:
        dialog = QDialog(self, windowTitle=title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        area = QScrollArea(dialog, widgetResizable=True)
        label = QLabel(text)
        label.setMargin(16)
        area.setWidget(label)
        layout = QVBoxLayout(dialog)
        layout.addWidget(area)
        dialog.resize(460, 560)
        dialog.show()

    def _restore(self) -> None:
        settings = self.session.recent.settings
        for name, restore in (("layout/geometry", self.restoreGeometry),
                              ("layout/docks", lambda state: self.restoreState(state, LAYOUT_VERSION)),
                              ("layout/views", self.views.restoreState)):
            state = settings.value(name)
            if state is not None:
                restore(state)

    def _show_state(self) -> None:
        session, data = self.session, self.session.data
        name = session.shoot.name if session.shoot is not None else data.take.name if data is not None else ""
        self.setWindowTitle(f"{name} - mien" if name else "mien")
        words = []
        if data is not None:
            words.append(data.take.name)
            words.append(f"{len(data.take.cameras)} camera{'s' if len(data.take.cameras) != 1 else ''}")
            if data.scene is not None:
                residual = data.scene.performance.residual_px
                known = residual[residual == residual]
                words.append(f"mean residual {known.mean():.2f} px" if len(known) else "no face seen")
                count = sum(map(len, session.layer.keys.values()))
                words.append(f"{count} key{'s' if count != 1 else ''}" if count else "no keys")
                words += [f"{number} {name}" for number, name in ((len(session.layer.drags), "dragged"),
                                                                  (len(session.layer.right), "right")) if number]
                words.append(f"not saved: {session.unsaved}" if session.unsaved else "saved")
        self.status.setText("    ".join(words))
        title = "Timeline and curves"
        if data is not None and data.scene is not None:
            title += f"   {len(session.shapes)} of {len(data.scene.performance.shape_names)} selected"
        self.docks["Timeline and curves"].setWindowTitle(title)
