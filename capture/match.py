"""Do a take's clips belong together, and which frame of each is a frame of the take.

A take lasts from where its first camera begins to where its last one stops. A camera that begins late or stops early
has no picture before and after that, and its frames there have the number NO_PICTURE; one that dropped frames shows
the nearest that it has.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from capture.bwf import start_of
from capture.camera import Rig
from capture.errors import ClipError, DataError, RigError
from capture.shoot import Take, camera_name
from capture.sync import load_timeline, share_no_moment
from capture.timecode import Timecode, can_drop, same_label
from capture.video import Clip, Frame, frames, probe

MUCH = 1.0
"""Seconds that some cameras saw and others did not, from which that is said."""
NO_PICTURE = -1
WHOLE = 0.01
"""Share of a frame that may be lacking to a whole one: offsets are written with a few decimals."""


@dataclass(frozen=True)
class TakeClips:
    """The clips of a take on one clock. C cameras, T frames.

    Attributes:
        clips: C, in the order of the cameras' names.
        rate: frames per second of the take.
        frames: T.
        start_timecode: of the take's first frame, where a clip states one, or a Broadcast Wave that `mien sync` put
            beside the clips.
        warnings: sentences for the user.
        numbers: (C, T) which frame of each clip is shown at each frame of the take; NO_PICTURE where the camera has not
            begun yet, or has stopped.
        late: (C, T) frames by which that picture was taken after the take's moment, NaN where there is none; None where
            all are in step.
        lead: frames of the take before the last of its cameras begins.
    """

    clips: tuple[Clip, ...]
    rate: Fraction
    frames: int
    start_timecode: Timecode | None
    warnings: tuple[str, ...]
    numbers: np.ndarray = field(compare=False, repr=False)
    late: np.ndarray | None = field(default=None, compare=False, repr=False)
    lead: int = 0

    @property
    def there(self) -> np.ndarray:
        """(C, T) bool: whether a camera has a picture."""
        return self.numbers != NO_PICTURE

    @property
    def shared(self) -> tuple[int, int]:
        """The first of the frames in which all cameras have a picture, and the one after the last; twice the same where
        there are none."""
        rows = np.flatnonzero(self.there.all(axis=0))
        return (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (self.lead, self.lead)

    def first_of(self, camera: int) -> int:
        """The frame by which a camera's clip is counted: the first that all cameras show, or else that it shows."""
        first, stop = self.shared
        return first if stop > first else int(np.argmax(self.there[camera]))

    def seconds(self, camera: int, frame: int) -> float:
        """At how many seconds of a camera's clip the take's frame lies: below 0 before it begins."""
        times, numbers = self.clips[camera].times, self.numbers[camera]
        shown = np.flatnonzero(self.there[camera])
        near = int(np.clip(frame, shown[0], shown[-1]))
        return float(times[numbers[near]]) + (frame - near) / float(self.rate)


def probe_take(take: Take, probe_one: Callable[[Path, Fraction | None, int], Clip] = probe) -> tuple[Clip, ...]:
    """Probe each clip of a take.

    Args:
        probe_one: what takes the place of `probe`, such as one that remembers.

    Raises:
        ClipError: the take or one of its clips cannot be used.
    """
    if take.problem:
        raise ClipError(take.problem)
    return tuple(probe_one(path, take.setting("frame_rate"), take.rotate(camera_name(path))) for path in take.clips)


def plan(take: Take, clips: Sequence[Clip], rig: Rig | None = None, offsets: Mapping[str, float] | None = None,
         drifts: Mapping[str, float] | None = None) -> TakeClips:
    """Check a take's clips against its rig and put them on one clock.

    Args:
        clips: as `probe_take` gives them.
        rig: of their upright pictures, see `capture.turned.fitted`; None for cameras that have not been calibrated.
        offsets, drifts: see `align`; by default what the take's sync.toml says, if it has one.

    Raises:
        RigError: the rig lacks a camera, or a clip has another size, or is turned otherwise, than its camera in it.
        ClipError: see `align`.
        DataError: the take's sync.toml makes no sense.
    """
    for clip in clips if rig is not None else ():
        camera = rig[clip.camera]
        if camera.rotate != clip.rotate:
            raise RigError(f"the cameras are known for pictures of {clip.camera} turned by {camera.rotate} degrees, "
                           f"and `rotate` turns them by {clip.rotate} now; solve the take again")
        if camera.size != clip.size:
            turned = f" once turned by {clip.rotate} degrees" if clip.rotate else ""
            hint = ("" if camera.size != clip.size[::-1] else "; a rig of pictures that stood upright already says "
                    f"`rotate = {clip.rotate}` in its [cameras.{clip.camera}]" if clip.rotate else
                    "; of a camera that is mounted turned take.toml says so, by `rotate = 90` or 270")
            raise RigError(f"{clip.path} is {clip.size[0]} by {clip.size[1]} px{turned}, but in the rig {clip.camera} "
                           f"has {camera.size[0]} by {camera.size[1]}{turned}; calibrate at the size you record at, or "
                           f"convert it{hint}")
    recorder = None
    if offsets is None and take.sync_path is not None and len(clips) > 1:
        timeline = load_timeline(take.sync_path)
        offsets, drifts = timeline.offsets, timeline.drifts
        recorder = timeline.offsets.get("audio")
        unknown = [clip.camera for clip in clips if clip.camera not in offsets]
        if unknown:
            raise DataError(f"{take.sync_path} has no clock for {', '.join(unknown)}; run `mien sync` again")
    together = align(f"take {take.name}", clips, offsets, drifts)
    if together.start_timecode is None and recorder is not None and take.audio is not None:
        begins = start_of(take.audio)
        if begins is not None:
            first = max(offsets[clip.camera] for clip in clips) - recorder  # seconds into the sound recording
            frame = round((begins + Fraction(first)) * together.rate) - together.lead
            together = replace(together, start_timecode=Timecode(0, together.rate) + frame)
    return together


