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
