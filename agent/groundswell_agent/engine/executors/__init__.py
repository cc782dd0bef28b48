"""The executors by their names in a test file: a new one is a file here and a line below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_agent.engine.executors.active_vus import ActiveVus
from groundswell_agent.engine.executors.arrivals import ArrivalRate
from groundswell_agent.engine.executors.iterations import Iterations
from groundswell_agent.engine.executors.searched_arrivals import SearchedArrivals

if TYPE_CHECKING:
    from groundswell_agent.engine.executors.base import Executor

EXECUTORS: dict[str, type[Executor]] = {
    "constant-vus": ActiveVus,
    "ramping-vus": ActiveVus,
    "constant-arrival-rate": ArrivalRate,
    "ramping-arrival-rate": ArrivalRate,
    "searched-arrival-rate": SearchedArrivals,
    "shared-iterations": Iterations,
    "per-vu-iterations": Iterations,
}
