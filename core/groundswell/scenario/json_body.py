"""The `json` of a request: any YAML value, as the bytes that are sent."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from groundswell.scenario.expressions import Template
from groundswell.scenario.nodes import Mapping, Node, Scalar, Sequence
from groundswell.scenario.scalars import refuse_comment
from groundswell.scenario.shape import Json, Refusal, Shape
from groundswell.scenario.step_model import JsonBody
from groundswell.scenario.templated import joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell.scenario.problems import Problems


class JsonBodyShape(Shape[bytes | JsonBody]):
    """Reads to compact JSON in UTF-8; with holes in it where templates stand."""

    def read(self, node: Node, label: str, problems: Problems) -> bytes | JsonBody | None:
        before = len(problems)
        pieces = list(_pieces(node, label, problems))
        if len(problems) > before:
            return None
        body = tuple(_joined(pieces))
        if len(body) == 1 and isinstance(body[0], bytes):
            return body[0]
        return JsonBody(body)

    def schema(self, definitions: Json) -> Json:
        return {}


def _pieces(node: Node, label: str, problems: Problems) -> Iterator[str | Template]:
    match node:
        case Mapping():
            opening = "{"
            for key, value in node.pairs:
                yield f"{opening}{_text(key.text)}:"
                yield from _pieces(value, key.text, problems)
                opening = ","
            yield "}" if node.pairs else "{}"
        case Sequence():
            opening = "["
            for item in node.items:
                yield opening
                yield from _pieces(item, label, problems)
                opening = ","
            yield "]" if node.items else "[]"
        case Scalar():
            try:
                yield _scalar(node)
            except Refusal as refusal:
                problems.add(node, f"`{label}` {refusal.message}", refusal.hint)


def _scalar(scalar: Scalar) -> str | Template:
    refuse_comment(scalar)
    if scalar.late:
        return Template(tuple(joined(scalar.parts)))
    # What the environment fills in is text, whatever it looks like: a version "1.10" is no number.
    value = scalar.text if scalar.templated else scalar.value
    if isinstance(value, float) and not math.isfinite(value):
        raise Refusal(f"is {scalar.shown}, which JSON has no number for", "quote it to send text")
    return _text(value)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _joined(pieces: list[str | Template]) -> Iterator[bytes | Template]:
    """Text beside text made one, and bytes."""
    text: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            text.append(piece)
            continue
        if text:
            yield "".join(text).encode()
        yield piece
        text = []
    if text:
        yield "".join(text).encode()


JSON_BODY = JsonBodyShape()
