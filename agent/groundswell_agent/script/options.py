"""What a request in Python may say, read and refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from groundswell.errors import InvalidUnit
from groundswell.scenario.check_values import STATUSES
from groundswell.scenario.nodes import Node, Scalar, Sequence
from groundswell.scenario.problems import Problems
from groundswell.scenario.requests import METHODS
from groundswell.scenario.suggest import did_you_mean
from groundswell.scenario.values import as_json_bytes, form_encoded
from groundswell.script.http import RequestOptions
from groundswell.units import parse_duration
from groundswell_agent.http.multipart import encoded
from groundswell_agent.http.request import InvalidRequest
from groundswell_agent.script.parts import fields_of

if TYPE_CHECKING:
    from fractions import Fraction

    Options = Mapping[str, Any]

BODIES = ("json", "form", "multipart", "body")
_OPTIONS = frozenset(RequestOptions.__annotations__)
_ALIASES = {"params": "query", "data": "form", "files": "multipart", "allow_redirects": "redirects"}
_EXPECTED = frozenset(range(200, 400))
# Headers whose value says more than itself.
_TELLING = frozenset({"connection"})


def refuse_unknown(method: str, options: Options) -> None:
    if method.lower() not in METHODS:
        raise InvalidRequest(f"there is no method {method!r}", hint=f"one of {', '.join(METHODS)}")
    for name in options:
        if name not in _OPTIONS:
            meant = _ALIASES.get(name)
            hint = f"write {meant}=" if meant else did_you_mean(name, _OPTIONS)
            raise TypeError(f"a request has no option {name!r}" + (f" ({hint})" if hint else ""))


def mapping_of(options: Options, name: str) -> Mapping[str, object]:
    given = options.get(name)
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(f"`{name}` is a mapping, not {type(given).__name__}")
    return cast("Mapping[str, object]", given)


def body_of(options: Options) -> tuple[bytes, str | None]:
    """The body, and its type where that is known."""
    given = [key for key in BODIES if key in options]
    if not given:
        return b"", None
    if len(given) > 1:
        raise InvalidRequest(f"a request has either `{given[0]}` or `{given[1]}`")
    value = options[given[0]]
    match given[0]:
        case "json":
            return as_json_bytes(value), "application/json"
        case "form":
            pairs = mapping_of(options, "form").items()
            return form_encoded(pairs).encode(), "application/x-www-form-urlencoded"
        case "multipart":
            return encoded(fields_of(mapping_of(options, "multipart")))
        case _:
            return (value.encode() if isinstance(value, str) else bytes(value)), None


def statuses_of(options: Options) -> frozenset[int]:
    expected = options.get("expect_status")
    if expected is None:
        return _EXPECTED
    problems = Problems("")
    statuses = STATUSES.read(_node(expected), "expect_status", problems)
    if statuses is None:
        raise InvalidRequest(
            f"{expected!r} is no status to expect", hint="200, '2xx', or a list of those"
        )
    return statuses


def _node(value: Any) -> Node:  # noqa: ANN401  # whatever a test says
    if isinstance(value, list | tuple | set | frozenset):
        return Sequence(1, 1, tuple(map(_node, cast("list[object]", value))))
    return Scalar(1, 1, str(value), True, str(value))


def timeout_of(options: Options, otherwise: Fraction) -> Fraction:
    timeout = options.get("timeout")
    if timeout is None:
        return otherwise
    try:
        text = timeout if isinstance(timeout, str) else f"{float(timeout):.9f}s"
        return parse_duration(text)
    except (InvalidUnit, ValueError, TypeError) as error:
        raise InvalidRequest(
            f"a timeout of {timeout!r} is none", hint="seconds, or a text such as '300ms'"
        ) from error


def shape_of(method: str, options: Options) -> tuple[object, ...] | None:
    """All of a request but its path and the values that it sends; None where that cannot be told, or
    the path is part of its name.
    """
    # What stands between the parts of a form with files is new in each, and in a header.
    if "name" not in options or "multipart" in options:
        return None
    shape: list[object] = [method]
    for name, value in options.items():
        if name in BODIES:
            shape.append(name)
        elif name in ("headers", "query", "tags"):
            if type(value) is not dict:
                return None
            given = cast("dict[object, object]", value)
            if name == "headers" and any(str(key).lower() in _TELLING for key in given):
                return None
            shape += (
                name,
                *(given.items() if name == "tags" else given if name == "headers" else ()),
            )
        else:
            shape += (name, tuple(cast("list[object]", value)) if type(value) is list else value)
    try:
        hash(made := tuple(shape))
    except TypeError:
        return None
    return made
