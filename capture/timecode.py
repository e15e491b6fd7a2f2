"""Frame rates and SMPTE timecode, in whole numbers: nothing drifts, however long the day."""

import re
from dataclasses import dataclass
from fractions import Fraction

from capture.errors import DataError

NTSC = (24, 30, 48, 60, 72, 90, 96, 120, 240)
"""Nominal rates that also exist slowed by 1000/1001."""

SNAP = Fraction(2, 10000)
"""How far (relative) a written rate may be from the rate it means: 23.98 means 24000/1001, 23.99 is left alone."""

LIVE_LINK_BASE = 60
"""Live Link Face counts sixtieths of a second in its CSV, whatever the take's rate (measured on real recordings)."""

SLOWEST = Fraction(1, 100_000)

_TEXT = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;])(\d{2,3})", re.ASCII)


def is_rate(rate: Fraction) -> bool:
    """Whether a camera could film so many frames a second: from one in a day or so up to 10,000."""
    return SLOWEST <= rate <= 10000


def exact_rate(value: int | float | str | Fraction) -> Fraction:
    """The exact frame rate that a number or a text such as "29.97" or "30000/1001" means.

    Raises:
        DataError: it is no number that `is_rate` allows.
    """
    try:
        rate = Fraction(value)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):
        rate = Fraction(0)
    if isinstance(value, bool) or not is_rate(rate):
        raise DataError(f"frame rate {value!r} is not a number of frames a second; "
                        'write a number such as 25, or "30000/1001"')
    meant = [Fraction(max(1, round(rate)))] + [Fraction(nominal * 1000, 1001) for nominal in NTSC]
    nearest = min(meant, key=lambda candidate: abs(candidate - rate))
    if abs(nearest - rate) <= SNAP * nearest:
        return nearest
    return rate.limit_denominator(100_000)


@dataclass(frozen=True)
class Timecode:
    """A frame of a day, and its label.

    Attributes:
        frame: frames since midnight, counted at `rate`; 0 <= frame < frames in a day.
        rate: frames per second, exact.
        drop: whether labels are dropped (29.97, 59.94, 119.88), so that they keep up with the clock.
    """

    frame: int
    rate: Fraction
    drop: bool = False

    def __post_init__(self) -> None:
        if self.drop and not can_drop(self.rate):
            raise ValueError(f"there is no drop-frame timecode at {self.rate} frames a second")
        if not 0 <= self.frame < frames_in_day(self.rate, self.drop):
            raise ValueError(f"frame {self.frame} is not within a day")

    @property
    def seconds(self) -> Fraction:
        """Real seconds since midnight, exact."""
        return self.frame / self.rate

    def __add__(self, frames: int) -> "Timecode":
        """The timecode so many frames later (earlier if negative); past midnight it begins anew."""
        return Timecode((self.frame + int(frames)) % frames_in_day(self.rate, self.drop), self.rate, self.drop)

    def __str__(self) -> str:
        """ "HH:MM:SS:FF", with ";" before FF in drop-frame; FFF above 100 frames a second."""
        hours, minutes, seconds, frame = self._label()
        digits = max(2, len(str(nominal_rate(self.rate) - 1)))
        return f"{hours:02d}:{minutes:02d}:{seconds:02d}{';' if self.drop else ':'}{frame:0{digits}d}"

    def live_link_text(self) -> str:
        """ "HH:MM:SS:FF.mmm" as Live Link Face writes it: FF.mmm are sixtieths of a second at any rate."""
        hours, minutes, seconds, frame = self._label()
        thousandths = frame * LIVE_LINK_BASE * 1000 // nominal_rate(self.rate)  # floor: never 60.000
        return f"{hours:02d}:{minutes:02d}:{seconds:02d}:{thousandths // 1000:02d}.{thousandths % 1000:03d}"

    def _label(self) -> tuple[int, int, int, int]:
        nominal = nominal_rate(self.rate)
        labels = self.frame
        if self.drop:
            dropped = 2 * nominal // 30
            per_minute = nominal * 60 - dropped
            tens, rest = divmod(self.frame, per_minute * 10 + dropped)
            # The first minute of each ten keeps all its labels.
            minutes = 0 if rest < nominal * 60 else 1 + (rest - nominal * 60) // per_minute
            labels += dropped * (9 * tens + minutes)
        seconds, frame = divmod(labels, nominal)
        return seconds // 3600, seconds // 60 % 60, seconds % 60, frame


