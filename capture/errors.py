"""Every error a user can cause, and the exit code of each.

    MienError             1   a take failed; the others are done
    ├─ UsageError         2   the command or one of its options is wrong
    ├─ InputError         3   a file is missing, empty, damaged or not what its name says
    │  ├─ ClipError           ... a clip
    │  │  └─ ChangedError     ... it changed while it was read: later it may do
    │  ├─ RigError            ... a rig.toml, or it does not fit the footage
    │  ├─ ModelError          ... a face model
    │  └─ DataError           ... a performance, a settings file or another table
    ├─ FaceError          1   the footage is readable, but there is nothing to solve in it
    ├─ OutputError        1   a result cannot be written
    ├─ BusyError          1   another process works on it
    └─ Cancelled        130   the user stopped it

A message is one sentence that says what is wrong, where, and what to do. What it quotes of a file may be anything, so
it is made one line of readable length here. These are raised where the fault is seen and caught in two places only: the
command line's `main` and the app's job runner.
"""

LONGEST = 1500
"""Characters of a message: several paths, and some words."""


class MienError(Exception):
    """Something that a user can understand and mend."""

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(_one_line(str(message)))


class UsageError(MienError):
    exit_code = 2


class InputError(MienError):
    exit_code = 3


class ClipError(InputError):
    pass


class ChangedError(ClipError):
    pass


class RigError(InputError):
    pass


class ModelError(InputError):
    pass


class DataError(InputError):
    pass


class FaceError(MienError):
    pass


class OutputError(MienError):
    pass


class BusyError(MienError):
    pass


class Cancelled(MienError):
    exit_code = 130


def _one_line(text: str) -> str:
    """Without what would break the line, steer a terminal or be no character at all, and no longer than LONGEST."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST // 2]} ... {text[-LONGEST // 2 + 5:]}"
    return text if text.isprintable() else "".join(
        c if c.isprintable() else " " if c.isspace() else c.encode("unicode_escape").decode() for c in text)
