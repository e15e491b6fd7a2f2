"""Power cuts: from the journal of all changes, what a disk may hold when the power goes between two of them.

A disk keeps what was synced. Of the rest it may keep anything: a file's unsynced bytes may be there, missing, there in
part or read as zeros; a name that was made, moved or removed without its folder being synced may be so or not.
"""

import os
import random
import shutil
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path

HEAD = struct.Struct("<cQQIII")
BOOT_SECONDS = 120
"""How long ago the last change seems to be once the machine runs again."""
NAMES = ("kept", "synced", "ordered", "any")
DATA = ("kept", "synced", "zeros", "half")


@dataclass(frozen=True)
class Change:
    """One entry of the journal: what was done to which file or name."""

    what: str
    inode: int
    at: int
    path: str
    other: str
    data: bytes


@dataclass
class _File:
    now: bytearray = field(default_factory=bytearray)
    synced: bytes | None = None


def read_journal(path: Path) -> list[Change]:
    """What the shim wrote down; a last entry that is cut short, as its writer was killed, is left out."""
    raw, at, changes = path.read_bytes(), 0, []
    while at + HEAD.size <= len(raw):
        what, inode, offset, *sizes = HEAD.unpack_from(raw, at)
        at += HEAD.size
        if at + sum(sizes) > len(raw):
            break
        parts = []
        for size in sizes:
            parts.append(raw[at:at + size])
            at += size
        changes.append(Change(what.decode(), inode, offset, parts[0].decode(), parts[1].decode(), parts[2]))
    return changes


def cut(changes: list[Change], point: int, names: str, data: str, chance: random.Random) -> dict[str, bytes]:
    """Path -> content of every file after a power cut before the change number `point`.

    Args:
        names: which unsynced names are as they were left: all, none, the first ones in order, or any.
        data: which unsynced bytes are there: all, none (the length too), the length alone, or half of them.
    """
    files: list[_File] = []
    by_inode: dict[int, int] = {}
    done: list[tuple[Change, int]] = []  # changes of names, with the file that they are about
    safe: list[bool] = []
    now: dict[str, int] = {}
    for change in changes[:point]:
        if change.what == "C":
            files.append(_File())
            by_inode[change.inode] = now[change.path] = len(files) - 1
        file = by_inode.get(change.inode)
        if change.what == "R":
            file = now[change.other] = now.pop(change.path)
        elif change.what == "U":
            file = now.pop(change.path, -1)
        if change.what in "CRU" and file is not None:
            done.append((change, file))
            safe.append(False)
        elif change.what == "F" and file is not None:
            files[file].synced = bytes(files[file].now)
        elif change.what == "S":  # a folder
            safe = [kept or os.path.dirname(entry.other or entry.path) == change.path
                    for kept, (entry, _) in zip(safe, done, strict=True)]
        elif change.what == "W" and file is not None:
            end = change.at + len(change.data)
            files[file].now.extend(bytes(max(0, end - len(files[file].now))))
            files[file].now[change.at:end] = change.data
        elif change.what == "T" and file is not None:
            files[file].now[:] = files[file].now[:change.at].ljust(change.at, b"\0")
    last = chance.randrange(len(done) + 1)
    kept = {"kept": lambda index: True, "synced": lambda index: safe[index],
            "ordered": lambda index: safe[index] or index < last or any(safe[index:]),
            "any": lambda index: safe[index] or chance.random() < 0.5}[names]
    there: dict[str, int] = {}
    for index, (change, file) in enumerate(done):
        if not kept(index):
            continue
        if change.what == "C":
            there[change.path] = file
        elif change.what == "R":
            there.pop(change.path, None)
            there[change.other] = file
        elif there.get(change.path) == file:
            del there[change.path]
    return {path: _content(files[file], data) for path, file in there.items()}


def _content(file: _File, data: str) -> bytes:
    now, synced = bytes(file.now), file.synced or b""
    if data == "kept" or file.synced == now:
        return now
    if data == "synced":
        return synced
    if data == "zeros":
        return synced[:len(now)].ljust(len(now), b"\0")
    return now[:len(synced) + (len(now) - len(synced)) // 2] if len(now) > len(synced) else synced


def lay(state: dict[str, bytes], folder: Path) -> None:
    """Put the files of a state below `folder` in the place of all that is there, dated before the machine came up."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    past = time.time() - BOOT_SECONDS
    for name, content in state.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (past, past))
