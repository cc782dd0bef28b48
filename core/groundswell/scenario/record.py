"""The shape of a mapping with known keys, from which most of a test file is made.

STAGE = Record("a stage", {"duration": Key(DURATION, "How long it lasts."), …}, build)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from groundswell.scenario.nodes import Mapping as MappingNode
from groundswell.scenario.shape import Json, Shape, is_told
from groundswell.scenario.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from groundswell.scenario.nodes import Node, Scalar
    from groundswell.scenario.problems import Problems

T = TypeVar("T")


@dataclass(frozen=True)
class Key:
    """One key of a record: what it holds and what it is for. `default` is for readers of the
    schema.
    """

    shape: Shape[Any]
    doc: str
    required: bool = False
    default: str | int | bool | None = None


@dataclass
class Fields:
    """What was read of one record: the values that are right, and whether all of them are."""

    node: MappingNode
    problems: Problems
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    complete: bool = True
    # keys that a misspelt one seems to stand for: they are not missing as well
    meant: set[str] = field(default_factory=set[str])

    def given(self, key: str) -> bool:
        return key in self.meant or self.node.get(key) is not None

    def place(self, key: str) -> Node:
        """Where the value of a key stands; the record itself where the key is not given."""
        return self.node.get(key) or self.node

    def refuse(self, key: str, message: str, hint: str | None = None) -> None:
        self.problems.add(self.place(key), message, hint)
        self.complete = False


@dataclass(frozen=True)
class Record(Shape[T]):
    """A mapping with known keys. `build` gets the fields even if some are wrong, to check those
    that are right against each other; it returns None unless they are complete.
    """

    what: str
    keys: Mapping[str, Key]
    build: Callable[[Fields], T | None]
    extra: Json = field(default_factory=dict[str, Any])
    hint_for_unknown: Callable[[str], tuple[str, str] | None] = lambda _: None

    def read(self, node: Node, label: str, problems: Problems) -> T | None:
        if not isinstance(node, MappingNode):
            if not is_told(node):
                problems.add(node, f"`{label}` must be a mapping, not {node.shown}")
            return None
        fields = Fields(node, problems)
        for key, value in node.pairs:
            self._read_key(key, value, fields)
        for name, key_shape in self.keys.items():
            if key_shape.required and not fields.given(name):
                fields.complete = False
                problems.add(node, f"`{name}` is missing in {self.what}")
        return self.build(fields)

    def _read_key(self, key: Scalar, value: Node, fields: Fields) -> None:
        known = self.keys.get(key.text)
        if known is None:
            fields.complete = False
            fields.meant.add(nearest(key.text, self.keys) or "")
            fields.problems.add(key, *self._refuse(key.text))
            return
        read = known.shape.read(value, key.text, fields.problems)
        if read is None:
            fields.complete = False
        else:
            fields.values[key.text] = read

    def _refuse(self, key: str) -> tuple[str, str | None]:
        special = self.hint_for_unknown(key)
        return special or (f"unknown key `{key}` in {self.what}", did_you_mean(key, self.keys))

    def schema(self, definitions: Json) -> Json:
        properties = {name: _property(key, definitions) for name, key in self.keys.items()}
        required = [name for name, key in self.keys.items() if key.required]
        form: Json = {"type": "object", "properties": properties, "additionalProperties": False}
        return form | ({"required": required} if required else {}) | self.extra


def _property(key: Key, definitions: Json) -> Json:
    default = {} if key.default is None else {"default": key.default}
    return {"description": key.doc, **default, **key.shape.schema(definitions)}
