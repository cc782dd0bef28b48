"""What a value of a test file may look like: one description reads it and makes its JSON schema.

    DURATIONS = ListOf(DURATION, "[10s, 1m]")
    DURATIONS.read(node, "key", problems)   -> the values; or None, and `problems` says why
    DURATIONS.schema(definitions)           -> the JSON schema of the same thing

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

if TYPE_CHECKING:
    from collections.abc import Callable

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
        if node.unfilled:
            return None
        if node.late:
            problems.add(
                node,
                f"`{label}` must be known before the run, and {node.shown} is not",
                "{{ env.NAME }} is what works here",
            )
            return None
        return self._parse(node, label, problems)

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


def _all_or_none(values: list[T | None]) -> tuple[T, ...] | None:
    complete = tuple(value for value in values if value is not None)
    return complete if len(complete) == len(values) else None
