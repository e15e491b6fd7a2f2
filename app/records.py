"""What a take's last run left behind for the next one and for `mien status`: that it is done, and by what; or why not.

A record is believed only as far as the disk bears it out: each names the files that it rests on, with their states.
"""

import contextlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from app.artefacts import read_json
from app.contents import State, state_of
from app.corrections import NAME as CORRECTIONS
from app.corrections import corrections_path
from app.places import RIG_NAME, SOLVE_NAME, Places
from capture.errors import MienError
from capture.files import sha256, write_bytes
from capture.shoot import Take

DONE_NAME = "done.json"
FAILED_NAME = "failed.json"


@dataclass(frozen=True)
class Done:
    """A run that ended well.

    Attributes:
        asked: the key of all that it was asked to do, whatever the footage.
        inputs: file -> its state; settings files by their bytes. "" where there is none.
        outputs: file in the results -> its state.
        kept: file among the artefacts -> its state.
        notes: what it said of the take, to be said again where nothing is left to do.
    """

    asked: str
    inputs: dict[str, State | str]
    outputs: dict[str, State]
    kept: dict[str, State]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failed:
    """A run that failed: why, the take's files then, and the rig that was given to it; "" for the take's own."""

    error: str
    inputs: dict[str, State | str]
    rig: str = ""


def inputs_of(take: Take, rig: Path | None) -> dict[str, State | str]:
    """The files that a take's results hang on: clips by their states, settings by their bytes.

    Raises:
        ClipError: a clip is gone.
    """
    shoot = take.shoot.folder if take.shoot is not None else None
    settings = {"take.toml": take.settings_path, "shoot.toml": shoot and shoot / "shoot.toml",
                "rig.toml": rig or take.rig_path, "sync.toml": take.sync_path, CORRECTIONS: corrections_path(take)}
    return {**{clip.name: state_of(clip) for clip in take.clips},
            **{name: _bytes_key(path) if path is not None else "" for name, path in settings.items()}}


def save_done(where: Places, asked: str, inputs: dict[str, State | str], outputs: tuple[str, ...],
              notes: tuple[str, ...] = ()) -> None:
    """Record that a take is done.

    Raises:
        OutputError: it cannot be written.
    """
    done = Done(asked, inputs, {Path(path).name: state_of(Path(path)) for path in outputs},
                {name: state_of(where.work / name) for name in (SOLVE_NAME, RIG_NAME)}, notes)
    _write(where.work / DONE_NAME, asdict(done))
    forget(where, FAILED_NAME)


def renew(where: Places, path: Path) -> None:
    """Take note of a result that was made anew from what a done run left, as a report is: the take stays done.

    Raises:
        OutputError: it cannot be written.
    """
    done = load_done(where)
    if done is not None and path.name in done.outputs:
        outputs = {**done.outputs, path.name: state_of(path)}
        _write(where.work / DONE_NAME, asdict(replace(done, outputs=outputs)))


def save_failed(where: Places, take: Take, rig: Path | None, error: str) -> None:
    """Record why a take failed, if it can be recorded: a full or closed disk has been told already."""
    with contextlib.suppress(MienError):
        _write(where.work / FAILED_NAME, asdict(Failed(error, inputs_or_none(take, rig), given(rig))))


def inputs_or_none(take: Take, rig: Path | None) -> dict[str, State | str]:
    """As `inputs_of`; empty where a file is gone."""
    try:
        return inputs_of(take, rig)
    except MienError:
        return {}


def given(rig: Path | None) -> str:
    """A rig that a solve was given, as a record keeps it, to be found from any folder; "" for the take's own."""
    return "" if rig is None else str(rig.absolute())


def given_path(text: str) -> Path | None:
    """The rig that `given` wrote; None for the take's own."""
    return Path(text) if text else None


def load_done(where: Places) -> Done | None:
    """The record of the last run that ended well; None where there is none or it is damaged."""
    try:
        table = read_json(where.work / DONE_NAME)
        return Done(str(table["asked"]), _states(table["inputs"]), _states(table["outputs"]), _states(table["kept"]),
                    tuple(map(str, table.get("notes", ()))))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def load_failed(where: Places) -> Failed | None:
    """The record of the last run if it failed; None where there is none or it is damaged."""
    try:
        table = read_json(where.work / FAILED_NAME)
        return Failed(str(table["error"]), _states(table["inputs"]), str(table.get("rig", "")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def forget(where: Places, *names: str) -> None:
    """Take records away."""
    for name in names:
        with contextlib.suppress(OSError):
            (where.work / name).unlink()


def missing(done: Done, where: Places, strictly: bool = True) -> str:
    """The first result of a done take that is gone or was changed since; "" where all stand as they were left. See
    `changed` for `strictly`."""
    for folder, files in ((where.out, done.outputs), (where.work, done.kept)):
        for name, state in files.items():
            try:
                if changed({name: state}, {name: state_of(folder / name)}, strictly):
                    return name
            except MienError:
                return name
    return ""


def changed(before: dict[str, State | str], now: dict[str, State | str], strictly: bool = True) -> str:
    """The first file that differs between two sets of inputs; "" where none does. A backup by hard links, or other
    rights, touch a file's ctime alone: whoever may not look into it (not `strictly`) takes it for the same.
    """
    def seen(state: State | str | None) -> object:
        return state if strictly or not isinstance(state, tuple) else [(*item[:3], item[4]) for item in state]

    return next((name for name in sorted(before.keys() | now.keys()) if seen(before.get(name)) != seen(now.get(name))),
                "")


def _bytes_key(path: Path) -> str:
    try:
        return sha256(path)
    except OSError:  # none there, or none that may be read: whoever needs it says so
        return ""


def _states(table: dict[str, object]) -> dict[str, State | str]:
    return {name: value if isinstance(value, str) else tuple(tuple(item) for item in value)
            for name, value in table.items()}


def _write(path: Path, table: dict[str, object]) -> None:
    write_bytes(path, (json.dumps(table) + "\n").encode())
