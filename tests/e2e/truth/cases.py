"""The tests that are run against the target that keeps the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.truth.attempts import Case
from tests.e2e.truth.reckoning import closed_truth, open_truth, planned_moments
from tests.e2e.writing import STRICT, arrivals, users, write_test

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from tests.e2e.truth.server import Behaviour
    from tests.e2e.truth.target import Log, TruthfulTarget
    from tests.e2e.writing import Fields

_ANSWERED = {"http_req_failed": ["rate < 10%"]}


def open_case(
    path: str,
    *,
    rate: int,
    seconds: int,
    max_vus: int = 200,
    behaviour: Behaviour | None = None,
    meanwhile: Callable[[TruthfulTarget], object] | None = None,
    agents: int = 1,
) -> Case:
    """A constant arrival rate of one request each."""

    def planned(log: Log, start: int) -> NDArray[np.int64]:
        return planned_moments(start, rate, len(log))

    scenario = arrivals(f"{rate}/s", f"{seconds}s", path, max_vus=max_vus)
    return Case(
        write=_writer({"load": scenario}),
        truth=lambda log, start: open_truth(log, planned(log, start)),
        planned=planned,
        behaviour=behaviour,
        meanwhile=meanwhile,
        agents=agents,
    )


def closed_case(
    path: str,
    *,
    vus: int,
    seconds: int,
    behaviour: Behaviour | None = None,
    meanwhile: Callable[[TruthfulTarget], object] | None = None,
    agents: int = 1,
) -> Case:
    """VUs without pauses, each on one connection for all of the run."""
    return Case(
        write=_writer({"load": users(vus, f"{seconds}s", path)}),
        truth=closed_truth,
        behaviour=behaviour,
        meanwhile=meanwhile,
        agents=agents,
    )


def tagged_case(
    path: str, *, count: int, apart_ms: int, behaviour: Behaviour | None = None
) -> Case:
    """Single arrivals, `apart_ms` from one to the next, each a scenario with a tag of its own.

    However they overtake each other, it is known which is which.
    """
    scenarios = {
        f"s{number}": arrivals(
            "1/s",
            "1s",
            f"{path}/tag/{number}",
            max_vus=1,
            start_time=f"{number * apart_ms}ms",
        )
        for number in range(count)
    }

    def planned(log: Log, start: int) -> NDArray[np.int64]:
        return start + log.tag * (apart_ms * 10**6)

    return Case(
        write=_writer(scenarios),
        truth=lambda log, start: open_truth(log, planned(log, start)),
        planned=planned,
        behaviour=behaviour,
    )


def _writer(scenarios: dict[str, Fields]) -> Callable[[Path, str], Path]:
    def write(folder: Path, url: str) -> Path:
        return write_test(folder, url, scenarios, thresholds=_ANSWERED, generator_limits=STRICT)

    return write
