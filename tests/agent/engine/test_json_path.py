"""The plain way through JSON gives what RFC 9535 says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.scenario.json_path import JsonPath, NoJsonPath, compiled, parse_json_path
from groundswell_agent.engine.values import walk

MISSING = object()
KEYS = st.sampled_from(["a", "b", "c d", "é", "0"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.lists(JSON, max_size=3) | st.dictionaries(KEYS, JSON, max_size=3)
STEPS = st.lists(KEYS | st.integers(0, 3), max_size=4)


def written(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step in ("a", "b") else f"['{step}']"


@given(DOCUMENTS, STEPS)
def test_the_walk_finds_what_the_library_finds(
    document: dict[str, object] | list[object], steps: list[str | int]
) -> None:
    text = "$" + "".join(map(written, steps))
    path = parse_json_path(text)
    assert path.steps is not None
    assert path.steps == tuple(steps)
    # Given a text, the library would take it for JSON that is still to be parsed.
    match = compiled(text).match(document)
    assert walk(document, path.steps, MISSING) == (MISSING if match is None else match.obj)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("$", ()),
        ("$.a.b[0]", ("a", "b", 0)),
        ("$['a b'][\"c\"].d", ("a b", "c", "d")),
        ("$.a[-1]", None),
        ("$..a", None),
        ("$.a[*]", None),
        ("$.a[?@.b > 1]", None),
        ("$.é", None),
        ("$['a\\'b']", None),
    ],
)
def test_only_keys_and_indices_are_walked(text: str, steps: tuple[str | int, ...] | None) -> None:
    assert parse_json_path(text) == JsonPath(text, steps)


@pytest.mark.parametrize(
    "text", ["", "a", "$.", "$a", "$[", "$.a b", "$.a | $.b", "$[?]", "$" + ".a" * 1000]
)
def test_what_is_no_path_says_why(text: str) -> None:
    with pytest.raises(NoJsonPath):
        parse_json_path(text)
