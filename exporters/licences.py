"""Under which licences a performance was made: what its file says of them."""

import functools
from typing import Any

import assets
from capture.toml_file import read_toml

UNKNOWN = "its maker's; it came with the model"


def of_performance(model_name: str, model_sha256: str) -> dict[str, Any]:
    """The packages and networks that mien solves with, and the face model: what -> its licence."""
    known = table()
    return {"packages": known["packages"], "networks": known["networks"],
            "face": {model_name: of_face(model_name, model_sha256)}}


def of_face(name: str, sha256: str) -> str:
    """A face model's licence, as far as mien knows it."""
    faces = table()["faces"]
    return faces.get(sha256) or faces.get(name, UNKNOWN)


@functools.cache
def table() -> dict[str, dict[str, str]]:
    """The shipped table: packages, networks and faces, each with its licence."""
    return read_toml(assets.path("licences.toml"))
