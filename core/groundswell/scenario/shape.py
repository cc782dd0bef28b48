"""What a value of a test file may look like: one description reads it and makes its JSON schema.

    STAGE = Record("a stage", {"duration": Key(DURATION, "How long it lasts."), …}, build)
    STAGE.read(node, "stages", problems)    -> what was built; or None, and `problems` says why
    STAGE.schema(definitions)               -> the JSON schema of the same thing

A shape reads as far as it can: it notes every problem instead of raising the first, so that a
writer sees them all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from groundswell.errors import InvalidUnit
from groundswell.scenario.nodes import Mapping as MappingNode
from groundswell.scenario.nodes import Node, Scalar, Sequence
from groundswell.scenario.suggest import did_you_mean, is_not_supported, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from groundswell.scenario.problems import Problems

T = TypeVar("T")

Json = dict[str, Any]


class Refusal(Exception):
    """Says no to one value: "`pause` " + message."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Shape(ABC, Generic[T]):
    """The form of one value. None from `read` means that a problem has been noted; no shape reads
    to None.
    """

    @abstractmethod
    def read(self, node: Node, label: str, problems: Problems) -> T | None: ...

    @abstractmethod
    def schema(self, definitions: Json) -> Json:
        """The JSON schema; what is used in many places is put into `definitions` once."""


@dataclass(frozen=True)
class Leaf(Shape[T]):
    """A scalar. `parse` returns None where it is not `expected`, or raises what says more."""

    expected: str
    parse: Callable[[Scalar], T | None]
    form: Json
    define: str | None = None

    def read(self, node: Node, label: str, problems: Problems) -> T | None:
        if not isinstance(node, Scalar):
            problems.add(node, f"`{label}` must be {self.expected}, not {node.shown}")
            return None
        return None if node.unfilled else self._parse(node, label, problems)

    def _parse(self, node: Scalar, label: str, problems: Problems) -> T | None:
        try:
            value = self.parse(node)
        except InvalidUnit as error:
            self._refuse(node, label, problems, f"`{label}`: {error.message}", error.hint)
        except Refusal as error:
            self._refuse(node, label, problems, f"`{label}` {error.message}", error.hint)
        else:
            if value is not None:
                return value
            message = f"`{label}` must be {self.expected}, not {node.shown}"
            self._refuse(node, label, problems, message, None)
        return None

    def _refuse(
        self, node: Scalar, label: str, problems: Problems, message: str, hint: str | None
    ) -> None:
        if node.templated:
            # The message would quote what the environment holds.
            message = f"`{label}` must be {self.expected} once {node.shown} is filled in"
            hint = None
        problems.add(node, message, hint)

    def schema(self, definitions: Json) -> Json:
        form = (
            self.form if self.form == {"type": "string"} else with_template(self.form, definitions)
        )
        if self.define is None:
            return form
        definitions[self.define] = form
        return {"$ref": f"#/$defs/{self.define}"}


@dataclass(frozen=True)
class ListOf(Shape[tuple[T, ...]]):
    """A list that is not empty."""

    item: Shape[T]
    example: str

    def read(self, node: Node, label: str, problems: Problems) -> tuple[T, ...] | None:
        if is_told(node):
            return None
        if not isinstance(node, Sequence):
            problems.add(
                node, f"`{label}` must be a list, not {node.shown}", f"such as {self.example}"
            )
            return None
        if not node.items:
            problems.add(node, f"`{label}` is empty", f"such as {self.example}")
            return None
        values = [self.item.read(each, label, problems) for each in node.items]
        return _all_or_none(values)

    def schema(self, definitions: Json) -> Json:
        return {"type": "array", "minItems": 1, "items": self.item.schema(definitions)}


@dataclass(frozen=True)
class OneOrMore(Shape[tuple[T, ...]]):
    """One value, or a list of them."""

    item: Shape[T]
    example: str

    def read(self, node: Node, label: str, problems: Problems) -> tuple[T, ...] | None:
        if isinstance(node, Sequence):
            return ListOf(self.item, self.example).read(node, label, problems)
        value = self.item.read(node, label, problems)
        return None if value is None else (value,)

    def schema(self, definitions: Json) -> Json:
        one = self.item.schema(definitions)
        return {"anyOf": [one, {"type": "array", "minItems": 1, "items": one}]}


@dataclass(frozen=True)
class MapOf(Shape[dict[str, T]]):
    """A mapping with keys of the writer's choice; `refuse_key` says what is wrong with one."""

    value: Shape[T]
    example: str
    refuse_key: Callable[[str], Refusal | None] = lambda _: None
    key_form: Json = field(default_factory=dict[str, Any])
    may_be_empty: bool = True

    def read(self, node: Node, label: str, problems: Problems) -> dict[str, T] | None:
        if is_told(node):
            return None
        if not isinstance(node, MappingNode):
            problems.add(
                node, f"`{label}` must be a mapping, not {node.shown}", f"such as {self.example}"
            )
            return None
        if not node.pairs and not self.may_be_empty:
            problems.add(node, f"`{label}` is empty", f"such as {self.example}")
            return None
        values: dict[str, T | None] = {}
        for key, value in node.pairs:
            refusal = self.refuse_key(key.text)
            if refusal:
                problems.add(key, refusal.message, refusal.hint)
            read = self.value.read(value, key.text, problems)
            values[key.text] = None if refusal else read
        complete = {key: value for key, value in values.items() if value is not None}
        return complete if len(complete) == len(values) else None

    def schema(self, definitions: Json) -> Json:
        form: Json = {"type": "object", "additionalProperties": self.value.schema(definitions)}
        if self.key_form:
            form["propertyNames"] = self.key_form
        if not self.may_be_empty:
            form["minProperties"] = 1
        return form


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
        if is_not_supported(self.what, key):
            return f"`{key}` is not supported yet", None
        special = self.hint_for_unknown(key)
        return special or (f"unknown key `{key}` in {self.what}", did_you_mean(key, self.keys))

    def schema(self, definitions: Json) -> Json:
        properties = {name: _property(key, definitions) for name, key in self.keys.items()}
        required = [name for name, key in self.keys.items() if key.required]
        form: Json = {"type": "object", "properties": properties, "additionalProperties": False}
        return form | ({"required": required} if required else {}) | self.extra


def is_told(node: Node) -> bool:
    """Whether what is wrong with the value has been said already."""
    return isinstance(node, Scalar) and node.unfilled


def with_template(form: Json, definitions: Json) -> Json:
    """The form, or a text that the environment makes into it."""
    definitions["template"] = {
        "type": "string",
        "pattern": r"\{\{",
        "description": "A text with a template: {{ env.NAME }} or {{ env.NAME | default('…') }}.",
    }
    return {"anyOf": [form, {"$ref": "#/$defs/template"}]}


def _property(key: Key, definitions: Json) -> Json:
    default = {} if key.default is None else {"default": key.default}
    return {"description": key.doc, **default, **key.shape.schema(definitions)}


def _all_or_none(values: list[T | None]) -> tuple[T, ...] | None:
    complete = tuple(value for value in values if value is not None)
    return complete if len(complete) == len(values) else None
