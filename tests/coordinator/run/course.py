"""All that may befall a run in its seconds: late reports, lost agents, shares that move, a stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from groundswell_coordinator.judge.ending import Cause
from groundswell_coordinator.run.events import StopMode
from tests.coordinator.reporting import Reporter, Values, account
from tests.coordinator.run.recorded import AGENTS

if TYPE_CHECKING:
    from groundswell.v1.metrics_pb2 import Report
    from tests.coordinator.run.recorded import Recording

SECONDS = 6


@dataclass(frozen=True, slots=True)
class Second:
    """What one agent measured in one interval, and how late its report comes, in tenths of a second."""

    requests: int
    failed: int
    durations: tuple[float, ...]
    lag: float
    cpu: float
    dropped: int
    delay: int


@dataclass(frozen=True, slots=True)
class Course:
    """What befalls a run: the second at which each agent is lost, and that of a stop."""

    agents: tuple[tuple[Second, ...], ...]
    losses: tuple[int | None, ...]
    reshares: bool
    stop: tuple[float, StopMode, Cause] | None


milliseconds = st.integers(0, 5_000_000).map(lambda microseconds: microseconds / 1000)
seconds = st.builds(
    Second,
    requests=st.integers(0, 9),
    failed=st.integers(0, 9),
    durations=st.lists(milliseconds, max_size=4).map(tuple),
    lag=st.floats(0, 10),
    cpu=st.floats(0, 1),
    dropped=st.integers(0, 1),
    delay=st.one_of(st.integers(0, 9), st.integers(0, 60)),
)
courses = st.builds(
    Course,
    agents=st.tuples(*[st.lists(seconds, min_size=SECONDS, max_size=SECONDS).map(tuple)] * 3),
    losses=st.tuples(*[st.one_of(st.none(), st.integers(0, SECONDS - 1))] * 3),
    reshares=st.booleans(),
    stop=st.one_of(
        st.none(),
        st.tuples(
            st.floats(0.5, 8),
            st.sampled_from(StopMode),
            st.sampled_from([Cause.INTERRUPTED, Cause.OPERATOR, Cause.THRESHOLD]),
        ),
    ),
)


def reports_of(incarnation: str, measured: tuple[Second, ...]) -> list[Report]:
    reporter = Reporter(incarnation)
    for unused in ("http_req_retries", "group_duration", "vus_max"):
        reporter.number(unused)
    reports: list[Report] = []
    planned = fired = dropped = 0
    for number, second in enumerate(measured):
        planned, dropped = planned + second.requests + second.dropped, dropped + second.dropped
        fired += second.requests
        values: Values = {
            f"http_reqs{{name:{number % 2},scenario:load}}": second.requests,
            "http_req_failed{error:timeout}": (second.failed, second.failed + second.requests),
            "checks{check:start}": (second.requests, second.requests + 1),
            "send_lag{scenario:load}": [second.lag],
            "agent_loop_lag": [second.lag / 2],
            "agent_cpu": second.cpu,
            "vus": number + 1,
        }
        if second.durations:
            values[f"http_req_duration{{name:{number % 2}}}"] = list(second.durations)
        own = [account("load", planned, fired, {"late": dropped})]
        reports.append(reporter.report(number, values, own, last=number == SECONDS - 1))
    return reports


async def play(recording: Recording, course: Course) -> None:
    """In ticks of 0.1 s, each report once. What a lost agent measured after its loss never comes."""
    due: dict[int, list[Report]] = {}
    for incarnation, measured, lost in zip(AGENTS, course.agents, course.losses, strict=True):
        kept = reports_of(incarnation, measured)[: SECONDS if lost is None else lost]
        for report, second in zip(kept, measured, strict=False):
            due.setdefault((report.interval + 1) * 10 + second.delay, []).append(report)
    for tenth in range((SECONDS + 1) * 10 + 70):
        for report in due.get(tenth, ()):
            await recording.take(report, tenth / 10)
        await recording.measurement.advance(tenth / 10)
        if tenth % 10 == 0:
            await befall(recording, course, tenth // 10)


async def befall(recording: Recording, course: Course, second: int) -> None:
    heirs = [
        name
        for name, lost in zip(AGENTS.values(), course.losses, strict=True)
        if lost is None or lost > second
    ]
    for name, lost in zip(AGENTS.values(), course.losses, strict=True):
        if lost == second:
            await recording.lose(name, second + 0.25)
            if course.reshares and heirs:
                await recording.hand_over(name, heirs, second + 0.6)
    if course.stop is not None and second == int(course.stop[0]):
        threshold = "http_reqs: count > 10" if course.stop[2] is Cause.THRESHOLD else None
        await recording.stop(*course.stop, threshold)
