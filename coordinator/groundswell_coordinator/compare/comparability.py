"""What a comparison cannot see: that the two sides were not asked the same thing in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_coordinator.compare.estimate import FEWEST_EARLIER
from groundswell_coordinator.counted import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groundswell_coordinator.compare.party import Party
    from groundswell_coordinator.report.summary import Summary

# Draws of a Poisson process differ by more than an even plan does.
_SAME_RATE = 0.02


def warnings_of(base: Party, candidate: Party) -> tuple[str, ...]:
    """Each a sentence for people; none where all is alike."""
    one, other = base.runs[0].summary, candidate.runs[0].summary
    return (
        *_the_same(base, candidate),
        *_different_tests(one, other),
        *_different_plans(one, other),
        *_different_agents(one, other),
        *_different_versions(one, other),
        *_within(base),
        *_within(candidate),
        *_doubtful(base),
        *_doubtful(candidate),
        *_unseen(base, candidate),
    )


def _the_same(base: Party, candidate: Party) -> Iterable[str]:
    both = {run.summary.run for run in base.runs} & {run.summary.run for run in candidate.runs}
    if both:
        yield f"run {min(both)} is on both sides"


def _different_tests(one: Summary, other: Summary) -> Iterable[str]:
    if one.test != other.test:
        yield f"the tests differ: {one.test} and {other.test}"
    elif one.test_hash != other.test_hash:
        yield f"the text of test {one.test} has changed from one side to the other"
    if one.part is not None or other.part is not None:
        yield "one side is a part of a run"
    if one.capacity is not None or other.capacity is not None:
        yield "one side is a search for capacity: its figures are those of all its levels together"


def _different_plans(one: Summary, other: Summary) -> Iterable[str]:
    if one.scenarios.keys() != other.scenarios.keys():
        yield f"the scenarios differ: {', '.join(one.scenarios)} and {', '.join(other.scenarios)}"
    if not _is_close(one.duration_s, other.duration_s):
        yield f"the runs lasted {one.duration_s:g} s and {other.duration_s:g} s"
    for name in one.scenarios.keys() & other.scenarios.keys():
        planned, then = (_planned_rate(side, name) for side in (one, other))
        if planned is not None and then is not None and not _is_close(planned, then):
            yield f"scenario {name} planned {planned:.4g}/s and {then:.4g}/s"


def _planned_rate(summary: Summary, scenario: str) -> float | None:
    planned = summary.scenarios[scenario].planned
    return None if planned is None or not summary.duration_s else planned / summary.duration_s


def _is_close(one: float, other: float) -> bool:
    return abs(one - other) <= _SAME_RATE * max(one, other)


def _different_agents(one: Summary, other: Summary) -> Iterable[str]:
    weights = [sorted(agent.weight for agent in side.agents) for side in (one, other)]
    if len(one.agents) != len(other.agents):
        yield f"{counted(len(one.agents), 'agent')} on one side, {len(other.agents)} on the other"
    elif weights[0] != weights[1]:
        yield "the agents' weights differ"


def _different_versions(one: Summary, other: Summary) -> Iterable[str]:
    versions = (one.groundswell_version, other.groundswell_version)
    if versions[0] != versions[1]:
        yield f"they were made by groundswell {versions[0]} and {versions[1]}"


def _within(party: Party) -> Iterable[str]:
    hashes = {run.summary.test_hash for run in party.runs}
    if len(hashes) > 1:
        yield f"the runs of {party.name} are of {len(hashes)} different tests"


def _doubtful(party: Party) -> Iterable[str]:
    for run in party.runs:
        summary = run.summary
        if is_doubtful(summary):
            codes = ", ".join(sorted({reason.code for reason in summary.reasons}))
            is_told = summary.verdict == "INCONCLUSIVE"
            yield f"run {summary.run} {'is INCONCLUSIVE' if is_told else 'was not all well'} ({codes})"


def is_doubtful(summary: Summary) -> bool:
    """Whether its figures may be those of the generator."""
    # Without thresholds nothing is inconclusive, and the same is a warning.
    is_warned = summary.verdict == "PASS" and bool(summary.reasons)
    return summary.verdict == "INCONCLUSIVE" or is_warned


def _unseen(base: Party, candidate: Party) -> Sequence[str]:
    if not (base.has_seconds and candidate.has_seconds):
        return ("a summary alone shows differences, and not whether they are chance",)
    if base.is_group or candidate.is_group:
        return ()
    earlier = len(base.earlier or candidate.earlier)
    if earlier >= FEWEST_EARLIER:
        return (
            "one run on each side: how much runs of the same build differ is taken from"
            f" {earlier} other runs of this test",
        )
    return (
        "one run on each side: how much runs of the same build differ is invisible;"
        " `groundswell run --repeat 5` shows it",
    )
