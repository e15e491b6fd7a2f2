"""A take made ready for its steps: its clips looked into, brought on one clock, and known by their bytes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from app.clocks import offsets
from app.contents import Content, content, state_of
from app.corrections import corrections_path, load_layer, rest_on_clips, upright
from app.places import Places, places
from capture.ahead import ahead, depth
from capture.camera import Rig, load_rig
from capture.errors import DataError, UsageError
from capture.files import make_folder
from capture.focal import LONE_GUESS, first_lens
from capture.match import TakeClips, plan, probe_take, take_frames
from capture.shoot import Take
from capture.timecode import frames_after, parse, parse_like
from capture.turned import fitted, lies
from capture.video import Clip, Frame
from solver.corrections import Layer, Sight
from solver.detect import Footage


@dataclass(frozen=True)
class Options:
    """What the user chose. `start`, `end` and `neutral` are frame numbers or timecodes as typed, or None; `corrections`
    is the layer to solve around, empty for none."""

    out: Path | None
    rig: Path | None
    actor: str
    formats: tuple[str, ...]
    preset: str
    start: str | None
    end: str | None
    force: bool
    corrections: Layer = field(default_factory=Layer)
    neutral: str | None = None


@dataclass(frozen=True)
class Prepared:
    """A take of C cameras whose footage can be worked on.

    Attributes:
        where: its folders, which are there.
        clips: C, on one clock.
        contents: C, what each clip is.
        rig: C cameras in the order of the clips.
        lone: there is no rig, and its cameras are guesses. One camera whose focal length somebody states is none.
        first, stop: the frames that are wanted, `stop` not among them.
        faces: where a person pointed at the actor's face; see `solver.corrections.Layer`. It is a word on the footage,
            heard also where a solve shall not go around corrections.
    """

    take: Take
    where: Places
    clips: TakeClips
    contents: tuple[Content, ...]
    rig: Rig
    lone: bool
    first: int
    stop: int
    faces: Mapping[Sight, tuple[float, float]] = field(default_factory=dict)

    @property
    def late(self) -> np.ndarray | None:
        """(C, T) frames by which each camera's pictures were taken after the wanted moments, NaN where it has none;
        None: all in step."""
        return None if self.clips.late is None else self.clips.late[:, self.first:self.stop]

    @property
    def there(self) -> np.ndarray:
        """(C, T) bool: in which of the wanted frames each camera has a picture."""
        return self.clips.there[:, self.first:self.stop]

    def footage(self, camera: int, first: int, stop: int) -> Footage:
        """What one camera shows at the take's frames from `first` up to, and without, `stop`; it must have a picture in
        all of them."""
        return Footage(self.clips.clips[camera].size, self.clips.rate, stop - first,
                       lambda: self._ahead(camera, take_frames(self.clips, camera, first, stop)))

    def pictures(self, camera: int, frames: np.ndarray) -> Iterator[np.ndarray]:
        """The same at some of the wanted frames, counted from the first, which rise; the pictures between them are
        decoded, no more."""
        return self._ahead(camera, take_frames(self.clips, camera, only=(self.first + frames).tolist()))

    def _ahead(self, camera: int, frames: Iterator[Frame]) -> Iterator[np.ndarray]:
        width, height = self.clips.clips[camera].size
        return (frame.rgb for frame in ahead(frames, depth(3 * width * height)))

    @property
    def timecode(self) -> str:
        """Of the first frame; counted from zero where the clips state none."""
        start = self.clips.start_timecode or parse("00:00:00:00", self.clips.rate)
        return str(start + self.first)


def prepare(take: Take, options: Options, warn: Callable[[str], None]) -> Prepared:
    """Look into a take's clips, check them against one another and the rig, and make its folders.

    Raises:
        MienError: it cannot be solved.
    """
    states = {path: state_of(path) for path in take.clips}
    clips, rig, lone, (first, stop) = survey(take, options)
    faces = faces_of(take, clips.clips)
    where = places(take, options.out)
    make_folder(where.out)
    make_folder(where.work)
    for warning in clips.warnings:
        warn(warning)
    contents = tuple(content(clip.path, where.work, states[clip.path]) for clip in clips.clips)
    return Prepared(take, where, clips, contents, rig, lone, first, stop, faces)


def faces_of(take: Take, clips: Sequence[Clip]) -> Mapping[Sight, tuple[float, float]]:
    """Where a person pointed at the actor's face in a take's cameras, in their upright pictures.

    Raises:
        DataError: in a camera that is none of the take's, or the corrections cannot be read.
    """
    path = corrections_path(take)
    faces = upright(load_layer(path), clips).faces
    strange = sorted({camera for camera, _ in faces} - set(take.cameras))
    if strange:
        raise DataError(f"{path} says where the actor's face is in {strange[0]}, and {take.name} has "
                        f"{', '.join(take.cameras)}; mend the name there, or remove it")
    return faces


def survey(take: Take, options: Options) -> tuple[TakeClips, Rig, bool, tuple[int, int]]:
    """Look into a take's clips without reading them through, and write nothing.

    Returns:
        The clips on one clock, their cameras, whether these had to be guessed, and the wanted frames: the
        first, and the one after the last.

    Raises:
        MienError: it cannot be solved.
    """
    rig_path = options.rig or take.rig_path
    probed = probe_take(take)
    filed = load_rig(rig_path) if rig_path is not None else None
    rig = fitted(filed, probed) if filed is not None else None
    clips = plan(take, probed, rig, offsets(take, probed))
    if filed is not None and (words := lies(filed, probed)):
        clips = replace(clips, warnings=(*clips.warnings, words))
    guessed = rig is None
    if rig is not None:
        cameras = tuple(rig[clip.camera] for clip in clips.clips)
    elif len(clips.clips) > 1:  # guesses, until the face tells: see app.face_cameras
        cameras = tuple(first_lens(clip)[0] for clip in clips.clips)
    else:
        camera, stated = first_lens(clips.clips[0], take.setting("focal_35mm"), LONE_GUESS)
        cameras, guessed = (camera,), not stated
    return clips, Rig(cameras), guessed, _range(clips, options)


def _range(clips: TakeClips, options: Options) -> tuple[int, int]:
    """First frame and the frame after the last, within the take."""
    first = _frame(options.start, clips, "--start") if options.start is not None else 0
    stop = _frame(options.end, clips, "--end") if options.end is not None else clips.frames
    if not 0 <= first < stop <= clips.frames:
        raise UsageError(f"--start {first} and --end {stop} leave no frames of a take of {clips.frames}; "
                         f"choose 0 <= start < end <= {clips.frames}")
    return first, stop


def neutral_frame(ready: Prepared, options: Options) -> int | None:
    """The wanted frame, counted from the first that is solved, in which a person says that the face is at rest; None
    where nobody says so, or the one in take.toml is none of those that are solved. That goes with the landmarks that
    were put right in it where the clips are in step otherwise since.

    Raises:
        UsageError: the one that was asked for is none of those that are solved.
    """
    if options.neutral is None:
        return None
    frame = _frame(options.neutral, ready.clips, "the neutral frame")
    layer = options.corrections
    if layer.held and _of_take(ready, options) and (there := rest_on_clips(layer, ready.clips, frame)) != frame:
        if not ready.first <= there < ready.stop:
            return None
        frame = there
    if not ready.first <= frame < ready.stop:
        if _of_take(ready, options) and 0 <= frame < ready.clips.frames:
            return None  # said of the whole take, of which a part is solved
        raise UsageError(f"the neutral frame {options.neutral} is not among the frames {ready.first} to "
                         f"{ready.stop - 1} that are solved; name another with --neutral or in take.toml")
    return frame - ready.first


def neutral_in_take(ready: Prepared, options: Options) -> int | None:
    """The same as a frame of the take."""
    frame = neutral_frame(ready, options)
    return None if frame is None else ready.first + frame


def _of_take(ready: Prepared, options: Options) -> bool:
    """Whether the neutral frame is the one in take.toml."""
    return options.neutral == ready.take.settings.get("neutral")


def _frame(text: str, clips: TakeClips, option: str) -> int:
    """A frame number as typed, or the frame at a timecode; takes may cross midnight."""
    if text.isdecimal():
        return int(text)
    start = clips.start_timecode or parse("00:00:00:00", clips.rate)
    try:
        moment = parse_like(text, start)
    except DataError as error:
        raise UsageError(f"{option} {text}: {error}; a frame number will do, too") from error
    if clips.start_timecode is None:
        raise UsageError(f"{option} {text} is a timecode, and the clips carry none; give a frame number")
    return frames_after(moment, start)
