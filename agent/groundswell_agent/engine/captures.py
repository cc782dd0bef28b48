"""Captures compiled to functions that find a value in a response, or MISSING."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from groundswell.scenario.json_path import compiled
from groundswell_agent.engine.response import MISSING
from groundswell_agent.engine.values import walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.scenario.json_path import JsonPath
    from groundswell.scenario.step_model import Capture
    from groundswell_agent.engine.response import Response

    Find = Callable[[Response], object]

# What a pattern gets to see of a body: one that backtracks holds the loop, and all VUs with it.
_SEARCHED = 1024 * 1024


def compile_capture(capture: Capture) -> Find:
    source = capture.source
    match capture.kind:
        case "json":
            assert capture.path is not None
            return find_json(capture.path)
        case "header":
            return find_header(source)
        case "cookie":
            return lambda response: _cookie(response, source)
        case "regex":
            return _by_pattern(source, capture.group)
        case "field":
            return lambda response: _field(response, source)


def reads_body(capture: Capture) -> bool:
    return capture.kind in ("json", "regex", "field")


def find_json(path: JsonPath) -> Find:
    """The value at a path; of several that a query finds, the first."""
    if path.steps is None:
        # 55 ms, for the few tests that need it.
        from jsonpath import JSONPathError

        query = compiled(path.text)

        def first(response: Response) -> object:
            # Given a text, the library would take it for JSON that is still to be parsed.
            document = response.document
            if type(document) not in (dict, list):
                return MISSING
            try:
                found = query.match(document)
            except (JSONPathError, RecursionError):
                return MISSING
            return MISSING if found is None else found.obj

        return first
    steps = path.steps
    if len(steps) == 1 and isinstance(steps[0], str):
        (key,) = steps

        def at_key(response: Response) -> object:
            try:
                return response.document[key]
            except (KeyError, TypeError):
                return MISSING

        return at_key
    return lambda response: walk(response.document, steps, MISSING)


def find_header(name: str) -> Find:
    """The first value of a header."""
    return lambda response: next(iter(response.headers(name)), MISSING)


def _cookie(response: Response, name: str) -> object:
    for line in response.headers("set-cookie"):
        own, equals, value = line.partition(";")[0].partition("=")
        if equals and own.strip() == name:
            return value.strip()
    return MISSING


def _by_pattern(pattern: str, group: int) -> Find:
    search = re.compile(pattern).search

    def find(response: Response) -> object:
        match = search(response.text, 0, _SEARCHED)
        if match is None:
            return MISSING
        found = match[group]
        return MISSING if found is None else found

    return find


def _field(response: Response, name: str) -> object:
    """The value of the first field of that name, as a browser would send it."""
    page = LexborHTMLParser(response.text[:_SEARCHED])
    for node in page.css("input, textarea, select, button"):
        if node.attributes.get("name") != name:
            continue
        if node.tag == "textarea":
            return node.text(deep=True).removeprefix("\n")
        if node.tag == "select":
            chosen = node.css_first("option[selected]") or node.css_first("option")
            if chosen is None:
                return MISSING
            value = chosen.attributes.get("value")
            return chosen.text(deep=True).strip() if value is None else value
        return node.attributes.get("value") or ""
    return MISSING
