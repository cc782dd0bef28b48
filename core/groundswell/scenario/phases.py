"""`setup` and `teardown`: steps that one agent goes through once, before and after the load.

Whatever goes wrong in them ends them, unless a request says `on_fail: continue`: a load that rests
on half a setup would measure something else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from groundswell.scenario.http_model import Shared
from groundswell.scenario.model import DEFAULT_PHASE_TIMEOUT, Phase
from groundswell.scenario.record import Fields, Key
from groundswell.scenario.scalars import POSITIVE_DURATION
from groundswell.scenario.step_model import RequestStep, with_requests
from groundswell.scenario.steps import STEPS

if TYPE_CHECKING:
    from groundswell.scenario.defaults import Defaults
    from groundswell.scenario.http_model import Http

PHASES = ("setup", "teardown")

PHASE_KEYS = {
    "setup": Key(
        STEPS,
        "Steps that one agent goes through once before the load; what they capture, all iterations"
        " know as {{ setup.NAME }}.",
    ),
    "setup_timeout": Key(POSITIVE_DURATION, "How long setup may take.", default="60s"),
    "teardown": Key(STEPS, "Steps that one agent goes through once after the load."),
    "teardown_timeout": Key(POSITIVE_DURATION, "How long teardown may take.", default="60s"),
}


def check_phases(fields: Fields) -> None:
    """A timeout of nothing is a slip."""
    for phase in PHASES:
        timeout = f"{phase}_timeout"
        if fields.given(timeout) and not fields.given(phase):
            fields.refuse(timeout, f"`{timeout}` is given, and no `{phase}`")


def read_phase(values: dict[str, Any], phase: str, defaults: Defaults, http: Http) -> Phase | None:
    """Takes its keys out of the values of the test."""
    steps = values.pop(phase, None)
    timeout = values.pop(f"{phase}_timeout", DEFAULT_PHASE_TIMEOUT)
    if steps is None:
        return None
    steps = with_requests(defaults.applied_to_all(steps), _strict)
    if isinstance(http.connections, Shared):
        # One VU, once: there is nobody to share with.
        http = replace(http, connections=None)
    return Phase(steps=steps, timeout=timeout, http=http)


def _strict(request: RequestStep) -> RequestStep:
    return request if request.ends_iteration is not None else replace(request, ends_iteration=True)
