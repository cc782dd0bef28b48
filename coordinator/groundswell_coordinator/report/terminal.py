"""A console that outlives its reader: `run TEST | head` must still exit with the verdict's code."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from rich.console import Console

from groundswell_coordinator.report.lines import NARROWEST, is_ascii_only, page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.text import Text


def lead_nowhere(file: IO[str]) -> None:
    """Let what is still written to a file that takes nothing more go to no place at all.

    Python would fail once more, and change the exit code, when it flushes the rest at the end.
    """
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, file.fileno())
        os.close(nowhere)


class Terminal(Console):
    """Falls silent when nobody reads any more."""

    def on_broken_pipe(self) -> None:
        """rich would end the process here."""
        self.quiet = True
        lead_nowhere(self.file)


def print_page(blocks: Callable[[int], Iterable[list[Text]]], file: IO[str] | None = None) -> None:
    """Print to `file`, or stdout, what `blocks` makes of its width.

    With colour where it is a terminal and NO_COLOR is not set.
    """
    console = Terminal(file=file, highlight=False, markup=False, emoji=False)
    width = console.width if console.is_terminal else NARROWEST
    console.print(page(blocks(width), ascii_only=is_ascii_only(console)), soft_wrap=True)
