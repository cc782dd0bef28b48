"""A published schema, closed: what is written is held to every key of it."""

from __future__ import annotations

from typing import Any, cast


def closed(schema: object) -> Any:  # noqa: ANN401 # whatever a schema is made of
    """The schema with no other key than those that it names: a summary may gain some, not by accident."""
    if isinstance(schema, list):
        return [closed(part) for part in cast("list[object]", schema)]
    if not isinstance(schema, dict):
        return schema
    parts = {key: closed(value) for key, value in cast("dict[str, Any]", schema).items()}
    if "properties" in parts and parts.get("type") == "object":
        parts.setdefault("additionalProperties", False)
    return parts