def parse(text: str, rate: int | float | str | Fraction) -> Timecode:
    """Read "HH:MM:SS:FF", or "HH:MM:SS;FF" in drop-frame.

    Raises:
        DataError: it is no timecode of that rate.
    """
    rate = exact_rate(rate)
    match = _TEXT.fullmatch(text.strip())
    if not match:
        raise DataError(f"{text!r} is not a timecode; write HH:MM:SS:FF, or HH:MM:SS;FF in drop-frame")
    hours, minutes, seconds, frame = (int(match[group]) for group in (1, 2, 3, 5))
    drop = match[4] == ";"
    nominal = nominal_rate(rate)
    _check_clock(text, hours, minutes, seconds)
    if frame >= nominal:
        raise DataError(f"timecode {text!r} has frame {frame}, but at {_words(rate)} frames a second they run from 00 "
                        f"to {nominal - 1}; check the frame rate")
    labels = ((hours * 60 + minutes) * 60 + seconds) * nominal + frame
    if not drop:
        return Timecode(labels, rate)
    if not can_drop(rate):
        raise DataError(f"timecode {text!r} is drop-frame (;), which exists at 29.97, 59.94 and 119.88 frames a second "
                        f"and not at {_words(rate)}; write ':' before the frame or mend the frame rate")
    dropped = 2 * nominal // 30
    if seconds == 0 and minutes % 10 and frame < dropped:
        raise DataError(f"timecode {text!r} does not exist: drop-frame leaves out frames 00 to {dropped - 1:02d} "
                        "at the start of that minute; use the next one")
    return Timecode(labels - dropped * (hours * 54 + minutes - minutes // 10), rate, True)


def parse_like(text: str, start: Timecode) -> Timecode:
    """Read a timecode as people type it beside a clip's: counted as that one is, ":" or ";" before the frame alike,
    which is how editing programs take it.

    Raises:
        DataError: see `parse`.
    """
    return parse(re.sub(r"[:;](?=\d+\s*$)", ";" if start.drop else ":", text), start.rate)


def round_midnight(seconds: Fraction, day: Fraction = Fraction(86400)) -> Fraction:
    """How much later one time of day is than another, from their difference: the shorter way round the clock."""
    return (seconds + day / 2) % day - day / 2


def seconds_after(one: Timecode, other: Timecode) -> Fraction:
    """How much later `one` is than `other`, within half a day of it; earlier if negative. See `same_label`."""
    begins = same_label(one, other.rate, other.drop)
    return round_midnight(begins - other.seconds, frames_in_day(other.rate, other.drop) / other.rate)


def frames_after(one: Timecode, other: Timecode) -> int:
    """The same in whole frames of `one`."""
    return int(seconds_after(one, other) * one.rate)


def same_label(one: Timecode, rate: Fraction, drop: bool) -> Fraction:
    """Seconds since midnight at which a clock of another rate says what `one` does: what says 10 o'clock on cameras
    that were set together is one moment, though at 30 frames a second it counts 36 s less since midnight than at 29.97
    without drop-frame. Of the same rate, or of two that drop frames, each counts its own."""
    if one.rate == rate or (one.drop and drop):
        return one.seconds
    hours, minutes, seconds, frame = one._label()
    nominal, minutes = nominal_rate(rate), hours * 60 + minutes
    labels = (minutes * 60 + seconds + Fraction(frame, nominal_rate(one.rate))) * nominal
    return (labels - (2 * nominal // 30 * (minutes - minutes // 10) if drop else 0)) / rate


def nominal_rate(rate: Fraction) -> int:
    """Labels per second of timecode: 30 for 29.97."""
    return max(1, round(rate))


def can_drop(rate: Fraction) -> bool:
    """Whether drop-frame timecode exists at this rate."""
    nominal = nominal_rate(rate)
    return nominal % 30 == 0 and rate == Fraction(nominal * 1000, 1001)


def frames_in_day(rate: Fraction, drop: bool) -> int:
    """How many labels a day of timecode has."""
    nominal = nominal_rate(rate)
    return nominal * 86400 - (2 * nominal // 30 * 9 * 144 if drop else 0)


def _check_clock(text: str, hours: int, minutes: int, seconds: int) -> None:
    if hours > 23 or minutes > 59 or seconds > 59:
        raise DataError(f"timecode {text!r} is no time of day; hours run to 23, minutes and seconds to 59")


def _words(rate: Fraction) -> str:
    return str(rate) if rate.denominator == 1 else f"{float(rate):.6g}"
