"""What is wrong with one file, gathered while it is read, so that all of it is told at once."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from groundswell.errors import InvalidTest, Problem


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
    """The problems found so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        # A dict keeps the order and drops repeats: an alias makes one mistake be read many times.
        self._found: dict[Problem, None] = {}

    def add(self, at: Located, message: str, hint: str | None = None) -> None:
        # Line 0 is no place of the file: the one value from elsewhere is the option's.
        file = self.file if at.line else "--target"
        self._found[Problem(file, at.line, at.column, message, hint)] = None

    def __len__(self) -> int:
        return len(self._found)

    def as_error(self) -> InvalidTest:
        """All of them, in file order."""
        return InvalidTest(sorted(self._found, key=lambda problem: (problem.line, problem.column)))
