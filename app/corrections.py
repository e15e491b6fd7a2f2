"""The corrections of a take on disk: corrections.json beside its clips, apart from any solve.

    {"format": "mien.corrections", "version": 3, "right": [12],
     "keys": {"jawOpen": [[12, 0.4, null, null]]},                   frame, weight, slope in, slope out
     "scheme": "mediapipe478", "drags": [["camA", 61, 12, 402.5, 311.0]],      camera, landmark, frame, x px, y px
     "held": [["camA", 61, 12]],                      those of the drags that a person put right one by one
     "faces": [["camA", 40, 402.5, 311.0]],           camera, frame of its clip, x px, y px: here is the actor's face
     "turned": {"camA": 90},          degrees by which a camera's pictures were turned (`rotate`) when this was said
     "begins": {"camA": 0, "camB": 3}}    the take's frames from each clip's begin to the take's, when this was said

Frames are the take's, from 0, but for those of `faces`. Where the clips are brought into step anew, or a camera is
added, `begins` tells how far the frames have moved. Without it they are counted as older versions of mien did, from the
first frame that all cameras show. A camera that begins after the take has a negative number there, which is version 4;
all else is version 3. It is an animator's work and lies with the footage, not with the artefacts, which may be deleted.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.artefacts import key_of
from app.places import places
from capture.camera import TURNS
from capture.errors import DataError, UsageError
from capture.files import write_bytes
from capture.match import TakeClips
from capture.shoot import Take
from capture.turned import turned_places, turned_size
from capture.video import Clip
from solver.corrections import Grip, Key, Layer, Sight, moved, moved_rest

FORMAT = "mien.corrections"
VERSION = 3
LATE_VERSION = 4
"""Of a file in which a camera begins after the take: a mien that does not know of such cameras must not read it."""
NAME = "corrections.json"
LOCK_NAME = "corrections.lock"
"""Among a take's artefacts while a window has it open: the process, its program and its machine, a line each."""
NONE = "none"
LARGEST = 1e9
"""No weight and no place in a picture is near it."""


def corrections_path(take: Take) -> Path:
    """Where a take's corrections are; a lone clip's are with its artefacts, because its folder is not its own."""
    return (take.folder if take.folder is not None else places(take, None).work) / NAME


def asked_layer(take: Take, asked: str) -> Layer:
    """The layer that a solve goes around: the take's own where nothing is asked, an empty one for "none", else a file.

    Raises:
        UsageError: there is no such file.
        DataError: it is damaged.
    """
    if asked == NONE:
        return Layer()
    if asked and not Path(asked).is_file():
        raise UsageError(f"--corrections {asked}: there is no such file; name one, or {NONE}")
    return load_layer(Path(asked) if asked else corrections_path(take))


def save_layer(layer: Layer, path: Path) -> None:
    """Write a layer, atomically; the same layer gives the same bytes.

    Raises:
        OutputError: it cannot be written.
    """
    write_bytes(path, (json.dumps(_table(layer), indent=1, allow_nan=False) + "\n").encode())


def layer_key(layer: Layer) -> str:
    """A key of all that a layer says."""
    return key_of("corrections", VERSION, layer=_table(replace(layer, begins={}, held=frozenset())))


def on_clips(layer: Layer, clips: TakeClips) -> tuple[Layer, Mapping[str, int]]:
    """A layer on a take's clips as they are in step, and turned, now; see `solver.corrections.moved`."""
    return moved(_told_when(upright(layer, clips.clips), clips), _begins(clips))


def upright(layer: Layer, clips: Sequence[Clip]) -> Layer:
    """A layer with its places in the clips' pictures as these are turned now."""
    drags, faces, turns = dict(layer.drags), dict(layer.faces), dict(layer.turns)
    for clip in clips:
        more = (clip.rotate - turns.pop(clip.camera, 0)) % 360
        if more:
            before = turned_size(clip.size, more)
            for places in (drags, faces):
                for at in [at for at in places if at[0] == clip.camera]:
                    x, y = turned_places(np.array(places[at]), before, more).tolist()
                    places[at] = x, y
        if clip.rotate:
            turns[clip.camera] = clip.rotate
    return replace(layer, drags=drags, faces=faces, turns=turns)


def rest_on_clips(layer: Layer, clips: TakeClips, frame: int) -> int:
    """The same of the frame that is named as at rest; see `solver.corrections.moved_rest`."""
    return moved_rest(_told_when(layer, clips), _begins(clips), frame)


