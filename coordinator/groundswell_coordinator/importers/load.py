"""The load of an imported test: a modest guess, marked as one."""

from __future__ import annotations

import math

from groundswell_coordinator.importers.draft import Setting

# A VU too many costs nothing, one too few drops arrivals.
_ROOM = 3
_FEWEST_VUS = 20


def steady(iteration_s: float = 1.0, rate: str = "1/s", per_second: float = 1.0) -> list[Setting]:
    """Iterations that take about `iteration_s` seconds, at a constant rate for a minute."""
    busy = math.ceil(iteration_s * per_second * _ROOM)
    return [
        Setting("executor", "constant-arrival-rate"),
        Setting("rate", rate, "edit: how many iterations start"),
        Setting("duration", "1m", "edit: and for how long"),
        Setting("max_vus", max(_FEWEST_VUS, busy), "room for the slow ones"),
    ]
