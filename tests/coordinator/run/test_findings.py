from __future__ import annotations

from datetime import UTC, datetime

from groundswell.v1.agent_pb2 import Finding
from groundswell.verdict.run_warning import RunWarning
from groundswell_coordinator.run.findings import Findings, stored_warnings
from groundswell_coordinator.store.records import StoredEvent

REFUSED = Finding(code="target_unreachable", message="it refused the connection")
SLOW = Finding(code="rate_above_speed", message="too much is planned", hint="use more agents")


def found(*agents: tuple[Finding, ...]) -> tuple[RunWarning, ...]:
    findings = Findings()
    for number, own in enumerate(agents, 1):
        findings.take(f"agent-{number}", own)
    return findings.warnings(len(agents))


def test_a_finding_of_the_only_agent_needs_no_name() -> None:
    assert found((SLOW,)) == (
        RunWarning("rate_above_speed", "too much is planned (use more agents)", "agent-1"),
    )


def test_what_several_agents_found_alike_is_told_once() -> None:
    assert found((REFUSED,), (REFUSED, SLOW), (REFUSED,)) == (
        RunWarning("target_unreachable", "on all 3 agents: it refused the connection"),
        RunWarning("rate_above_speed", "agent-2: too much is planned (use more agents)", "agent-2"),
    )
    assert [one.message for one in found((REFUSED,), (REFUSED,), ())] == [
        "on 2 of 3 agents: it refused the connection"
    ]
    assert [one.message for one in found((REFUSED,), (REFUSED,))] == [
        "on both agents: it refused the connection"
    ]


def test_an_agent_that_finds_too_much_does_not_fill_the_memory() -> None:
    many = tuple(Finding(code="c", message=f"{n} " + "x" * 10_000) for n in range(1000))
    warnings = found(many, (REFUSED,))
    assert len(warnings) == 50
    assert max(len(one.message) for one in warnings) < 600


def test_they_are_known_again_by_the_events_of_the_store() -> None:
    now = datetime.now(UTC)
    events = (
        StoredEvent(now, "agent_lost", "silent", "agent-1", {"lease_end": 1.0}),
        StoredEvent(now, "preflight", "it is slow", "agent-2", {"code": "rate_above_speed"}),
        StoredEvent(now, "preflight", "without detail"),
    )
    assert stored_warnings(events) == (
        RunWarning("rate_above_speed", "it is slow", "agent-2"),
        RunWarning("preflight", "without detail"),
    )
