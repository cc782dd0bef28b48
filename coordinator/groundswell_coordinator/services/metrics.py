"""What /metrics says: the coordinator's pool, runs and store, and each run that is under way.

Base units, as Prometheus wants them. A run's families are there from its first sealed interval to
its end, and no longer: what has ended is in the store, and would be a new label set for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.verdict.verdict import ReasonCode, Verdict
from groundswell_coordinator.run.machine import State
from groundswell_coordinator.services.exposition import (
    Family,
    Kind,
    by_label,
    counter,
    gauge,
    histogram,
    tally,
)
from groundswell_coordinator.services.process_facts import process_facts
from groundswell_coordinator.services.run_metrics import run_families
from groundswell_coordinator.telemetry import NO_VERDICT
from groundswell_coordinator.timeline.timeline import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell_coordinator.access.access import Access
    from groundswell_coordinator.attachment import Attachment
    from groundswell_coordinator.coordinator import Coordinator
    from groundswell_coordinator.pool import Pool
    from groundswell_coordinator.run.registry import RunRegistry
    from groundswell_coordinator.services.readiness import Readiness
    from groundswell_coordinator.telemetry import Telemetry


def coordinator_families(coordinator: Coordinator) -> Iterator[Family]:
    """All of them, as they are now."""
    yield gauge(
        "groundswell_generation",
        "How often the store has had a new owner; the highest is the one in charge.",
        coordinator.owner.generation,
    )
    yield from _pool(coordinator.pool)
    yield from _runs(coordinator.runs)
    yield from _ends(coordinator.telemetry)
    yield from _work(coordinator.telemetry)
    yield from run_families(coordinator.runs.runs)


def all_families(
    coordinator: Coordinator | None,
    readiness: Readiness | None = None,
    access: Access | None = None,
) -> Iterator[Family]:
    """Before there is a coordinator, the process alone, and whether something is in its way."""
    yield from process_facts()
    if access is not None:
        yield by_label(
            "groundswell_certificate_expires_timestamp_seconds",
            Kind.GAUGE,
            "When a certificate ends: the coordinator's own, and those of the authorities it trusts.",
            "certificate",
            {what: one.not_valid_after_utc.timestamp() for what, one in access.certificates()},
        )
    if readiness is not None:
        yield gauge(
            "groundswell_ready",
            "Whether /readyz says so: 0 while the store fails, for one.",
            readiness.is_ready,
        )
    if coordinator is not None:
        yield from coordinator_families(coordinator)


def _pool(pool: Pool) -> Iterator[Family]:
    agents = pool.agents()
    yield by_label(
        "groundswell_agents",
        Kind.GAUGE,
        "Agents; lost ones have no stream, and their run still waits for them.",
        "state",
        tally(("free", "busy", "lost"), map(_state, agents)),
    )
    yield gauge(
        "groundswell_attached_streams",
        "Agents' streams that are open.",
        sum(agent.stream is not None for agent in agents),
    )
    yield gauge("groundswell_queue_length", "Runs that wait for agents.", pool.waiting)


def _state(agent: Attachment) -> str:
    if agent.stream is None:
        return "lost"
    return "free" if agent.run is None else "busy"


def _runs(runs: RunRegistry) -> Iterator[Family]:
    states = (state.value for state in State if state is not State.CLOSED)
    found = (run.state.value for run in runs.runs if run.state is not State.CLOSED)
    yield by_label(
        "groundswell_runs", Kind.GAUGE, "Runs that have not ended.", "state", tally(states, found)
    )


def _ends(telemetry: Telemetry) -> Iterator[Family]:
    verdicts = [*(verdict.value for verdict in Verdict), NO_VERDICT]
    yield by_label(
        "groundswell_runs_ended_total",
        Kind.COUNTER,
        "Runs that have ended, by their verdict; none: before any load.",
        "verdict",
        {verdict: telemetry.ends[verdict] for verdict in verdicts},
    )
    yield by_label(
        "groundswell_run_reasons_total",
        Kind.COUNTER,
        "Why runs ended otherwise than with a PASS; each reason once a run.",
        "reason",
        {code.value: telemetry.reasons[code.value] for code in ReasonCode},
    )


def _work(telemetry: Telemetry) -> Iterator[Family]:
    yield by_label(
        "groundswell_reports_total",
        Kind.COUNTER,
        "Agents' reports by what became of them: an amendment came after its interval was sealed.",
        "outcome",
        {outcome.value: telemetry.reports[outcome.value] for outcome in Outcome},
    )
    yield counter(
        "groundswell_report_bytes_total", "Size of agents' reports.", telemetry.report_bytes
    )
    yield counter(
        "groundswell_intervals_sealed_total",
        "Seconds of runs that were merged, judged and given to the store.",
        telemetry.intervals_sealed,
    )
    yield histogram(
        "groundswell_seal_delay_seconds",
        "From the end of an interval until it is sealed.",
        telemetry.seal_delay,
    )
    yield histogram(
        "groundswell_store_transaction_seconds",
        "What the store takes for a transaction, without the wait for the one before.",
        telemetry.store_seconds,
    )
    yield counter(
        "groundswell_store_failures_total",
        "Transactions that the store did not take.",
        telemetry.store_failures,
    )
