"""groundswell: many small agents, one wave. The shared core: tests, schedules, metrics, verdicts, the wire.

What a test in Python imports is here, too: `from groundswell import Test, VU, arrival_rate`. It is
looked up when it is asked for, since every process of groundswell imports this package first.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell.script.environment import env as env
    from groundswell.script.executors import arrival_rate as arrival_rate
    from groundswell.script.executors import constant_arrival_rate as constant_arrival_rate
    from groundswell.script.executors import constant_vus as constant_vus
    from groundswell.script.executors import per_vu_iterations as per_vu_iterations
    from groundswell.script.executors import ramping_arrival_rate as ramping_arrival_rate
    from groundswell.script.executors import ramping_vus as ramping_vus
    from groundswell.script.executors import shared_iterations as shared_iterations
    from groundswell.script.http import Http as Http
    from groundswell.script.http import Response as Response
    from groundswell.script.http import ResponseError as ResponseError
    from groundswell.script.metrics import Counter as Counter
    from groundswell.script.metrics import Gauge as Gauge
    from groundswell.script.metrics import Rate as Rate
    from groundswell.script.metrics import Trend as Trend
    from groundswell.script.test import Test as Test
    from groundswell.script.vu import VU as VU

__version__ = "0.1.0"

# name -> the module of groundswell.script that it is in
_OF_SCRIPTS = {
    "Test": "test",
    "VU": "vu",
    "Http": "http",
    "Response": "http",
    "ResponseError": "http",
    "Counter": "metrics",
    "Gauge": "metrics",
    "Rate": "metrics",
    "Trend": "metrics",
    "env": "environment",
    "arrival_rate": "executors",
    "constant_arrival_rate": "executors",
    "constant_vus": "executors",
    "per_vu_iterations": "executors",
    "ramping_arrival_rate": "executors",
    "ramping_vus": "executors",
    "shared_iterations": "executors",
}

__all__ = [
    "VU",
    "Counter",
    "Gauge",
    "Http",
    "Rate",
    "Response",
    "ResponseError",
    "Test",
    "Trend",
    "__version__",
    "arrival_rate",
    "constant_arrival_rate",
    "constant_vus",
    "env",
    "per_vu_iterations",
    "ramping_arrival_rate",
    "ramping_vus",
    "shared_iterations",
]


def __getattr__(name: str) -> object:
    module = _OF_SCRIPTS.get(name)
    if module is None:
        raise AttributeError(f"module 'groundswell' has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f"groundswell.script.{module}"), name)
    globals()[name] = found
    return found
