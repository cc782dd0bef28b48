"""The JSON schema of a test file, from the same shapes that read it: editors complete and check
YAML with it.

It is as strict as a schema can be and a little wider than the loader, which also looks at what
values mean together: what a threshold's expression says, that `max_vus` is not below
`pre_allocated_vus`, that a host is a host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.scenario.document import TEST

if TYPE_CHECKING:
    from groundswell.scenario.shape import Json


def test_schema() -> Json:
    definitions: Json = {}
    test = TEST.schema(definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "groundswell test",
        "description": "A load test: a target, scenarios, and what must hold.",
        **test,
        "$defs": dict(sorted(definitions.items())),
    }