def align(name: str, clips: Sequence[Clip], offsets: Mapping[str, float] | None = None,
          drifts: Mapping[str, float] | None = None, only_shared: bool = False) -> TakeClips:
    """Put clips on one clock.

    Args:
        name: what to call them in a message.
        clips: at least one.
        offsets: camera -> seconds at which its clip begins, on a common clock; by default all begin together.
        drifts: camera -> share by which the common clock runs faster than the clip's; see `capture.sync`.
        only_shared: leave out what not all of them show.

    The take has the rate of `_beat`. Clips of another rate, or a variable one, show their nearest pictures, which
    `late` says the times of.

    Raises:
        ClipError: some of them share no moment with the others; with `only_shared`, none is in all.
    """
    warnings = [warning for clip in clips for warning in clip.warnings]
    first, rate = clips[0], _beat(clips)
    if len(clips) == 1 and not first.variable_rate:
        return TakeClips(tuple(clips), first.frame_rate, first.frames, first.start_timecode, tuple(warnings),
                         np.arange(first.frames)[None])
    even = {clip.camera: clip.frame_rate for clip in clips if not clip.variable_rate}
    if len(set(even.values())) > 1:
        warnings.append(f"the clips of {name} differ in frame rate "
                        f"({', '.join(f'{camera} {_words(own)}' for camera, own in even.items())}): the take has "
                        f"{_words(rate)} frames a second, and each camera is taken at its own times")
    begins = np.array([(offsets or {}).get(clip.camera, 0.0) for clip in clips])  # (C,) seconds
    paces = np.array([1.0 + (drifts or {}).get(clip.camera, 0.0) for clip in clips])
    ends = np.array([begin + pace * clip.times[-1] for begin, pace, clip in zip(begins, paces, clips, strict=True)])
    begin = begins.max()
    # Half a frame of grace: the nearest frame still exists there.
    stops = np.floor((ends - begin) * float(rate) + 0.5).astype(int) + 1  # (C,) counted from `begin`
    if share_no_moment(begins, ends, 0.5 / float(rate)) or (only_shared and stops.min() < 1):
        raise ClipError(f"the clips of {name} have no moment in common; check their offsets with `mien sync`")
    # Whole frames alone: cameras that begin within one of each other begin together.
    lead = 0 if only_shared else int(np.floor((begin - begins.min()) * float(rate) + WHOLE))
    tail = 0 if only_shared else int(np.floor((ends.max() - ends.min()) * float(rate) + WHOLE))
    count = lead + min(int(stops.min()) + tail, int(stops.max()))
    starts = np.ceil((begins - begin) * float(rate) - 0.5 - WHOLE).astype(int)  # (C,) counted so, too
    shown = np.arange(count) - lead
    there = (shown >= starts[:, None]) & (shown < stops[:, None])  # (C, T)
    # A clip of one picture may lie in the part of a frame that is left out: it is shown in the frame beside it.
    there |= ~there.any(axis=1, keepdims=True) & (shown == starts.clip(shown[0], shown[-1])[:, None])
    moments = begin + shown / float(rate)  # (T,)
    numbers = np.stack([_nearest(clip.times, (moments - start) / pace)
                        for clip, start, pace in zip(clips, begins, paces, strict=True)])
    late = np.stack([begin_s + pace * clip.times[shown_of] - moments
                     for clip, begin_s, pace, shown_of in zip(clips, begins, paces, numbers, strict=True)]
                    ) * float(rate)
    together = TakeClips(tuple(clips), rate, count, None, (), np.where(there, numbers, NO_PICTURE),
                         np.where(there, late, np.nan), lead)
    warnings += _unshared(name, together, begins, ends, offsets is not None, only_shared)
    if offsets is None and len({clip.start_timecode for clip in clips} - {None}) > 1:
        warnings.append(f"the clips of {name} state different timecodes and are taken to begin together all the same; "
                        "run `mien sync` to bring them in step")
    return replace(together, start_timecode=_start(together), warnings=tuple(warnings))


