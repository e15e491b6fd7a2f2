"""Shoots and takes on disk: which clips belong together.

    my-shoot/
      shoot.toml                optional: name, actor, model, frame_rate, cameras
      rig.toml                  optional
      calibration/camA.mp4 ...  optional: board clips
      takes/T001/camA.mp4 camB.mp4 ... [audio.wav] [take.toml]

A folder of clips alone is a take, one clip alone a take with one camera: what the take.toml beside it says counts. A
camera is a clip's stem; a folder of numbered pictures counts as a clip. `cameras = ["camA", "camB"]` in shoot.toml or
take.toml leaves all other clips aside, `rotate = 180`, or a table `[rotate]` of cameras, says that they are mounted
turned. What mien does not know it leaves alone, and it never looks into hidden files.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from capture import pictures
from capture.camera import same_name
from capture.errors import ClipError, DataError, InputError
from capture.files import CLIP_SUFFIXES
from capture.links import check_inside, check_shoot, check_take, check_tree
from capture.settings import read_settings, rotation

Found = TypeVar("Found")

SOUND_SUFFIXES = (".wav", ".flac", ".aif", ".aiff", ".m4a", ".mp3")


@dataclass(frozen=True)
class Take:
    """Clips of one performance.

    Attributes:
        name: its folder's name, or the lone clip's stem.
        folder: None for a lone clip.
        clips: files, or folders of pictures, in the order of the cameras' names.
        settings: of take.toml, checked; see `setting`.
        audio: a sound recording beside the clips.
        shoot: where it belongs, if anywhere; without that shoot's list of takes.
        rig_path: the rig.toml beside the clips, else the shoot's, else None.
        sync_path: the sync.toml beside the clips, which `mien sync` writes.
        settings_path: the take.toml that `settings` are of.
        problem: why it cannot be used, in one sentence; "" for a sound take.
    """

    name: str
    folder: Path | None
    clips: tuple[Path, ...]
    settings: dict[str, object] = field(default_factory=dict, hash=False)
    audio: Path | None = None
    shoot: "Shoot | None" = field(default=None, compare=False, repr=False)
    rig_path: Path | None = None
    sync_path: Path | None = None
    problem: str = ""
    settings_path: Path | None = None

    @property
    def cameras(self) -> tuple[str, ...]:
        return tuple(camera_name(clip) for clip in self.clips)

    def setting(self, key: str, default: object = None) -> object:
        """What take.toml says, else shoot.toml, else `default`."""
        if key in self.settings:
            return self.settings[key]
        return self.shoot.settings.get(key, default) if self.shoot else default

    def rotate(self, camera: str) -> int:
        """Degrees clockwise by which a camera's pictures are turned to stand upright."""
        return rotation(camera, self.settings, self.shoot.settings if self.shoot else {})


@dataclass(frozen=True)
class Shoot:
    """A shoot folder.

    Attributes:
        name: as shoot.toml says, else the folder's.
        settings: of shoot.toml, checked.
        takes: in the order of their names.
        calibration_clips: board clips in the order of the cameras' names.
    """

    folder: Path
    name: str
    settings: dict[str, object] = field(hash=False)
    takes: tuple[Take, ...]
    rig_path: Path | None
    calibration_clips: tuple[Path, ...]


def _told(read: Callable[..., Found]) -> Callable[..., Found]:
    """`read`, which raises InputError where the system lets nobody look: a folder with other rights, a lost share."""
    @functools.wraps(read)
    def reading(*arguments: object) -> Found:
        try:
            return read(*arguments)
        except OSError as error:
            where = error.filename or arguments[0]
            raise InputError(f"{where} cannot be read ({error.strerror}); check its rights") from error
    return reading


@_told
def find_takes(path: Path) -> tuple[Take, ...]:
    """The takes of a clip, a take folder or a shoot folder, in the order of their names.

    Raises:
        InputError: there is nothing there that could be solved.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path} does not exist; check the path")
    if path.is_file():
        if path.suffix.lower() not in (*CLIP_SUFFIXES, *pictures.SUFFIXES):
            raise ClipError(f"{path} is not a clip that mien knows; give one of {', '.join(CLIP_SUFFIXES)}, "
                            "a PNG, JPEG or EXR picture, a take folder or a shoot folder")
        check_take(path.parent, path.parent)
        return (Take(path.stem, None, (path,), _settings_beside(path), rig_path=_existing(path.parent / "rig.toml"),
                     settings_path=_existing(path.parent / "take.toml")),)
    if is_shoot(path):
        takes = open_shoot(path).takes
        if not takes:
            raise InputError(f"{path} is a shoot without a take; put each take's clips into takes/T001 and so on")
        return takes
    parent = path.resolve().parent
    if parent.name == "takes" and is_shoot(parent.parent):
        wanted = path.resolve().name
        shoot = open_shoot(path.parent.parent if path.parent.name == "takes" else parent.parent)
        takes = tuple(take for take in shoot.takes if take.name == wanted)
        if takes and takes[0].problem:
            raise InputError(takes[0].problem)
        if takes:
            return takes
    return (_read_take(path, None, path),)


def is_shoot(folder: Path) -> bool:
    """Whether a folder is laid out as a shoot."""
    return (folder / "takes").is_dir() or (folder / "shoot.toml").is_file()


@_told
def open_shoot(folder: Path) -> Shoot:
    """Read a shoot folder. A take that cannot be used is there too, with its problem.

    Raises:
        InputError: it is no folder, or its shoot.toml or calibration folder makes no sense.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give a shoot folder")
    check_shoot(folder)
    settings = read_settings(folder / "shoot.toml")
    board = folder / "calibration"
    calibration = _clips(board, folder) if board.is_dir() else ()
    bare = Shoot(folder, str(settings.get("name", folder.resolve().name)), settings, (),
                 _existing(folder / "rig.toml"), calibration)
    takes = []
    for entry in _entries(folder / "takes"):
        if not entry.is_dir():
            continue
        try:
            takes.append(_read_take(entry, bare, folder))
        except InputError as error:
            takes.append(Take(entry.name, entry, (), shoot=bare, problem=str(error),
                              settings_path=_settings_path(entry)))
    return Shoot(folder, bare.name, settings, tuple(takes), bare.rig_path, calibration)


