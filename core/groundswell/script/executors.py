"""How load arrives: the six executors of a test file as functions, with its names, units and defaults.

    arrival_rate("500/s", duration="10m", max_vus=2000)

A value that is left out, or None, has the default of the test file. What the values may be is
checked by the same shapes that read a YAML file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypedDict

from groundswell.script.call import Call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

# "300ms", "1m30s", or a timedelta. A text may be a template: "{{ env.DURATION | default('1m') }}".
Duration = str | timedelta
# "500/s", "30/m"; with `time_unit`, a bare number.
Rate = str | int | float
# A number, or a template that becomes one.
Count = int | str


class Common(TypedDict, total=False):
    """What every executor takes."""

    # When the scenario starts, from the run's start.
    start_time: Duration
    # How long iterations may go on after the scenario's end; 30s.
    graceful_stop: Duration
    # Tags of all samples of the scenario.
    tags: Mapping[str, str]
    # Variables of this scenario; they go before the client's.
    env: Mapping[str, str]
    # How connections are made, over what the test says.
    http: Mapping[str, object]
    # The data sources whose rows `vu.row` is asked for.
    data: Sequence[str]
    # How long a VU keeps cookies.
    cookies: Literal["iteration", "keep", "off"]


class ClosedStage(TypedDict):
    """The way to `target` VUs."""

    duration: Duration
    target: Count


class OpenStage(TypedDict):
    """The way to a rate of `target`."""

    duration: Duration
    target: Rate


class Open(Common, total=False):
    """What the executors with arrivals take besides."""

    # The most VUs that may run at once, over all agents.
    max_vus: Count
    # How many of them are made ready before; all.
    pre_allocated_vus: Count
    # What a rate without a unit counts in.
    time_unit: Duration
    # Evenly spaced, or at random moments.
    arrivals: Literal["even", "poisson"]


@dataclass(frozen=True, slots=True)
class Executor:
    """An executor with its options, as `@test.scenario` takes one."""

    name: str
    options: Mapping[str, object]
    call: Call


def constant_vus(
    vus: Count | None = None, *, duration: Duration, **common: Unpack[Common]
) -> Executor:
    """So many VUs, each iterating as fast as it can."""
    options = {"vus": vus, "duration": duration, **common}
    return Executor("constant-vus", options, Call.here(1, "vus"))


def ramping_vus(
    stages: Sequence[ClosedStage],
    *,
    start_vus: Count | None = None,
    graceful_ramp_down: Duration | None = None,
    **common: Unpack[Common],
) -> Executor:
    """VUs that come and go in straight lines."""
    options = {
        "start_vus": start_vus,
        "stages": stages,
        "graceful_ramp_down": graceful_ramp_down,
        **common,
    }
    return Executor("ramping-vus", options, Call.here(1, "stages"))


def shared_iterations(
    iterations: Count | None = None,
    *,
    vus: Count | None = None,
    max_duration: Duration | None = None,
    **common: Unpack[Common],
) -> Executor:
    """So many iterations in all, by whichever VU is free."""
    options = {"vus": vus, "iterations": iterations, "max_duration": max_duration, **common}
    return Executor("shared-iterations", options, Call.here(1, "iterations"))


def per_vu_iterations(
    iterations: Count | None = None,
    *,
    vus: Count | None = None,
    max_duration: Duration | None = None,
    **common: Unpack[Common],
) -> Executor:
    """So many iterations by each VU."""
    options = {"vus": vus, "iterations": iterations, "max_duration": max_duration, **common}
    return Executor("per-vu-iterations", options, Call.here(1, "iterations"))


def constant_arrival_rate(rate: Rate, *, duration: Duration, **options: Unpack[Open]) -> Executor:
    """Iterations that start at a rate, however long each takes."""
    given = {"rate": rate, "duration": duration, **options}
    return Executor("constant-arrival-rate", given, Call.here(1, "rate"))


def ramping_arrival_rate(
    stages: Sequence[OpenStage] | None = None,
    *,
    start_rate: Rate | None = None,
    profile: str | None = None,
    **options: Unpack[Open],
) -> Executor:
    """Iterations that start at a rate that changes in straight lines: of `stages`, or of `profile`, a
    CSV file of times and rates beside the test.
    """
    given = {"start_rate": start_rate, "stages": stages, "profile": profile, **options}
    return Executor("ramping-arrival-rate", given, Call.here(1, "stages"))


arrival_rate = constant_arrival_rate
