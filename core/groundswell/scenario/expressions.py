"""What stands between `{{` and `}}`, as data: parsed here never, evaluated here only where all of it
is known before the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.scenario.values import FILTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

Constant = None | bool | int | float | str

ENV, SECRET = "env", "secret"
# What setup has found, for all iterations and teardown.
SETUP = "setup"
# Made-up data.
FAKE = "fake"
# What every iteration knows by itself.
BUILTIN_NAMES = ("vu", "iteration", "scenario")


@dataclass(frozen=True, slots=True)
class Name:
    """A value by its name, and perhaps a way into it: `user.addresses[0]`."""

    root: str
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """`random(1, 6)`: its arguments are checked."""

    function: str
    arguments: tuple[Constant, ...] = ()


@dataclass(frozen=True, slots=True)
class Filtered:
    """`value | json`, or with the argument of `default('x')`."""

    value: Expression
    filter: str
    argument: Constant = None


@dataclass(frozen=True, slots=True)
class Template:
    """Text with expressions in it. `optional`: one of defaults, nothing while a name of it is null."""

    parts: tuple[str | Expression, ...]
    optional: bool = False

    @property
    def only(self) -> Expression | None:
        """The expression that is all of it: then the value keeps its type."""
        part = self.parts[0]
        return part if len(self.parts) == 1 and not isinstance(part, str) else None


Expression = Name | Call | Filtered | Template

# What a test may write in many places: constant, or made anew in each iteration.
Text = str | Template


def names_in(expression: Expression) -> Iterator[Name]:
    """All names that an expression asks for."""
    match expression:
        case Name():
            yield expression
        case Filtered():
            yield from names_in(expression.value)
        case Template():
            for part in expression.parts:
                if not isinstance(part, str):
                    yield from names_in(part)
        case Call():
            pass


def folded(expression: Name | Filtered, value: str | None) -> object:
    """The value of an expression on one variable, which is `value`; None where that is not set."""
    if isinstance(expression, Name):
        return value
    assert isinstance(expression.value, Name | Filtered)
    inner = folded(expression.value, value)
    if expression.filter not in FILTERS:
        return expression.argument if inner is None else inner
    return None if inner is None else FILTERS[expression.filter](inner)
