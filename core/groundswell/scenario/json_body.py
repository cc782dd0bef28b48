"""The `json` of a request: any YAML value, as the bytes that are sent."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from groundswell.scenario.nodes import Mapping, Node, Scalar, Sequence
from groundswell.scenario.scalars import refuse_comment
from groundswell.scenario.shape import Json, Refusal, Shape

if TYPE_CHECKING:
    from groundswell.scenario.problems import Problems


class JsonBody(Shape[bytes]):
    """Reads to compact JSON in UTF-8."""

    def read(self, node: Node, label: str, problems: Problems) -> bytes | None:
        before = len(problems)
        value = _value(node, label, problems)
        if len(problems) > before:
            return None
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()

    def schema(self, definitions: Json) -> Json:
        return {}


def _value(node: Node, label: str, problems: Problems) -> object:
    match node:
        case Mapping():
            return {key.text: _value(value, key.text, problems) for key, value in node.pairs}
        case Sequence():
            return [_value(item, label, problems) for item in node.items]
        case Scalar():
            try:
                return _scalar(node)
            except Refusal as refusal:
                problems.add(node, f"`{label}` {refusal.message}", refusal.hint)
                return None


def _scalar(scalar: Scalar) -> object:
    refuse_comment(scalar)
    # What the environment fills in is text, whatever it looks like: a version "1.10" is no number.
    value = scalar.text if scalar.templated else scalar.value
    if isinstance(value, float) and not math.isfinite(value):
        raise Refusal(f"is {scalar.shown}, which JSON has no number for", "quote it to send text")
    return value


JSON_BODY = JsonBody()
