"""Objects of a cluster as they are sent and told: trees of JSON, in which what is empty is often left out."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def part(one: Object, key: str) -> Object:
    """Empty where there is none."""
    found: Object | None = one.get(key)
    return found or {}


def parts(one: Object, key: str) -> list[Object]:
    """Empty where there are none."""
    found: list[Object] | None = one.get(key)
    return found or []
