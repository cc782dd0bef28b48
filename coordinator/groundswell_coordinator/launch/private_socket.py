"""Where a coordinator listens that is one client's own: a socket in a folder that only this user may enter.

A port on loopback would be every user's of the machine, and whoever reaches it may do everything.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

LOOPBACK = "127.0.0.1:0"
# What the kernel has room for, with the zero at its end.
_LONGEST_PATH = 107


@contextmanager
def private_address() -> Generator[str]:
    """For `Coordinator.start`; loopback where there is no folder to be had, or only one with too long a path."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="groundswell-", dir=_for_sockets()))
    except OSError:
        yield LOOPBACK
        return
    try:
        path = folder / "coordinator"
        yield f"unix:{path}" if len(os.fsencode(path)) <= _LONGEST_PATH else LOOPBACK
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _for_sockets() -> str | None:
    """The user's own folder for such things, which goes with the session; None is the temporary one."""
    own = os.environ.get("XDG_RUNTIME_DIR", "")
    return own if os.access(own, os.W_OK | os.X_OK) else None
