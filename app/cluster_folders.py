"""The folders that all machines of a run must share, and a mark in each, by which a worker knows that it sees it."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.places import places
from app.request import Request
from capture.files import make_folder, write_bytes
from capture.shoot import Take


@dataclass(frozen=True)
class Folders:
    """Marks are there while one is within; `seen` are the paths that a worker must see, `written` where it must write.
    """

    marks: tuple[Path, ...]
    files: tuple[Path, ...]

    @property
    def seen(self) -> tuple[str, ...]:
        return tuple(map(str, (*self.marks, *self.files)))

    @property
    def written(self) -> tuple[str, ...]:
        return tuple(str(mark.parent) for mark in self.marks)

    def __enter__(self) -> "Folders":
        for mark in self.marks:
            write_bytes(mark, b"")
        return self

    def __exit__(self, *_: object) -> None:
        for mark in self.marks:
            with contextlib.suppress(OSError):
                mark.unlink()


def folders_of(takes: Sequence[Take], request: Request, run: str) -> Folders:
    """The folders of a run: those of the results, the first clip of each shoot, and the files that options name.

    Raises:
        OutputError: one cannot be made.
    """
    outs = sorted({places(take, request.out).out for take in takes})
    for out in outs:
        make_folder(out)
    clips = {take.shoot.folder if take.shoot else take.folder: take.clips[0] for take in takes if take.clips}
    named = [request.rig, Path(request.model) if Path(request.model).is_absolute() else None]
    return Folders(tuple(out / f".{run}" for out in outs),
                   (*clips.values(), *(path for path in named if path is not None)))
