"""The grammar between `{{` and `}}`.

    expression  value { "|" filter }
    value       name { "." field | "[" index "]" } | function "(" [ constant { "," constant } ] ")"
    filter      "json" | "urlencode" | "base64" | "default" "(" constant ")"
    constant    'text' | "text" | number | true | false | null

    parse_expression("user.names[0] | default('x')")

Nothing of a test is ever given to Python to evaluate.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from groundswell.scenario.expressions import Call, Expression, Filtered, Name
from groundswell.scenario.functions import check_call
from groundswell.scenario.suggest import did_you_mean
from groundswell.scenario.tokens import SyntaxRefusal, Tokens
from groundswell.scenario.values import DEFAULT, FILTERS

if TYPE_CHECKING:
    from groundswell.scenario.expressions import Constant

END = "}}"

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|}}")


def end_of_template(text: str, start: int) -> int | None:
    """Where the `}}` is that closes what opens at `start`; braces between quotes are text."""
    for match in _QUOTED.finditer(text, start + 2):
        if match[0] == END:
            return match.start()
    close = text.find(END, start + 2)
    return close if close >= 0 else None


def parse_expression(text: str) -> Expression:
    """What one template says; SyntaxRefusal where it says nothing."""
    tokens = Tokens(text)
    if tokens.at_end:
        raise SyntaxRefusal("is empty", "write a name, such as {{ token }}")
    expression = value_of(tokens)
    while tokens.take("|"):
        expression = _filter(tokens, expression)
    if not tokens.at_end:
        raise SyntaxRefusal(f"is not understood from {tokens.shown} on")
    return expression


def value_of(tokens: Tokens) -> Expression:
    """A name or a call."""
    name = tokens.take_name()
    if name is None:
        raise SyntaxRefusal(f"starts with {tokens.shown}, which is not a name")
    if tokens.take("("):
        return check_call(Call(name, _arguments(tokens)))
    path: list[str | int] = []
    while (step := _step(tokens)) is not None:
        path.append(step)
    return Name(name, tuple(path))


def _step(tokens: Tokens) -> str | int | None:
    if tokens.take("."):
        field = tokens.take_name()
        if field is None:
            raise SyntaxRefusal("has no name after a dot")
        return field
    if not tokens.take("["):
        return None
    index = tokens.take_constant()
    if isinstance(index, bool) or not isinstance(index, str | int) or not tokens.take("]"):
        raise SyntaxRefusal("has an index that is none", "write [0], or ['a name']")
    return index


def _arguments(tokens: Tokens) -> tuple[Constant, ...]:
    if tokens.take(")"):
        return ()
    arguments = [tokens.need_constant()]
    while tokens.take(","):
        arguments.append(tokens.need_constant())
    if not tokens.take(")"):
        raise SyntaxRefusal("has a `(` that is never closed")
    return tuple(arguments)


def _filter(tokens: Tokens, value: Expression) -> Expression:
    name = tokens.take_name()
    if name is None:
        raise SyntaxRefusal("has no filter after `|`", f"there are {_known()}")
    if name not in FILTERS and name != DEFAULT:
        raise SyntaxRefusal(
            f"has an unknown filter `{name}`", did_you_mean(name, (*FILTERS, DEFAULT))
        )
    arguments = _arguments(tokens) if tokens.take("(") else ()
    if len(arguments) != (name == DEFAULT):
        raise SyntaxRefusal(
            f"has a `{name}` with {len(arguments)} arguments", f"there are {_known()}"
        )
    return Filtered(value, name, *arguments)


def _known() -> str:
    return ", ".join((*FILTERS, f"{DEFAULT}('…')"))
