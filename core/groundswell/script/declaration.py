"""What a test in Python declares, as the tree that a YAML text is parsed into: the same shapes read
it, and every problem is told by its line in the Python file.

It travels as a part of the test's text, in JSON: [kind, line, column, …] for each value.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from groundswell.errors import InvalidTest, Problem
from groundswell.scenario.nodes import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from groundswell.scenario.bundle import Bundle

# The part's path in the bundle: no file has it.
DECLARATION = "<declared>"

_SCALAR, _SEQUENCE, _MAPPING = "value", "list", "mapping"


def declaration_of(bundle: Bundle) -> bytes | None:
    """None for a test that is no Python."""
    part = bundle.parts.get(DECLARATION)
    return None if part is None else part.text


def as_json(root: Node) -> bytes:
    return json.dumps(_packed(root), ensure_ascii=False).encode()


def from_json(text: bytes, name: str) -> Node:
    """InvalidTest for what no client of ours has written."""
    try:
        return _unpacked(json.loads(text))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        problem = Problem(name, 0, 0, "what the test declares cannot be read", "send it again")
        raise InvalidTest([problem]) from None


def _packed(node: Node) -> list[Any]:
    match node:
        case Scalar():
            return [_SCALAR, node.line, node.column, node.text, node.plain]
        case Sequence():
            return [_SEQUENCE, node.line, node.column, [_packed(item) for item in node.items]]
        case Mapping():
            pairs = [[_packed(key), _packed(value)] for key, value in node.pairs]
            return [_MAPPING, node.line, node.column, pairs]


def _unpacked(packed: Any) -> Node:  # noqa: ANN401  # JSON may be anything
    kind, line, column, *rest = packed
    line, column = int(line), int(column)
    if kind == _SCALAR:
        text, plain = rest
        return Scalar(line, column, str(text), bool(plain), str(text))
    (inner,) = rest
    if kind == _SEQUENCE:
        return Sequence(line, column, tuple(_unpacked(item) for item in inner))
    if kind != _MAPPING:
        raise ValueError(kind)
    return Mapping(line, column, tuple((_key(key), _unpacked(value)) for key, value in inner))


def _key(packed: Any) -> Scalar:  # noqa: ANN401  # whatever JSON is
    key = _unpacked(packed)
    if not isinstance(key, Scalar):
        raise TypeError(key)
    return key
