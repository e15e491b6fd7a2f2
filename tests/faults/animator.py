"""An animator at work, without a window: corrections saved one after another, as the app saves them."""

from pathlib import Path

from app.corrections import load_layer, save_layer
from capture.errors import MienError
from solver.corrections import Key, Layer

SAID = "said.txt"


def layer(number: int) -> Layer:
    """All that was corrected up to the save of that number; each holds the ones before."""
    return Layer({"jawOpen": tuple(Key(frame, frame / 1000) for frame in range(number + 1))}, frozenset(range(number)))


def save_many(folder: Path, count: int) -> int:
    """Save `count` layers; what was saved for certain is told outside of the folder. A failure is told, and what could
    not be saved is saved with the next."""
    path = folder / "corrections.json"
    begin = len(load_layer(path).right)
    with (folder.parent / SAID).open("a") as said:
        for number in range(begin + 1, begin + count + 1):
            try:
                save_layer(layer(number), path)
            except MienError:
                continue
            said.write(f"{number}\n")
            said.flush()
    return 0


def lost(folder: Path) -> bool:
    """Whether a save that was told as done is gone, or cannot be read."""
    said = folder.parent / SAID
    told = [int(line) for line in said.read_text().split()] if said.exists() else [0]
    try:
        found = load_layer(folder / "corrections.json")
    except MienError:
        return True
    return len(found.right) < (told[-1] if told else 0) or (bool(found.right) and found != layer(len(found.right)))
