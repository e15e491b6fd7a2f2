"""`mien doctor --licences`: everything that is installed beside mien, and every model, each with its licence."""

import importlib.metadata
import re
from importlib.metadata import Distribution

from app.models import BUILT_IN, list_models, model_named
from capture.errors import MienError
from exporters.licences import of_face, table

UNTOLD = "not told by the package"
LONGEST = 70
"""Letters of a licence's name; what is longer is its text."""


def run() -> int:
    """Print both tables. Returns 0."""
    print("Installed:")
    for name, version, licence in installed():
        print(f"  {name:<26} {version:<16} {licence}")
    print("Networks:")
    for name, licence in table()["networks"].items():
        print(f"  {name:<43} {licence}")
    print("Face models:")
    for name, licence in faces():
        print(f"  {name:<43} {licence}")
    return 0


def installed() -> list[tuple[str, str, str]]:
    """Name, version and licence of every package in this environment but mien itself, by name."""
    named = [(item.metadata["Name"], item) for item in importlib.metadata.distributions() if item.metadata["Name"]]
    found = {name.lower(): (name, item.version, licence_of(item)) for name, item in named if name != "mien"}
    return [found[name] for name in sorted(found)]


def licence_of(item: Distribution) -> str:
    """What a package says of its licence: its expression, its own words if they are short, else its classifiers, else
    the first line of its licence's text."""
    said = item.metadata
    words = " ".join((said.get("License") or "").split())
    classes = [entry.split("::")[-1].strip() for entry in said.get_all("Classifier", [])
               if re.match(r"License ::.*::", entry)]
    short = words if len(words) <= LONGEST and not words.lower().startswith("copyright") else ""
    return said.get("License-Expression") or short or ", ".join(classes) or words[:LONGEST] or _text(item) or UNTOLD


def faces() -> list[tuple[str, str]]:
    """The built-in head and the models that the user added, each with its licence."""
    out = []
    for name in (BUILT_IN, *list_models()):
        try:
            out.append((name, of_face(name, model_named(name).sha256)))
        except MienError as error:
            out.append((name, f"cannot be read: {error}"))
    return out


def _text(item: Distribution) -> str:
    for file in item.files or ():
        if re.match(r"licen[sc]e|copying", file.name, re.IGNORECASE):
            lines = [line.strip() for line in file.locate().read_text("utf-8", "replace").splitlines()]
            return next((line[:LONGEST] for line in lines if line), "")
    return ""