def _unshared(name: str, together: TakeClips, begins: np.ndarray, ends: np.ndarray, known: bool, only_shared: bool,
              ) -> list[str]:
    """What is said of what not all cameras show, if it is much; `begins` and `ends` (C,) are seconds, `known` whether
    anything tells how the clips lie."""
    cameras, rate = [clip.camera for clip in together.clips], float(together.rate)
    late, short, (first, stop) = cameras[int(begins.argmax())], cameras[int(ends.argmin())], together.shared
    count = stop - first
    if not known and round((ends.max() - ends.min()) * rate):  # by time: one that dropped frames has fewer
        counts = [f"{clip.camera} {clip.frames}" for clip in together.clips]
        rest = f"the {count} that all have are used, from the first on" if only_shared else \
            f"after the {count} frames that all have, the take rests on those that go on"
        return [f"the clips of {name} differ in length ({', '.join(counts)} frames): {short} stops first, and {rest}"]
    lost = [begins.max() - begins.min(), ends.max() - ends.min()]
    if not known or sum(lost) <= MUCH:
        return []
    parts = [f"{seconds:.1f} s {where}" for seconds, where in zip(
        lost, (f"before {late} begins", f"after {short} stops"), strict=True) if seconds >= 0.05]
    if only_shared:
        return [f"the {count} frames that all cameras of {name} saw are used: {' and '.join(parts)} are left out; to "
                "have them, too, leave such a camera aside"]
    cure = f" (--start {first} --end {stop} solves what all saw)" if count else ""
    return [f"{count} of {together.frames} frames of {name} were seen by all cameras: {' and '.join(parts)} rest on "
            f"the others alone{cure}"]


def _start(together: TakeClips) -> Timecode | None:
    """The timecode of the first frame, by whichever clip states one; one of the take's own rate needs no rounding."""
    stating = [index for index, clip in enumerate(together.clips) if clip.start_timecode is not None]
    if not stating:
        return None
    index = min(stating, key=lambda index: together.clips[index].start_timecode.rate != together.rate)
    clip, at = together.clips[index], together.first_of(index)
    return _counted(clip.start_timecode, float(clip.times[together.numbers[index, at]]), together.rate) + -at


def _beat(clips: Sequence[Clip]) -> Fraction:
    """The rate of most clips whose pictures come evenly, the lowest of those that are as many; a lone one's own."""
    rates = [clip.frame_rate for clip in clips if not clip.variable_rate] or [clip.frame_rate for clip in clips]
    return min(rates, key=lambda rate: (-rates.count(rate), rate))


def _counted(start: Timecode, seconds: float, rate: Fraction) -> Timecode:
    """The timecode so many seconds after another, counted at a rate."""
    drop = start.drop and can_drop(rate)
    return Timecode(0, rate, drop) + round((same_label(start, rate, drop) + Fraction(seconds)) * rate)


def take_frames(take_clips: TakeClips, camera: int, start: int = 0, stop: int | None = None,
                only: Collection[int] | None = None) -> Iterator[Frame]:
    """What one camera shows at the take's frames `start` up to, and without, `stop`, or at `only` some among these,
    where it has a picture; `Frame.index` is the take's.

    Raises:
        ClipError: a frame cannot be decoded.
    """
    stop = take_clips.frames if stop is None else stop
    wanted = np.arange(take_clips.frames)[start:stop]
    if only is not None:
        wanted = wanted[np.isin(wanted, list(only))]
    wanted = wanted[take_clips.there[camera, wanted]]
    numbers = take_clips.numbers[camera, wanted]
    if not len(numbers):
        return
    at = 0
    for frame in frames(take_clips.clips[camera], int(numbers[0]), int(numbers[-1]) + 1,
                        only=None if only is None else set(numbers.tolist())):
        while at < len(numbers) and numbers[at] == frame.index:
            index = int(wanted[at])
            yield Frame(index, index / float(take_clips.rate), frame.rgb)
            at += 1


def _nearest(times: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """For each moment the number of the nearest of the rising `times`."""
    after = np.clip(np.searchsorted(times, moments), 1, max(len(times) - 1, 1))
    if len(times) == 1:
        return np.zeros(len(moments), dtype=int)
    return np.where(moments - times[after - 1] <= times[after] - moments, after - 1, after)


def _words(rate: Fraction) -> str:
    return f"{float(rate):.6g}"
