"""A console that outlives its reader: `run TEST | head` must still exit with the verdict's code."""

from __future__ import annotations

import os
from contextlib import suppress

from rich.console import Console


class Terminal(Console):
    """Falls silent when nobody reads any more."""

    def on_broken_pipe(self) -> None:
        """rich would end the process here."""
        self.quiet = True
        # Python would fail once more, and change the exit code, when it flushes the rest at the
        # end.
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.file.fileno())
            os.close(nowhere)
