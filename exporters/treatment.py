"""What a user may ask of solved curves on their way into a program, in the one order in which it makes sense."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from exporters.cleanup import Change, dead_zone, resample, smooth
from exporters.retarget import one_sided, swap_sides
from solver.performance import Performance


@dataclass(frozen=True)
class Treatment:
    """Everything off by default: curves go out as they were solved.

    Attributes:
        smooth: seconds of the smoothing window, for all or by region of the face; 0 is off.
        dead_zone: weights below this become 0.
        mirror: left and right, head included, change places.
        swap_sides: only the names of left and right change places, for a receiver that means them the other way round.
        frame_rate: another rate, or None.
    """

    smooth: float | Mapping[str, float] = 0.0
    dead_zone: float = 0.0
    mirror: bool = False
    swap_sides: bool = False
    frame_rate: Fraction | None = None


def treat(performance: Performance, treatment: Treatment) -> tuple[Performance, tuple[str, ...]]:
    """The treated performance, and a sentence for each change: how much it moved, at most, and where.

    Smoothing and the dead zone come first, as they need the solve's own frames and uncertainties; the rate next, names
    last.
    """
    notes = []

    def note(what: str, change: Change) -> None:
        notes.append(told(what, change))

    if treatment.smooth:
        performance, change = smooth(performance, treatment.smooth)
        note("smoothing", change)
    if treatment.dead_zone > 0:
        performance, change = dead_zone(performance, treatment.dead_zone)
        note("the dead zone", change)
    if treatment.frame_rate is not None and treatment.frame_rate != performance.frame_rate:
        performance, change = resample(performance, treatment.frame_rate)
        note("the new frame rate", change)
    if (treatment.mirror or treatment.swap_sides) and (lost := one_sided(performance)):
        notes.append(f"no shape is called as the other side of {', '.join(lost)}: left where they are")
    if treatment.mirror:
        performance = swap_sides(performance)
    if treatment.swap_sides:
        performance = swap_sides(performance, head=False)
    return performance, tuple(notes)


def told(what: str, change: Change) -> str:
    """A change as a sentence."""
    if change.largest <= 0:
        return f"{what} changed nothing"
    return f"{what} changed {change.shape} by {change.largest:.4f} in frame {change.frame}, all else less"
