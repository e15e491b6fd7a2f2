"""Broadcast Wave: when a sound recorder began, by the recorder's own clock (EBU Tech 3285, `TimeReference`)."""

import os
from fractions import Fraction
from pathlib import Path

import av

FORMATS = "wav,w64"

DAY_S = 86400


def start_of(path: Path) -> Fraction | None:
    """Seconds since midnight, exact, at which a recording begins: its samples since midnight over its rate. None where
    the file states none, or cannot be read (whoever reads its sound says why)."""
    if path.suffix.lower() not in (".wav", ".bwf", ".w64"):
        return None
    try:
        with av.open(os.path.abspath(path), options={"protocol_whitelist": "file", "format_whitelist": FORMATS},
                     metadata_errors="replace") as container:
            stated = {key.lower(): value for key, value in container.metadata.items()}.get("time_reference", "")
            rate = container.streams.audio[0].rate if container.streams.audio else 0
    except (av.error.FFmpegError, OSError):
        return None
    if not (stated.isascii() and stated.isdigit()) or rate <= 0 or not int(stated):
        return None  # 0 is what recorders without a clock write
    seconds = Fraction(int(stated), rate)
    return seconds if seconds < DAY_S else None
