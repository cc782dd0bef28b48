"""What only a stored run knows: its names, its agents, what befell it, what it was made with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from groundswell_coordinator.report import quantity
from groundswell_coordinator.report.html.markup import Markup, section, table
from groundswell_coordinator.report.html.sections import code

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groundswell.metrics.histogram import Histogram
    from groundswell_coordinator.report.course import Course, Named
    from groundswell_coordinator.report.html.events import Happening
    from groundswell_coordinator.report.summary import AgentSummary, Summary
    from groundswell_coordinator.store.records import StoredRun

_PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)


def names(course: Course) -> Markup:
    ordered = sorted(course.names.items(), key=lambda item: -item[1].requests)
    titles = (
        "name",
        "requests",
        "failed",
        "avg",
        "med",
        "p(90)",
        "p(95)",
        "p(99)",
        "p(99.9)",
        "max",
    )
    about = "By the name of the request; times are service times, errors with an answer included."
    return section("Requests", table(titles, (_name(*item) for item in ordered)), about=about)


def happenings(found: Sequence[Happening]) -> Markup:
    rows = (
        (str(number), quantity.clock(one.at_s), one.what, one.message)
        for number, one in enumerate(found, 1)
    )
    titles = ("", "at", "what", "")
    return section("What befell the run", table(titles, rows, texts=4))


def agents(summary: Summary, run: StoredRun) -> Markup:
    """Their health; clocks as they were compared before the start."""
    described = _mapping(run.environment.get("agents"))
    clocks = {clock.agent: clock.error_ns for clock in run.clocks}
    rows = (
        (*_agent(one), _clock(clocks.get(one.name)), _labels(described.get(one.name)))
        for one in summary.agents
    )
    titles = ("agent", "", "weight", "cpu max", "send lag p(99)", "start skew", "clock ±", "labels")
    return section("Agents", table(titles, rows, texts=2))


def environment(summary: Summary, run: StoredRun) -> Markup:
    found = _mapping(run.environment.get("coordinator"))
    facts = {
        "test hash": summary.test_hash,
        "groundswell": summary.groundswell_version,
        **{f"coordinator's {key}": str(value) for key, value in found.items()},
        "seed": str(run.seed),
        "on agent loss": run.on_agent_loss,
        **{
            f"SHA-256 of {path}": str(digest)
            for path, digest in _mapping(run.environment.get("files")).items()
        },
    }
    return section(
        "Environment", table(("", ""), ((key, code(v)) for key, v in facts.items()), texts=2)
    )


def _name(name: str, one: Named) -> Iterable[str]:
    yield name or "(without a name)"
    yield str(one.requests)
    yield quantity.percent(one.failed / one.requests) if one.requests else "–"
    yield from _times(one.duration)


def _times(histogram: Histogram) -> Iterable[str]:
    if not histogram.count:
        yield from ("–",) * (len(_PERCENTILES) + 2)
        return
    yield quantity.duration(histogram.mean_ms)
    for value in histogram.percentiles(_PERCENTILES):
        yield "≥ 1h" if value == float("inf") else quantity.duration(value)
    yield quantity.duration(histogram.max_ms)


def _agent(agent: AgentSummary) -> Iterable[str]:
    yield from (agent.name, "lost" if agent.lost else "", str(agent.weight))
    yield "–" if agent.cpu_max is None else f"{100 * agent.cpu_max:.0f}%"
    yield _ms(agent.send_lag_p99_ms)
    yield _ms(agent.skew_ms)


def _ms(value: float | None) -> str:
    return "–" if value is None else quantity.duration(value)


def _clock(error_ns: int | None) -> str:
    return _ms(None if error_ns is None else error_ns / 1e6)


def _labels(agent: object) -> str:
    labels = _mapping(_mapping(agent).get("labels"))
    return ", ".join(f"{key}={value}" for key, value in labels.items())


def _mapping(value: object) -> Mapping[str, object]:
    """What is stored of an environment is JSON: of another version, it may be anything."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
