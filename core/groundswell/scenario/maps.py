"""The small mappings of a test file: headers, query, tags, environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from groundswell.scenario.nodes import Mapping, Node
from groundswell.scenario.scalars import WRITTEN
from groundswell.scenario.shape import Json, MapOf, Refusal
from groundswell.scenario.template import ENV_NAME
from groundswell.scenario.templated import Templated

if TYPE_CHECKING:
    from collections.abc import Mapping as Mapping_

    from groundswell.scenario.expressions import Text
    from groundswell.scenario.problems import Problems

# What groundswell puts on a sample by itself; one of these from a test would make two meanings of
# one word.
RESERVED_TAGS = (
    *("scenario", "group", "name", "method", "status", "error"),
    *("expected_response", "check", "url"),
)
_TAG = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FRAMING = ("content-length", "transfer-encoding")


def refuse_tag(name: str) -> Refusal | None:
    if name in RESERVED_TAGS:
        return Refusal(
            f"the tag `{name}` is one that groundswell sets itself", "choose another name"
        )
    if not _TAG.fullmatch(name):
        return Refusal(f"`{name}` cannot be a tag", "letters, digits and _, no digit first")
    return None


def _refuse_header(name: str) -> Refusal | None:
    if name.lower() in _FRAMING:
        return Refusal(f"the header `{name}` is one that groundswell sets itself", "leave it out")
    if not HEADER_NAME.fullmatch(name):
        return Refusal(f"`{name}` is not the name of a header", "such as X-Request-Id")
    return None


def _refuse_variable(name: str) -> Refusal | None:
    if ENV_NAME.fullmatch(name):
        return None
    return Refusal(f"`{name}` is not the name of a variable", "such as BASE_URL")


def _framing_form() -> Json:
    """A pattern for any case: JSON schema has no flag for it."""
    names = ("".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in name) for name in _FRAMING)
    return {"pattern": f"^{HEADER_NAME.pattern}$", "not": {"pattern": f"^({'|'.join(names)})$"}}


class _Headers(MapOf["Text"]):
    """Names that differ in their case only are one header."""

    def read(self, node: Node, label: str, problems: Problems) -> dict[str, Text] | None:
        before = len(problems)
        if isinstance(node, Mapping):
            _refuse_repeats(node, problems)
        headers = super().read(node, label, problems)
        return None if len(problems) > before else headers


def _refuse_repeats(node: Mapping, problems: Problems) -> None:
    seen: dict[str, str] = {}
    for key, _ in node.pairs:
        other = seen.setdefault(key.text.lower(), key.text)
        if other != key.text:
            problems.add(key, f"the header `{key.text}` is given twice", f"first as `{other}`")


TEMPLATED = Templated(WRITTEN)
HEADERS = _Headers(TEMPLATED, "{Accept: application/json}", _refuse_header, _framing_form())
QUERY = MapOf(TEMPLATED, "{page: 2}")
FORM = MapOf(TEMPLATED, "{email: '{{ users.email }}'}")
TAGS = MapOf(
    WRITTEN,
    "{team: checkout}",
    refuse_tag,
    {"pattern": f"^{_TAG.pattern}$", "not": {"enum": list(RESERVED_TAGS)}},
)
LABELS = MapOf(WRITTEN, "{team: checkout}")
ENV = MapOf(WRITTEN, "{REGION: eu}", _refuse_variable, {"pattern": f"^{ENV_NAME.pattern}$"})


def merged_headers(defaults: Mapping_[str, Text], own: Mapping_[str, Text]) -> dict[str, Text]:
    """A request's headers: its own go before the defaults, whatever the case of their names."""
    names = {name.lower() for name in own}
    return {name: value for name, value in defaults.items() if name.lower() not in names} | {**own}
