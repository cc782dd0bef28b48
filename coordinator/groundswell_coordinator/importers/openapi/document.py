"""An OpenAPI description, and what its references lead to. Nothing in it is trusted to have its shape."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

import yaml

from groundswell.errors import GroundswellError
from groundswell_coordinator.importers.reading import bytes_of, name_of

if TYPE_CHECKING:
    from typing import Self

    from groundswell_coordinator.importers.draft import Value

Object = dict[str, "Value"]

_MOST_BYTES = 64 * 1024 * 1024
_MOST_STEPS = 20


_SCALARS = (
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]{0,200})", "-+0123456789"),
    ("float", r"[-+]?(?:0|[1-9][0-9]{0,200})(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,3})?", "-+0123456789"),
)


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """By the character that a scalar starts with: its tag, if it has the form."""
    resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for tag, form, firsts in _SCALARS:
        for first in firsts:
            found = (f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{form})$"))
            resolvers.setdefault(first, []).append(found)
    return resolvers


class _Loader(yaml.CSafeLoader):
    """YAML 1.2's core schema: no dates, `no` is text."""

    yaml_implicit_resolvers = _resolvers()


@dataclass
class Document:
    """`unresolved` are references that lead nowhere."""

    root: Object
    unresolved: dict[str, None] = field(default_factory=dict[str, None])

    @classmethod
    def read(cls, path: str) -> Self:
        """Raises GroundswellError for what is no OpenAPI 3 description."""
        root = _parsed(path)
        if not isinstance(root, dict) or not ("openapi" in root or "swagger" in root):
            raise GroundswellError(
                f"{name_of(path)} is no OpenAPI description", hint="it begins with openapi: 3.1.0"
            )
        document = cls(root)
        version = str(document.root.get("openapi", ""))
        if not version.startswith("3."):
            said = version or f"Swagger {document.root.get('swagger')}"
            raise GroundswellError(
                f"{name_of(path)} is {said[:40]}: 3.0 and 3.1 are read",
                hint="converters from Swagger 2 to OpenAPI 3 exist for every platform",
            )
        return document

    def resolved(self, value: Value) -> Object:
        """The object that a value is or refers to; empty where it is none."""
        for _ in range(_MOST_STEPS):
            if not isinstance(value, dict):
                return {}
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            value = self._at(reference)
        return {}

    def objects(self, value: Value) -> list[Object]:
        """Those in a list."""
        return [self.resolved(each) for each in value] if isinstance(value, list) else []

    def _at(self, reference: str) -> Value:
        value: Value = self.root
        if not reference.startswith("#/"):
            self.unresolved[reference[:100]] = None
            return None
        for name in reference[2:].split("/"):
            key = unquote(name).replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict):
                value = value.get(key)
            elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
                value = value[int(key)]
            else:
                value = None
        if value is None:
            self.unresolved[reference[:100]] = None
        return value


def texts(value: Value) -> list[str]:
    """The texts in a list."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _plain(value: object, known: dict[int, Value]) -> Value:
    """As JSON would have it: `200:` is a number for YAML, and no text. Aliases may go in circles."""
    place = id(value)
    if place in known:
        return known[place]
    if isinstance(value, dict):
        made: Object = {}
        known[place] = made
        for key, each in cast("dict[object, object]", value).items():
            made[str(key)] = _plain(each, known)
        return made
    if isinstance(value, list):
        items: list[Value] = []
        known[place] = items
        items += [_plain(each, known) for each in cast("list[object]", value)]
        return items
    return value if isinstance(value, str | int | float | None) else str(value)


def _parsed(path: str) -> Value:
    data = bytes_of(path, _MOST_BYTES)
    try:
        text = data.decode("utf-8-sig")
        is_json = text.lstrip().startswith("{")
        # Kept alive: what is known is known by its place in memory.
        value: object = json.loads(text) if is_json else yaml.load(text, _Loader)
        return _plain(value, {})
    except UnicodeDecodeError as error:
        raise GroundswellError(f"{name_of(path)} is not UTF-8 text") from error
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200] or "it is nested too deeply"
        raise GroundswellError(f"{name_of(path)} is neither JSON nor YAML: {reason}") from error
