"""All commands of the window in one table: menu, words, keys, what they do. The keyboard page is made from it."""

from collections.abc import Callable
from dataclasses import dataclass

from app.gui import edits
from app.gui.pane_faces import HEATMAP, SHADED, WIREFRAME
from app.gui.report_page import show_report


@dataclass(frozen=True)
class Command:
    """One entry of a menu. `run` gets the window."""

    menu: str
    text: str
    shortcut: str
    run: Callable[[object], None]
    icon: str = ""


SEPARATOR = Command("", "", "", lambda window: None)


def _on_session(edit: Callable[[object], None]) -> Callable[[object], None]:
    return lambda window: edit(window.session)


def _toggle(find: Callable[[object], object]) -> Callable[[object], None]:
    return lambda window: find(window).toggle()


def _look(name: str) -> Callable[[object], None]:
    return lambda window: window.grid.toggle_look(name)


def _shade(name: str) -> Callable[[object], None]:
    return lambda window: window.viewport.shading.setCurrentText(name)


COMMANDS = (
    Command("&File", "New shoot…", "Ctrl+Shift+N", lambda window: window.new_shoot()),
    Command("&File", "Open shoot…", "Ctrl+O", lambda window: window.open_shoot()),
    Command("&File", "Open clip…", "", lambda window: window.open_clip()),
    Command("&File", "Add clips as a take…", "Ctrl+I", lambda window: window.add_clips()),
    Command("&File", "Look at the disk again", "F5", lambda window: window.session.reload()),
    Command("&File", "Save corrections now", "Ctrl+S", lambda window: window.session.save()),
    Command("&File", "Quit", "Ctrl+Q", lambda window: window.close()),
    Command("&Edit", "Undo", "Ctrl+Z", lambda window: window.session.undo.undo(), "undo"),
    Command("&Edit", "Redo", "Ctrl+Shift+Z", lambda window: window.session.undo.redo(), "redo"),
    Command("&Edit", "Copy keys", "Ctrl+C", _on_session(edits.copy)),
    Command("&Edit", "Paste keys here", "Ctrl+V", _on_session(edits.paste)),
    Command("&Edit", "Select all keys of the selected curves", "Ctrl+A", _on_session(edits.select_all)),
    Command("&Edit", "Delete keys", "Del", _on_session(edits.delete)),
    Command("&Curves", "Key the selected curves here", "S", _on_session(edits.key_here)),
    Command("&Curves", "Key them from in to out", "Shift+S", _on_session(edits.key_range)),
    Command("&Curves", "Mirror keys left to right", "M", _on_session(edits.mirror)),
    Command("&Curves", "Smooth keys", "Ctrl+M", _on_session(edits.smooth)),
    Command("&Curves", "Smooth tangents", "Shift+T", _on_session(edits.tangents_auto)),
    Command("&Curves", "Flat tangents", "Shift+F", _on_session(edits.tangents_flat)),
    Command("&Curves", "Keys up", "Alt+Up", lambda window: edits.nudge(window.session, 0, 0.01)),
    Command("&Curves", "Keys down", "Alt+Down", lambda window: edits.nudge(window.session, 0, -0.01)),
    Command("&Curves", "Keys later", "Alt+Right", lambda window: edits.nudge(window.session, 1, 0.0)),
    Command("&Curves", "Keys earlier", "Alt+Left", lambda window: edits.nudge(window.session, -1, 0.0)),
    Command("C&orrect", "To the frame most worth correcting", "W", _on_session(edits.jump_to_worth)),
    Command("C&orrect", "This frame is right", "R", lambda window: edits.mark_right(window.session, True)),
    Command("C&orrect", "This frame is not right", "Shift+R", lambda window: edits.mark_right(window.session, False)),
    Command("C&orrect", "The face is at rest in this frame", "N",
            lambda window: edits.name_neutral(window.session, True)),
    Command("C&orrect", "No frame is named as at rest", "Shift+N",
            lambda window: edits.name_neutral(window.session, False)),
    Command("C&orrect", "Landmarks of this frame as they were found", "", _on_session(edits.undrag)),
    Command("C&orrect", "This face is the actor's (Shift+click)", "", lambda window: window.grid.point_at()),
    Command("C&orrect", "The actor's face as mien chooses it, in all cameras", "", _on_session(edits.unpoint)),
    Command("C&orrect", "Solve around the corrections", "Ctrl+R", lambda window: window.solve.again()),
    Command("C&orrect", "Before and after", "B", _toggle(lambda window: window.viewport.compare)),
    Command("C&orrect", "Second performance beside…", "Shift+B", lambda window: window.viewport.beside.click()),
    Command("&Solve", "Solve", "Ctrl+Return", lambda window: window.solve.start()),
    Command("&Solve", "Solve all takes", "Ctrl+Shift+Return", lambda window: window.solve.start_all()),
    Command("&Solve", "Export", "Ctrl+E", lambda window: window.export.start()),
    Command("&Solve", "Show the report", "Ctrl+Shift+R", _on_session(show_report)),
    Command("&Play", "Play or stop", "Space", lambda window: window.session.toggle_play(), "play"),
    Command("&Play", "Play backwards, faster each time", "J", lambda window: window.shuttle(-1)),
    Command("&Play", "Stop", "K", lambda window: window.session.play(0)),
    Command("&Play", "Play forwards, faster each time", "L", lambda window: window.shuttle(1)),
    Command("&Play", "One frame back", "Left", lambda window: window.session.step(-1), "step-backward"),
    Command("&Play", "One frame on", "Right", lambda window: window.session.step(1), "step-forward"),
    Command("&Play", "Ten frames back", "Shift+Left", lambda window: window.session.step(-10)),
    Command("&Play", "Ten frames on", "Shift+Right", lambda window: window.session.step(10)),
    Command("&Play", "To the in frame", "Home", lambda window: window.session.go(window.session.first),
            "skip-previous"),
    Command("&Play", "To the out frame", "End", lambda window: window.session.go(window.session.last),
            "skip-next"),
    Command("&Play", "Go to a frame or timecode", "Ctrl+G", lambda window: window.transport.timecode.ask()),
    Command("&Play", "To the key before", "Ctrl+Left", lambda window: edits.jump_to_key(window.session, -1)),
    Command("&Play", "To the next key", "Ctrl+Right", lambda window: edits.jump_to_key(window.session, 1)),
    Command("&Play", "To the correction before", ",", lambda window: edits.jump_to_correction(window.session, -1)),
    Command("&Play", "To the next correction", ".", lambda window: edits.jump_to_correction(window.session, 1)),
    Command("&Play", "Set in here", "I", lambda window: window.session.set_range(
        window.session.frame, max(window.session.frame, window.session.last))),
    Command("&Play", "Set out here", "O", lambda window: window.session.set_range(
        min(window.session.frame, window.session.first), window.session.frame)),
    Command("&Play", "In and out at the ends", "Alt+X", lambda window: window.session.set_range(0, 1 << 40)),
    Command("&View", "Landmarks", "1", _toggle(lambda window: window.grid.points_box)),
    Command("&View", "Residuals", "2", _toggle(lambda window: window.grid.residuals_box)),
    Command("&View", "Wireframe over the pictures", "3", _look(WIREFRAME)),
    Command("&View", "Shaded face over the pictures", "8", _look(SHADED)),
    Command("&View", "Residual map over the pictures", "9", _look(HEATMAP)),
    Command("&View", "Crop to face", "4", _toggle(lambda window: window.grid.crop_box)),
    Command("&View", "Shaded", "5", _shade("Shaded")),
    Command("&View", "Wire", "6", _shade("Wire")),
    Command("&View", "Heat", "7", _shade("Heat")),
    Command("&View", "Frame", "F", lambda window: window.frame_view()),
    Command("&View", "Show all", "A", lambda window: window.show_all()),
    Command("&View", "Timecode or frames", "T", lambda window: window.timeline.axis.set_timecode(
        not window.timeline.axis.timecode)),
    Command("&View", "Filter takes", "Ctrl+F", lambda window: window.browser.filter.setFocus()),
    Command("&Help", "Keyboard", "F1", lambda window: window.show_keyboard()),
    Command("&Help", "About mien", "", lambda window: window.show_about()),
)
