"""Templates compiled to functions that give text, each value made fit for the place it goes to.

A value may hold anything, and a header or a path may not: a line end in one would make two requests
of one. So whatever is not plainly harmless goes through a function that escapes or refuses it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from groundswell.scenario.expressions import Name, Template
from groundswell.scenario.values import as_text
from groundswell_agent.engine.values import compile_value, is_captured, is_constant
from groundswell_agent.http.request import (
    CONTROLS,
    TARGET_KEEPS,
    InvalidRequest,
    check_header_value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from groundswell.scenario.expressions import Expression
    from groundswell_agent.engine.values import Names, Value
    from groundswell_agent.engine.virtual_user import VirtualUser

    TextOf = Callable[[VirtualUser], str]
    Fit = Callable[[object], str]

_plain = re.compile(rf"[A-Za-z0-9{re.escape(TARGET_KEEPS)}]*").fullmatch


def fit_path(value: object) -> str:
    """A piece of a path: reserved characters keep their meaning, blanks and the like are escaped."""
    if type(value) is str and _plain(value):
        return value
    text = as_text(value)
    if CONTROLS.search(text):
        raise InvalidRequest("a value for the path holds a line end or a control character")
    return quote(text, safe=TARGET_KEEPS, errors="replace")


def fit_header(value: object) -> str:
    text = value if type(value) is str else as_text(value)
    if text.isascii() and text.isprintable():
        return text
    try:
        return check_header_value("", text)
    except InvalidRequest:
        # Its own message would quote the value, which may be a secret.
        raise InvalidRequest("a value for a header holds what no header may") from None


def compile_pieces(
    template: Template, names: Names, fit: Fit, fit_constant: Fit | None = None
) -> list[str | TextOf]:
    """The parts of a template in order; those that are the same in every iteration are text."""
    pieces: list[str | TextOf] = []
    for part in template.parts:
        if isinstance(part, str):
            pieces.append(part)
            continue
        value = compile_value(part, names)
        if is_constant(part):
            pieces.append((fit_constant or fit)(value(None)))  # type: ignore[arg-type]  # a constant asks no VU
        else:
            pieces.append(_fitted(part, value, names, fit))
    return pieces


def _fitted(expression: Expression, value: Value, names: Names, fit: Fit) -> TextOf:
    """The most frequent kinds without a call that they can do without."""
    match expression:
        case Name("iteration"):
            return lambda vu: str(vu.iterations)
        case Name("vu"):
            return lambda vu: str(vu.number)
        case Name(root, ()) if is_captured(root, names):
            return lambda vu: fit(vu.variables.get(root))
        case _:
            return lambda vu: fit(value(vu))


def compile_text(template: Template, names: Names, fit: Fit = as_text) -> TextOf:
    return join_pieces(compile_pieces(template, names, fit))


def compile_typed(template: Template, names: Names) -> Value:
    """The value of a template of one expression, with its type; of any other, its text."""
    only = template.only
    return compile_text(template, names) if only is None else compile_value(only, names)


def escaped(template: Template, fit: Fit) -> Template:
    """With what stands between its expressions made fit, as their values will be."""
    return Template(tuple(fit(part) if isinstance(part, str) else part for part in template.parts))


def join_pieces(pieces: Sequence[str | TextOf]) -> TextOf:
    """One function for all, made for the numbers of functions that requests mostly have."""
    texts, functions = alternating(pieces)
    if not functions:
        constant = texts[0]
        return lambda vu: constant
    if len(functions) == 1:
        before, after = texts
        one = functions[0]
        return lambda vu: before + one(vu) + after
    if len(functions) == 2:
        before, between, after = texts
        one, two = functions
        return lambda vu: f"{before}{one(vu)}{between}{two(vu)}{after}"
    if len(functions) == 3:
        before, between, then, after = texts
        one, two, three = functions
        return lambda vu: f"{before}{one(vu)}{between}{two(vu)}{then}{three(vu)}{after}"
    return _joined(texts, functions)


def _joined(texts: list[str], functions: list[TextOf]) -> TextOf:
    last = texts[-1]
    pairs = tuple(zip(texts[:-1], functions, strict=True))
    return lambda vu: "".join([text + function(vu) for text, function in pairs]) + last


def alternating(pieces: Sequence[str | TextOf]) -> tuple[list[str], list[TextOf]]:
    """Texts and functions in turn: one text more, some of them empty."""
    texts, functions = [""], list["TextOf"]()
    for piece in pieces:
        if isinstance(piece, str):
            texts[-1] += piece
        else:
            functions.append(piece)
            texts.append("")
    return texts, functions
