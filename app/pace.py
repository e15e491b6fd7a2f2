"""What a preset costs, said before it starts: `mien bench speed` measures it."""

PACE = {"draft": (0.004, 0.010), "standard": (0.033, 0.065), "final": (0.045, 0.092)}
"""Seconds of one core for a frame, and for each camera's picture of it: 480x640 px, the second of two cores of a server
of 2020; decoding larger pictures costs more, by up to 0.03 s each."""


def seconds_a_frame(preset: str, cameras: int) -> float:
    """Seconds of one core for a frame of so many cameras."""
    whole, each = PACE[preset]
    return whole + each * cameras


def said(preset: str, cameras: int) -> str:
    """The same in a sentence."""
    seen_by = "one camera" if cameras == 1 else f"{cameras} cameras"
    return f"{preset}: about {seconds_a_frame(preset, cameras):.2g} s of a processor core for each frame of {seen_by}"