def _told_when(layer: Layer, clips: TakeClips) -> Layer:
    """The layer; one that does not say how the clips began is of a take that began with the last of its cameras."""
    if layer.begins or not layer.frames() or not clips.lead:
        return layer
    return replace(layer, begins={camera: begin + clips.lead for camera, begin in _begins(clips).items()})


def _begins(clips: TakeClips) -> dict[str, int]:
    """Camera -> the take's frames from its clip's begin to the take's first. They are counted at the frame that all
    show, so that all move by as much where the take has more before it."""
    places = [clips.first_of(index) for index in range(len(clips.clips))]
    return {clip.camera: round(float(clip.times[clips.numbers[index, at]]) * float(clips.rate)) - at
            for index, (clip, at) in enumerate(zip(clips.clips, places, strict=True))}


def load_layer(path: Path) -> Layer:
    """Read a layer; an empty one where there is no file.

    Raises:
        DataError: it is damaged or of a newer version. It is left as it is: it may be the only copy of some work.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Layer()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}); check its rights, or move it away to begin anew") from error
    try:
        table = json.loads(text)
        if table["format"] != FORMAT or table["version"] not in (1, 2, VERSION, LATE_VERSION):
            raise DataError(f"{path} holds corrections of version {table['version']!r}, and this mien reads version "
                            f"{LATE_VERSION}; update mien, or move the file away to begin anew")
        keys = {shape: _keys(rows) for shape, rows in sorted(table["keys"].items()) if rows}
        drags = dict(sorted(map(_drag, table.get("drags", []))))
        return Layer(keys, frozenset(_frame(frame) for frame in table["right"]), drags,
                     str(table["scheme"]) if drags else "", dict(sorted(map(_face, table.get("faces", [])))),
                     {_camera(camera): _frames(count) for camera, count in table.get("begins", {}).items()},
                     frozenset(map(_grip, table.get("held", []))) & drags.keys(),
                     {_camera(camera): _turn(degrees) for camera, degrees in table.get("turned", {}).items()})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{path} is damaged ({error}); mend it, or move it away to begin anew") from error


def _table(layer: Layer) -> dict[str, object]:
    late = layer.frames() and any(begin < 0 for begin in layer.begins.values())
    return {"format": FORMAT, "version": LATE_VERSION if late else VERSION, "right": sorted(layer.right),
            "keys": {shape: [[key.frame, key.value, key.slope_in, key.slope_out] for key in keys]
                     for shape, keys in sorted(layer.keys.items())},
            "scheme": layer.scheme if layer.drags else "",
            "drags": [[*grip, *place] for grip, place in sorted(layer.drags.items())],
            **({"held": sorted(map(list, held))} if (held := layer.held & layer.drags.keys()) else {}),
            "faces": [[*sight, *place] for sight, place in sorted(layer.faces.items())],
            **({"turned": dict(sorted(layer.turns.items()))} if layer.turns and (layer.drags or layer.faces) else {}),
            **({"begins": dict(sorted(layer.begins.items()))} if layer.begins and layer.frames() else {})}


def _keys(rows: list[list[float | None]]) -> tuple[Key, ...]:
    by_frame = {key.frame: key for key in map(_key, rows)}
    return tuple(by_frame[frame] for frame in sorted(by_frame))


def _key(row: list[float | None]) -> Key:
    frame, value, slope_in, slope_out = row
    for number in (value, *(slope for slope in (slope_in, slope_out) if slope is not None)):
        _number(number)
    return Key(_frame(frame), value, slope_in, slope_out)


def _drag(row: list[object]) -> tuple[Grip, tuple[float, float]]:
    *grip, x, y = row
    return _grip(grip), (_number(x), _number(y))


def _grip(row: list[object]) -> Grip:
    camera, point, frame = row
    return _camera(camera), _frame(point), _frame(frame)


def _face(row: list[object]) -> tuple[Sight, tuple[float, float]]:
    camera, frame, x, y = row
    return (_camera(camera), _frame(frame)), (_number(x), _number(y))


def _camera(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no camera")
    return value


def _turn(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value not in TURNS:
        raise ValueError(f"{value!r} is no turn")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _frame(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no frame or landmark")
    return value


def _frames(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
        raise ValueError(f"{value!r} is no number of frames")
    return value
