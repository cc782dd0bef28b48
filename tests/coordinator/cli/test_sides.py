"""What a comparison is told to compare, found in a store: and what other runs of its test there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.cli.sides import find_parties
from groundswell_coordinator.report.summary import ReasonSummary
from groundswell_coordinator.store.run_store import RunStore
from tests.coordinator.report.samples import PASSED
from tests.coordinator.store.runs import CREATED, close, new_run

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell_coordinator.report.summary import Summary


TEST = b"""\
test: checkout
target: http://127.0.0.1
scenarios: {load: {executor: constant-vus, vus: 1, duration: 1s, steps: [{get: /}]}}
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_HOME", str(tmp_path))


def stored(**changed: Summary) -> None:
    """A run for each, an hour apart, the oldest first."""
    with RunStore.open() as store:
        for hour, (run_id, summary) in enumerate(changed.items()):
            created = CREATED + timedelta(hours=hour)
            store.create_run(replace(new_run(run_id, created_at=created), source=TEST))
            store.save_start(run_id, created, ())
            close(store, run_id, replace(summary, run=run_id).to_json())


def test_a_pair_comes_with_the_other_runs_of_its_test_that_can_be_trusted() -> None:
    saturated = ReasonSummary("agent_saturated", "it was busy")
    stored(
        first=PASSED,
        base=PASSED,
        doubtful=replace(PASSED, verdict="INCONCLUSIVE", reasons=(saturated,)),
        warned=replace(PASSED, reasons=(saturated,)),
        changed=replace(PASSED, test_hash="another"),
        failed=replace(PASSED, verdict="FAIL"),
        candidate=PASSED,
    )
    base, candidate = find_parties("base", "candidate", None, {})
    assert [run.summary.run for run in base.earlier] == ["first", "failed"]
    assert candidate.earlier == ()
    other, _ = find_parties("base", "changed", None, {})
    assert other.earlier == ()
