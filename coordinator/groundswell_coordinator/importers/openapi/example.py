"""A value for a parameter or a body: an example that the description gives, else one made of its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell_coordinator.importers.draft import Value
    from groundswell_coordinator.importers.openapi.document import Document, Object

_DEEPEST = 6
# What is optional goes into a body as well, but not without end.
_DEEPEST_OPTIONAL = 3
_MOST_PROPERTIES = 50
_LONGEST = 200

# The schemas around one, by their places in memory: one of them again would have no end.
_Above = tuple[int, ...]

_BY_FORMAT = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "12:00:00Z",
    "email": "user@example.com",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "Z3JvdW5kc3dlbGw=",
}


def example_of(document: Document, holder: Object) -> Value:
    """Of a parameter or a media type: its own example goes before that of its schema."""
    if (given := _given(document, holder)) is not None:
        return given[0]
    content = document.resolved(holder.get("content"))
    if content:
        return example_of(document, document.resolved(next(iter(content.values()))))
    return _made(document, document.resolved(holder.get("schema")), ())


def _given(document: Document, holder: Object) -> tuple[Value] | None:
    """In a tuple, because it may be null."""
    for key in ("example", "default", "const"):
        if key in holder:
            return (_bounded(holder[key]),)
    examples = holder.get("examples")
    if isinstance(examples, dict) and examples:
        # By name, each in an object; in a schema of 3.1 it is a plain list.
        return (_bounded(document.resolved(next(iter(examples.values()))).get("value")),)
    for options in (examples, holder.get("enum")):
        if isinstance(options, list) and options:
            return (_bounded(options[0]),)
    return None


def _bounded(value: Value, depth: int = 0) -> Value:
    """A copy that ends: aliases of YAML may go round in circles."""
    if depth > 4 * _DEEPEST:
        return None
    if isinstance(value, dict):
        return {key: _bounded(each, depth + 1) for key, each in list(value.items())[:500]}
    if isinstance(value, list):
        return [_bounded(each, depth + 1) for each in value[:100]]
    return value


def _made(document: Document, schema: Object, above: _Above) -> Value:
    if (given := _given(document, schema)) is not None:
        return given[0]
    if len(above) >= _DEEPEST:
        return None
    above = (*above, id(schema))
    for key in ("allOf", "oneOf", "anyOf"):
        parts = document.objects(schema.get(key))
        if parts:
            return _joined(document, schema, parts if key == "allOf" else parts[:1], above)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind == "object" or (kind is None and "properties" in schema):
        return _object(document, schema, above)
    if kind == "array":
        return [_made(document, document.resolved(schema.get("items")), above)]
    if kind in ("integer", "number"):
        return _number(schema)
    if kind == "boolean":
        return True
    return None if kind == "null" else _text(schema)


def _joined(document: Document, schema: Object, parts: list[Object], above: _Above) -> Value:
    """What all parts say together, with what stands beside them."""
    beside = {key: each for key, each in schema.items() if key not in ("allOf", "oneOf", "anyOf")}
    values = [_made(document, part, above) for part in parts]
    joined: Object = {}
    for value in values:
        if not isinstance(value, dict):
            return values[0]
        joined |= value
    return joined | (_object(document, beside, above) if "properties" in beside else {})


def _object(document: Document, schema: Object, above: _Above) -> Object:
    required = schema.get("required")
    names = required if isinstance(required, list) else []
    made: Object = {}
    properties = list(document.resolved(schema.get("properties")).items())[:_MOST_PROPERTIES]
    for name, value in properties:
        inner = document.resolved(value)
        if inner.get("readOnly") is True:
            continue
        if name in names or (len(above) <= _DEEPEST_OPTIONAL and id(inner) not in above):
            made[name] = _made(document, inner, above)
    return made


def _number(schema: Object) -> int | float:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    if isinstance(least, bool) or not isinstance(least, int | float):
        return 1
    return least if "minimum" in schema else least + 1


def _text(schema: Object) -> str:
    form = schema.get("format")
    text = _BY_FORMAT.get(form, "text") if isinstance(form, str) else "text"
    shortest = schema.get("minLength")
    if isinstance(shortest, int) and len(text) < shortest <= _LONGEST:
        text += "x" * (shortest - len(text))
    longest = schema.get("maxLength")
    return text[:longest] if isinstance(longest, int) and longest >= 0 else text
