"""A folder for inputs that are files, of this process alone."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

# In memory, where there is such a place.
_MEMORY = Path("/dev/shm")


@cache
def scratch_folder() -> Path:
    folder = tempfile.mkdtemp(prefix="fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
