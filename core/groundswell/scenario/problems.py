"""What is wrong with one test, gathered while it is read, so that all of it is told at once; and which
files it names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from groundswell.errors import InvalidTest, Problem
from groundswell.files.named import NamedFiles

if TYPE_CHECKING:
    from collections.abc import Sequence


class Located(Protocol):
    """Anything that stands somewhere in the file."""

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


class Place(NamedTuple):
    line: int
    column: int


class Problems:
    """The problems found so far.

    `included` are the files that follow the test's own in its bundle, by their first lines there;
    `files` notes those that are named beside.
    """

    def __init__(
        self,
        file: str,
        included: Sequence[tuple[int, str]] = (),
        files: NamedFiles | None = None,
    ) -> None:
        self.file = file
        self.files = files or NamedFiles()
        self._included = sorted(included, reverse=True)
        # A dict keeps the order and drops repeats: an alias makes one mistake be read many times.
        self._found: dict[Problem, Place] = {}

    def add(self, at: Located, message: str, hint: str | None = None) -> None:
        file, line = self._place(at.line)
        self._found[Problem(file, line, at.column, message, hint)] = Place(at.line, at.column)

    def add_of_option(self, option: str, message: str, hint: str | None = None) -> None:
        """What is wrong with an option of the command and not with a place in a file."""
        self._found[Problem(option, 0, 0, message, hint)] = Place(0, 0)

    def line_of(self, at: Located) -> int:
        """The line as people count it, in the file that it is in."""
        return self._place(at.line)[1]

    def _place(self, line: int) -> tuple[str, int]:
        # Line 0 is no place of the file: the one value from elsewhere is the option's.
        if not line:
            return "--target", 0
        for first, name in self._included:
            if line >= first:
                return name, line - first + 1
        return self.file, line

    def __len__(self) -> int:
        return len(self._found)

    def as_error(self) -> InvalidTest:
        """All of them, in file order, those of included files last."""
        return InvalidTest(sorted(self._found, key=lambda problem: self._found[problem]))
