"""Where one user's caches are on this machine: `$GROUNDSWELL_HOME/cache`, or the platform's own folder."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path | None:
    """The folder, whether or not it exists; None for a user without a home."""
    if home := os.environ.get("GROUNDSWELL_HOME"):
        return Path(home).expanduser().absolute() / "cache"
    shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        # The XDG specification says that a relative path is to be ignored.
        base = shared if shared.is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        return None
    return base / "groundswell"
