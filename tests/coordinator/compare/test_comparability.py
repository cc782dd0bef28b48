"""What is warned of before anybody believes a comparison."""

from __future__ import annotations

from dataclasses import replace

import pytest

from groundswell_coordinator.compare.comparability import warnings_of
from groundswell_coordinator.compare.party import Party
from groundswell_coordinator.report.summary import AgentSummary, ReasonSummary, Summary
from tests.coordinator.compare.simulated import SimulatedRun
from tests.coordinator.report.samples import PASSED
from tests.coordinator.reporting import histogram_of

SECONDS = [histogram_of([1.0])] * 5
OTHER = replace(PASSED, run="other")


def party(*summaries: Summary) -> Party:
    return Party("side", tuple(SimulatedRun.of(SECONDS, one) for one in summaries))


def test_runs_that_are_alike_are_compared_without_a_word_but_that_of_a_single_pair() -> None:
    (only,) = warnings_of(party(PASSED), party(OTHER))
    assert "one run on each side" in only
    known = replace(party(PASSED), earlier=party(*[OTHER] * 6).runs)
    assert "taken from 6 other runs of this test" in warnings_of(known, party(OTHER))[0]
    group = party(*(replace(PASSED, run=f"g-{number}") for number in range(3)))
    assert warnings_of(group, party(OTHER)) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"test_hash": "another"}, "the text of test checkout has changed"),
        ({"test": "cart"}, "the tests differ: checkout and cart"),
        ({"groundswell_version": "9.9"}, "made by groundswell"),
        ({"agents": (AgentSummary("a", 1),) * 5}, "5 on the other"),
        ({"agents": tuple(replace(one, weight=7) for one in PASSED.agents)}, "weights differ"),
        ({"duration_s": 2 * PASSED.duration_s}, "the runs lasted"),
        ({"scenarios": {}}, "the scenarios differ"),
        (
            {"verdict": "INCONCLUSIVE", "reasons": (ReasonSummary("agent_saturated", "…"),)},
            "run other is INCONCLUSIVE (agent_saturated)",
        ),
        (
            {"reasons": (ReasonSummary("rate_not_reached", "…"),)},
            "run other was not all well (rate_not_reached)",
        ),
    ],
)
def test_what_differs_is_said(change: dict[str, object], said: str) -> None:
    found = warnings_of(party(PASSED), party(replace(OTHER, **change)))  # type: ignore[arg-type]
    assert any(said in one for one in found), found


def test_another_rate_is_said() -> None:
    scenarios = {
        name: replace(one, planned=None if one.planned is None else 2 * one.planned)
        for name, one in PASSED.scenarios.items()
    }
    found = warnings_of(party(PASSED), party(replace(OTHER, scenarios=scenarios)))
    assert any("planned" in one for one in found), found


def test_a_run_on_both_sides_is_said() -> None:
    assert warnings_of(party(PASSED), party(PASSED))[0] == f"run {PASSED.run} is on both sides"


def test_a_group_of_different_tests_is_said() -> None:
    mixed = party(PASSED, replace(PASSED, run="b", test_hash="another"))
    assert any("of 2 different tests" in one for one in warnings_of(mixed, party(OTHER)))
