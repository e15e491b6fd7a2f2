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

A message is one sentence that says what is wrong, where, and what to do. These are raised where the
fault is seen and caught in two places only: the command line's `main` and the app's job runner.
"""


class MienError(Exception):
    """Something that a user can understand and mend."""

    exit_code = 1


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
