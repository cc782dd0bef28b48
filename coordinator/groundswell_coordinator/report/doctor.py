"""What the doctor looked at, as text: a line for each thing, with advice under what is not well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Literal

from rich.text import Text

from groundswell_coordinator.counted import counted
from groundswell_coordinator.report.lines import (
    BAD,
    DOUBTFUL,
    FAILED,
    GOOD,
    PASSED,
    QUIET,
    STRONG,
    WARNING,
    hanging,
)
from groundswell_coordinator.report.terminal import print_page

Status = Literal["ok", "warning", "error"]

_MARKS = {"ok": (PASSED, GOOD), "warning": (WARNING, DOUBTFUL), "error": (FAILED, BAD)}
_WIDTH = 11


@dataclass(frozen=True, slots=True)
class CheckLine:
    """`check` is what was looked at, in a word; what is not ok has a `code`."""

    check: str
    status: Status
    message: str
    code: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """A test on so many agents of this machine."""

    test: str
    agents: int
    checks: tuple[CheckLine, ...]

    def count(self, status: Status) -> int:
        return sum(check.status == status for check in self.checks)


def print_examination(examination: Examination, file: IO[str] | None = None) -> None:
    print_page(lambda width: _blocks(examination, width), file)


def _blocks(examination: Examination, width: int) -> list[list[Text]]:
    where = f"  on {counted(examination.agents, 'agent')} of this machine"
    title = Text.assemble("  ", (examination.test, STRONG), (where, QUIET))
    lines = [line for check in examination.checks for line in _check(check, width)]
    return [[title], lines, _sum(examination)]


def _check(check: CheckLine, width: int) -> list[Text]:
    mark, style = _MARKS[check.status]
    indent = " " * (2 + _WIDTH)
    # What stands before the text takes as much room as a mark in the margin.
    first, *rest = hanging(" ", "", check.message, width, indent)
    named = Text.assemble("  ", (mark, style), f" {check.check:<{_WIDTH - 1}}")
    lines = [Text.assemble(named, first.plain[len(indent) + 1 :]), *rest]
    if check.hint is not None:
        lines += [Text(line.plain, QUIET) for line in hanging("↳", "", check.hint, width, indent)]
    return lines


def _sum(examination: Examination) -> list[Text]:
    errors, warnings = examination.count("error"), examination.count("warning")
    found = [
        counted(count, noun) for count, noun in ((errors, "error"), (warnings, "warning")) if count
    ]
    if not found:
        return [Text("  Nothing is wrong.", GOOD)]
    end = "something will not work" if errors else "it will run"
    return [Text(f"  {', '.join(found)}: {end}.", BAD if errors else DOUBTFUL)]
