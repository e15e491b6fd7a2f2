"""A fault in a method that Qt calls must be told, not end the app.

PySide 6.11 under Python 3.11 adds the method's name to the exception of an overridden virtual method, and takes for an
exception what may be its text alone: Python makes the exception itself only when somebody catches it, and one raised in
C (`int("x")`, `min([])`, `[][0]`, much of NumPy) may not have been caught before. The process then dies of a segfault.
"""

import functools
import types
from typing import TypeVar

Kind = TypeVar("Kind", bound=type)


def guarded(kind: Kind) -> Kind:
    """Let every exception of the Qt methods that a class overrides be caught once on its way."""
    for name in overridden(kind):
        setattr(kind, name, _caught(vars(kind)[name]))
    return kind


def overridden(kind: type) -> list[str]:
    """The methods of Qt's that a class has a version of its own of."""
    qt = [base for base in kind.__mro__ if base.__module__.startswith("PySide6.")]
    return [name for name, value in vars(kind).items() if isinstance(value, types.FunctionType)
            and not name.startswith("__") and any(name in vars(base) for base in qt)]


def is_guarded(kind: type) -> bool:
    """Whether `guarded` has been at all of them."""
    return all(hasattr(vars(kind)[name], "__wrapped__") for name in overridden(kind))


def _caught(method: types.FunctionType) -> types.FunctionType:
    @functools.wraps(method)
    def caught(*arguments, **named):
        try:
            return method(*arguments, **named)
        except BaseException:
            raise

    return caught
