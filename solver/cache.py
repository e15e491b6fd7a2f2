"""The user's cache: packed models, embeddings and the models added by name."""

import os
from pathlib import Path


def model_cache() -> Path:
    """$MIEN_CACHE, else mien below $XDG_CACHE_HOME, else ~/.cache/mien. It need not exist yet."""
    if chosen := os.environ.get("MIEN_CACHE"):
        return Path(chosen)
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "mien"
    return Path.home() / ".cache" / "mien"


def existing_part() -> Path:
    """The cache's folder, or that above it which exists and may be looked at."""
    folder = model_cache().absolute()
    return next(place for place in (folder, *folder.parents) if os.path.exists(place))


def writable() -> bool:
    """Whether the cache can be kept. It often cannot in a container that runs as another user than its HOME's."""
    return os.access(existing_part(), os.W_OK | os.X_OK)


def unwritable() -> str:
    """What to say of a cache that cannot be kept."""
    return f"{model_cache()} cannot be written; name another folder in the environment variable MIEN_CACHE"
