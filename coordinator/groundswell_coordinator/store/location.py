"""Where one person's runs are stored: `$GROUNDSWELL_HOME`, or the platform's data folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from groundswell.errors import StoreFailed

HOME_VARIABLE = "GROUNDSWELL_HOME"
DATABASE = "groundswell.db"


def data_folder() -> Path:
    """The folder, whether or not it exists."""
    if home := os.environ.get(HOME_VARIABLE):
        return Path(home).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "groundswell"
    shared = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification says that a relative path is to be ignored.
    base = Path(shared) if Path(shared).is_absolute() else Path.home() / ".local" / "share"
    return base / "groundswell"


def prepare_database(folder: Path | None = None) -> Path:
    """Make the folder and an empty database file, for the user alone, and return the file's path.

    A test's source may say more about a company than it wants its other users to read. The file is
    made here and not by SQLite, because SQLite gives the write-ahead log the permissions of the
    file it finds.
    """
    folder = data_folder() if folder is None else folder
    path = folder / DATABASE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreFailed(
            f"cannot make {path}: {error.strerror or error}",
            hint=f"set {HOME_VARIABLE} to a folder that you may write to",
        ) from error
    return path
