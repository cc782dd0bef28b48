"""What a share asks of its machine: connections, and requests a second."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Self

from groundswell.scenario.http_model import Shared
from groundswell.scenario.model import OpenScenario, RequestStep, all_requests
from groundswell.scenario.step_model import IfStep, RepeatStep, WeightedStep, inner_steps
from groundswell.scenario.urls import NO_TARGET
from groundswell.schedule.rate import RateCurve
from groundswell_agent.http.client import MOST_CONNECTIONS
from groundswell_agent.http.request import split_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from groundswell.scenario.http_model import Http
    from groundswell.scenario.model import Step, Test
    from groundswell.schedule.scenario_plan import ScenarioShare
    from groundswell_agent.http.request import Origin


@dataclass(frozen=True, slots=True)
class Connections:
    """At most, and those of closed executors alone: their VUs all set out, an open one has `max_vus`
    in reserve.
    """

    most: int = 0
    certain: int = 0

    def __add__(self, other: Connections) -> Connections:
        return Connections(self.most + other.most, self.certain + other.certain)

    def at_most(self, limit: int) -> Connections:
        return Connections(min(self.most, limit), min(self.certain, limit))

    def __mul__(self, times: int) -> Connections:
        return Connections(self.most * times, self.certain * times)


@dataclass(frozen=True, slots=True)
class Demand:
    """Connections are kept until the run's end, so those of all scenarios count.

    `request_rate` is that of the open scenarios at its highest, a second.
    """

    vus: int
    connections: Connections
    by_origin: Mapping[Origin, Connections]
    request_rate: float

    @classmethod
    def of(cls, test: Test, shares: Sequence[ScenarioShare]) -> Self:
        total = Connections()
        by_origin: dict[Origin, Connections] = {}
        for http, sharing in _by_way(shares):
            needed = _connections(http, sharing, test.target)
            total += _at_once(http, sharing, test.target, needed)
            for origin, connections in needed.items():
                by_origin[origin] = by_origin.get(origin, Connections()) + connections
        vus = sum(share.vu_count for share in shares)
        return cls(vus, total, by_origin, _peak_rate(shares))


def origins_of(steps: tuple[Step, ...], target: str) -> tuple[Origin, ...]:
    """Where the requests of these steps go, in their order; without any, a function's: the target."""
    own, _ = split_url(target)
    if target == NO_TARGET:
        return ()
    if not steps:
        # What a function does is not known before it does it.
        return (own,)
    return tuple(dict.fromkeys(_origin_of(step) or own for step in all_requests(steps)))


def _origin_of(step: RequestStep) -> Origin | None:
    """Of a whole URL. One that each iteration fills in may lead anywhere; mostly it is the target's."""
    if isinstance(step.path, str) and step.path.startswith(("http://", "https://")):
        return split_url(step.path)[0]
    return None


def _by_way(shares: Sequence[ScenarioShare]) -> list[tuple[Http, list[ScenarioShare]]]:
    """Those together that connect in the same way: they may share connections."""
    ways: list[tuple[Http, list[ScenarioShare]]] = []
    for share in shares:
        http = share.scenario.http
        sharing = next((found for known, found in ways if known == http), None)
        if sharing is None:
            ways.append((http, [share]))
        else:
            sharing.append(share)
    return ways


def _connections(
    http: Http, shares: Sequence[ScenarioShare], target: str
) -> dict[Origin, Connections]:
    """To each origin."""
    found: dict[Origin, Connections] = {}
    for share in shares:
        for origin in origins_of(share.scenario.steps, target):
            found[origin] = found.get(origin, Connections()) + _of_vus(share)
    if isinstance(http.connections, Shared):
        return {origin: one.at_most(http.connections.count) for origin, one in found.items()}
    return found


def _at_once(
    http: Http,
    shares: Sequence[ScenarioShare],
    target: str,
    needed: Mapping[Origin, Connections],
) -> Connections:
    """Of all origins: a VU keeps one to each, up to a limit; or has one at a time, a new one."""
    total = Connections()
    if isinstance(http.connections, Shared):
        for connections in needed.values():
            total += connections
        return total
    most = 1 if http.connections == "new" else MOST_CONNECTIONS
    for share in shares:
        total += _of_vus(share) * min(len(origins_of(share.scenario.steps, target)), most)
    return total


def _of_vus(share: ScenarioShare) -> Connections:
    """One for each."""
    is_open = isinstance(share.scenario, OpenScenario)
    return Connections(share.vu_count, 0 if is_open else share.vu_count)


def _peak_rate(shares: Iterable[ScenarioShare]) -> float:
    """Rates are straight between the ends of stages, so the highest sum is at one of those."""
    rising = [share for share in shares if isinstance(share.curve, RateCurve) and share.peak]
    moments = {moment for share in rising for moment in _edges(share)}
    rates = (sum(_rate_at(share, moment) for share in rising) for moment in moments)
    return max(rates, default=0.0)


def _edges(share: ScenarioShare) -> Iterator[Fraction]:
    assert isinstance(share.curve, RateCurve)
    at = share.start_time
    yield at
    for stage in share.curve.stages:
        at += stage.duration
        # Just before the next stage, which may begin with a jump.
        yield at - min(stage.duration / 2, Fraction(1, 1000))
        yield at


def _rate_at(share: ScenarioShare, moment: Fraction) -> float:
    """Requests a second; arrivals are owned by the part of the VUs."""
    assert isinstance(share.curve, RateCurve)
    rate = share.curve.rate_at(moment - share.start_time)
    requests = 1.0 if share.scenario.function is not None else _requests(share.scenario.steps)
    return rate * requests * share.vu_count / share.peak


def _requests(steps: tuple[Step, ...]) -> float:
    """How many an iteration makes, about: conditions choose the longer way, loops go round once."""
    return sum(map(_requests_of, steps))


def _requests_of(step: Step) -> float:
    match step:
        case RequestStep():
            return 1.0
        case WeightedStep(branches=branches):
            total = sum(branch.weight for branch in branches)
            return sum(float(one.weight / total) * _requests(one.steps) for one in branches)
        case RepeatStep(times=int(times)):
            return times * _requests(step.steps)
        case IfStep():
            return max(_requests(step.then), _requests(step.otherwise))
        case _:
            return sum(map(_requests, inner_steps(step)))