def camera_name(clip: Path) -> str:
    """The camera of a clip: its stem; a folder of pictures has no suffix to lose."""
    return clip.name if clip.is_dir() else clip.stem


@_told
def _read_take(folder: Path, shoot: Shoot | None, root: Path) -> Take:
    check_take(folder, root)
    settings_path, settings = _existing(folder / "take.toml"), read_settings(folder / "take.toml")
    clips = _clips(folder, root)
    if not clips and pictures.is_sequence(folder):
        check_tree(folder, root)
        clips = (folder,)
        if settings_path is None and shoot is None:  # in a shoot, what lies beside it are other takes
            beside = folder.resolve()
            check_inside(beside.parent / "take.toml", beside.parent)
            settings_path, settings = _existing(beside.parent / "take.toml"), _settings_beside(beside)
    if not clips:
        deeper = [entry.name for entry in _entries(folder) if entry.is_dir() and any(map(_is_clip, _entries(entry)))]
        hint = (f"; the clips in its folders {', '.join(deeper)} belong here, each named after its camera"
                if deeper else "")
        raise ClipError(f"{folder} holds no clip; put one clip per camera into it "
                        f"({', '.join(CLIP_SUFFIXES)}, or a folder of numbered PNG, JPEG or EXR pictures){hint}")
    _check_turned(clips, settings_path, settings)
    clips = _wanted(clips, settings_path, settings, shoot)
    sounds = [file for file in _entries(folder) if file.suffix.lower() in SOUND_SUFFIXES and file.is_file()]
    named = [file for file in sounds if file.stem.lower() == "audio"]
    audio = next(iter(named or (sounds if len(sounds) == 1 else [])), None)
    if audio is not None:
        check_inside(audio, root)
    rig_path = _existing(folder / "rig.toml") or (shoot.rig_path if shoot else None)
    name = folder.name if folder.name not in ("", "..") else folder.resolve().name
    return Take(name, folder, clips, settings, audio, shoot, rig_path, _existing(folder / "sync.toml"),
                settings_path=settings_path)


def _settings_path(folder: Path) -> Path | None:
    """The take.toml of a take that cannot be used, if it can be seen."""
    try:
        return _existing(folder / "take.toml")
    except OSError:
        return None


def _wanted(clips: tuple[Path, ...], path: Path | None, settings: dict[str, object], shoot: Shoot | None,
            ) -> tuple[Path, ...]:
    """The clips of the cameras that take.toml names, else shoot.toml; all of them where neither does. A camera that is
    named and filmed nothing, as one that failed, is no fault.

    Raises:
        DataError: there is a clip of none of them.
    """
    names = settings.get("cameras")
    if names is None and shoot is not None:
        names, path = shoot.settings.get("cameras"), shoot.folder / "shoot.toml"
    wanted = tuple(clip for clip in clips if names is None
                   or any(same_name(camera_name(clip), name) for name in names))
    if not wanted:
        raise DataError(f"{path}: cameras: there is no clip of {', '.join(names) or 'none'}, only of "
                        f"{', '.join(map(camera_name, clips))}; mend the names, or leave the line out to use all")
    return wanted


def _check_turned(clips: tuple[Path, ...], path: Path | None, settings: dict[str, object]) -> None:
    """Look whether take.toml turns a camera that there is none of: in shoot.toml it may be another take's.

    Raises:
        DataError: so it is.
    """
    table = settings.get("rotate")
    for name in table if isinstance(table, dict) else ():
        if not any(same_name(camera_name(clip), name) for clip in clips):
            raise DataError(f"{path}: rotate: there is no clip of {name}, only of "
                            f"{', '.join(map(camera_name, clips))}; mend the name, or take it away")


def _settings_beside(clip: Path) -> dict[str, object]:
    """What the take.toml beside a lone clip, or a lone folder of pictures, says of it."""
    settings = read_settings(clip.parent / "take.toml")
    if "neutral" in settings and any(_is_clip(entry) for entry in _entries(clip.parent) if entry.name != clip.name):
        settings.pop("neutral", None)  # a frame of the take that these clips are together, on its own clock
    return settings


def _clips(folder: Path, root: Path) -> tuple[Path, ...]:
    """The clips in a folder, one per camera, in the order of the cameras' names."""
    by_camera: dict[str, Path] = {}
    for entry in _entries(folder):
        if not _is_clip(entry):
            continue
        check_inside(entry, root)
        if entry.is_dir():
            check_tree(entry, root)
        camera = camera_name(entry)
        if camera in by_camera:
            raise ClipError(f"{folder} has two clips of the camera {camera}, {by_camera[camera].name} and "
                            f"{entry.name}; move one of them out of it")
        by_camera[camera] = entry
    return tuple(by_camera[camera] for camera in sorted(by_camera))


def _is_clip(entry: Path) -> bool:
    return pictures.is_numbered(entry) if entry.is_dir() else entry.suffix.lower() in CLIP_SUFFIXES


def _entries(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise InputError(f"{folder} cannot be read ({error.strerror}); check its rights") from error


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None
