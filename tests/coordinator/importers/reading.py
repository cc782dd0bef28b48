"""What an importer made, read back by the loader that reads every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.scenario.bundle import bundled
from groundswell.scenario.loader import TestSource, load
from groundswell.scenario.model import all_requests
from groundswell_coordinator.importers.written import written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.scenario.model import RequestStep, Test
    from groundswell_coordinator.importers.draft import Draft


def loaded(draft: Draft, env: Mapping[str, str] | None = None) -> Test:
    """Without any environment unless it is given."""
    files = {name: text.encode() for name, text in draft.files.items()}
    return load(TestSource("t.yaml", bundled(written(draft).encode(), files), env or {}))


def steps_of(draft: Draft, env: Mapping[str, str] | None = None) -> list[RequestStep]:
    (scenario,) = loaded(draft, env).scenarios.values()
    return list(all_requests(scenario.steps))
