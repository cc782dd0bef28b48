"""Paths into JSON: `$.a.b[0]` is walked step by step, all else is RFC 9535 and its library's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from groundswell.scenario.shape import Refusal

if TYPE_CHECKING:
    from jsonpath import JSONPath

_STEP = re.compile(
    r"\.([A-Za-z_][A-Za-z0-9_]*)|\[([0-9]{1,9})\]|\['([^'\\]*)'\]|\[\"([^\"\\]*)\"\]"
)
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class JsonPath:
    """`steps` are the keys and indices of a plain path; None where it takes more than those."""

    text: str
    steps: tuple[str | int, ...] | None


class NoJsonPath(ValueError):
    """A text that is no path; says why."""


def parse_json_path(text: str) -> JsonPath:
    if not text.startswith("$"):
        raise NoJsonPath("it starts with no $")
    if len(text) > _MOST:
        raise NoJsonPath(f"it is longer than {_MOST} characters")
    steps: list[str | int] = []
    place = 1
    while match := _STEP.match(text, place):
        name = next((group for group in (match[1], match[3], match[4]) if group is not None), None)
        steps.append(int(match[2]) if name is None else name)
        place = match.end()
    if place == len(text):
        return JsonPath(text, tuple(steps))
    compiled(text)
    return JsonPath(text, None)


def checked_json_path(text: str, shown: str) -> JsonPath:
    """The path that a test gives; Refusal where it is none."""
    try:
        return parse_json_path(text)
    except NoJsonPath as error:
        message = f"{shown} is not a path into JSON: {error}"
        raise Refusal(message, "such as $.items[0].id") from None


@lru_cache(maxsize=1024)
def compiled(text: str) -> JSONPath:
    """The whole of RFC 9535; NoJsonPath where it is none of its paths."""
    # 55 ms, for the few tests that need it.
    from jsonpath import CompoundJSONPath, JSONPathEnvironment, JSONPathError

    try:
        path = JSONPathEnvironment(strict=True).compile(text)
    except (JSONPathError, ValueError, OverflowError, RecursionError) as error:
        raise NoJsonPath(str(error).partition("\n")[0]) from None
    if isinstance(path, CompoundJSONPath):
        raise NoJsonPath("it is more than one path")
    return path
