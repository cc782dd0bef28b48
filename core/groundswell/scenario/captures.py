"""What a request takes out of its response: the `capture` of a request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from groundswell.scenario.expectations import checked_pattern
from groundswell.scenario.expressions import BUILTIN_NAMES, ENV, FAKE, SECRET, SETUP
from groundswell.scenario.json_path import JsonPath, checked_json_path
from groundswell.scenario.maps import HEADER_NAME
from groundswell.scenario.nodes import Mapping, Node, Scalar
from groundswell.scenario.record import Fields, Key, Record
from groundswell.scenario.scalars import WORD, refuse_comment, whole
from groundswell.scenario.shape import Json, Leaf, MapOf, Refusal, Shape
from groundswell.scenario.step_model import Capture

if TYPE_CHECKING:
    from groundswell.scenario.problems import Problems

CAPTURE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Words of templates and conditions, and names that are there already.
RESERVED_NAMES = frozenset(
    (
        ENV,
        SECRET,
        SETUP,
        FAKE,
        *BUILTIN_NAMES,
        "true",
        "false",
        "null",
        "and",
        "or",
        "not",
        "contains",
    )
)
_KINDS = ("json", "header", "cookie", "regex", "field")


def _json_path(scalar: Scalar) -> JsonPath:
    refuse_comment(scalar)
    return checked_json_path(scalar.text, scalar.shown)


def _pattern(scalar: Scalar) -> str:
    return checked_pattern(scalar.text)


def _header(scalar: Scalar) -> str:
    if not HEADER_NAME.fullmatch(scalar.text):
        raise Refusal(f"{scalar.shown} is not the name of a header", "such as X-Session")
    return scalar.text.lower()


_JSON_PATH = Leaf("a path such as $.token", _json_path, {"type": "string", "pattern": r"^\$"})
_PATTERN = Leaf("a regular expression", _pattern, {"type": "string"})
_HEADER = Leaf(
    "the name of a header", _header, {"type": "string", "pattern": f"^{HEADER_NAME.pattern}$"}
)


# Any single value, in a tuple: no shape reads to None, and null is one.
_CONSTANT: Leaf[tuple[object]] = Leaf(
    "text, a number, true, false or null",
    lambda scalar: (scalar.text if scalar.templated else scalar.value,),
    {"type": ["string", "number", "boolean", "null"]},
)


def _build(fields: Fields) -> dict[str, Any] | None:
    kinds = [key for key in _KINDS if fields.given(key)]
    if not kinds and fields.complete:
        hint = f"one of {', '.join(_KINDS)}, or a path such as $.token"
        fields.problems.add(fields.node, "a capture says where the value is", hint)
        return None
    if len(kinds) > 1:
        fields.refuse(kinds[1], f"one capture has `{kinds[0]}` and `{kinds[1]}`", "make two of it")
    if "group" in fields.values:
        _check_group(fields)
    if not fields.complete:
        return None
    values, kind = fields.values, kinds[0]
    captured: dict[str, Any] = {"kind": kind, "source": values[kind]}
    if kind == "json":
        captured |= {"source": values[kind].text, "path": values[kind]}
    if kind == "regex":
        captured["group"] = values.get("group", min(re.compile(values[kind]).groups, 1))
    if "default" in values:
        captured |= {"has_default": True, "default": values["default"][0]}
    return captured


def _check_group(fields: Fields) -> None:
    pattern = fields.values.get("regex")
    if not fields.given("regex"):
        fields.refuse("group", "`group` goes with `regex` only")
    elif pattern is not None and fields.values["group"] > re.compile(pattern).groups:
        count = re.compile(pattern).groups
        fields.refuse("group", f"the pattern has no group {fields.values['group']}, it has {count}")


_LONG = Record(
    "a capture",
    {
        "json": Key(_JSON_PATH, "A path into the JSON of the body, such as $.items[0].id."),
        "header": Key(_HEADER, "The name of a header of the response."),
        "cookie": Key(WORD, "The name of a cookie that the response sets."),
        "regex": Key(_PATTERN, "A regular expression over the body."),
        "field": Key(WORD, "The name of a form's field in an HTML page; its value is captured."),
        "group": Key(whole(0, 99), "Which group of `regex` it is; 0 is all of it.", default=1),
        "default": Key(_CONSTANT, "What it is where nothing is found."),
    },
    _build,
    extra={
        "oneOf": [{"required": [kind]} for kind in _KINDS],
        "dependentRequired": {"group": ["regex"]},
    },
)


class _CaptureShape(Shape[Capture]):
    """`$.token`, or a mapping that says where else the value is."""

    def read(self, node: Node, label: str, problems: Problems) -> Capture | None:
        if isinstance(node, Mapping):
            read = _LONG.read(node, label, problems)
            return None if read is None else Capture(name=label, **read)
        path = _JSON_PATH.read(node, label, problems)
        if path is None:
            return None
        return Capture(name=label, kind="json", source=path.text, path=path)

    def schema(self, definitions: Json) -> Json:
        short, long = _JSON_PATH.schema(definitions), _LONG.schema(definitions)
        definitions["capture"] = {"if": {"type": "object"}, "then": long, "else": short}
        return {"$ref": "#/$defs/capture"}


def _refuse_name(name: str) -> Refusal | None:
    if name in RESERVED_NAMES:
        return Refusal(f"`{name}` has a meaning of its own", "choose another name")
    if not CAPTURE_NAME.fullmatch(name):
        return Refusal(
            f"`{name}` cannot be the name of a capture", "letters, digits and _, no digit first"
        )
    return None


CAPTURES = MapOf(
    _CaptureShape(),
    "{token: $.token}",
    _refuse_name,
    {"pattern": f"^{CAPTURE_NAME.pattern}$", "not": {"enum": sorted(RESERVED_NAMES)}},
    may_be_empty=False,
)
