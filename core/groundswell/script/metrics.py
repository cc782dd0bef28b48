"""Metrics of a test's own: made at the top of a file, recorded in its functions.

    orders = Counter("orders")

    async def buy(vu: VU) -> None:
        orders.add(1, plan="gold")

They are in the summary, and thresholds may be put on them, with the tags of their samples.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal, Protocol

from groundswell.errors import GroundswellError
from groundswell.exit_codes import ExitCode
from groundswell.metrics.catalog import Kind, Unit
from groundswell.script.call import Call

if TYPE_CHECKING:
    from collections.abc import Mapping


class Sink(Protocol):
    """Where the samples of an iteration go."""

    def record(self, metric: OwnMetric, value: float, tags: Mapping[str, str]) -> None: ...


# Of the iteration that is under way, in its task and in those that it makes.
current: ContextVar[Sink | None] = ContextVar("groundswell_sink", default=None)

# What the code that is loaded has made; `Code.load` begins anew.
declared: list[OwnMetric] = []


class NothingToRecordIn(GroundswellError):
    """A metric is recorded where no iteration is under way."""

    exit_code = ExitCode.SCRIPT_EXCEPTION


class OwnMetric:
    """One metric: its name, how its samples add up, and what one is of."""

    kind: Kind
    unit = Unit.NONE

    def __init__(self, name: str) -> None:
        self.name = name
        self.call = Call.here(2, "name")
        declared.append(self)

    def _record(self, value: float, tags: Mapping[str, str]) -> None:
        sink = current.get()
        if sink is None:
            hint = "in a scenario's function, or in a task that it has made"
            raise NothingToRecordIn(f"{self.name} is recorded in no iteration", hint=hint)
        sink.record(self, value, tags)


class Counter(OwnMetric):
    """A sum of whole numbers."""

    kind = Kind.COUNTER

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def add(self, amount: int = 1, **tags: str) -> None:
        if amount != int(amount) or amount < 0:
            raise ValueError(f"the counter {self.name} takes whole numbers from 0 on, not {amount}")
        self._record(amount, tags)


class Rate(OwnMetric):
    """A share: how many of the samples were true."""

    kind = Kind.RATE

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def add(self, ok: object, **tags: str) -> None:
        self._record(bool(ok), tags)


class Gauge(OwnMetric):
    """The last value. Of several agents, and of series with other tags, the largest is shown."""

    kind = Kind.GAUGE

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def set(self, value: float, **tags: str) -> None:
        self._record(float(value), tags)


class Trend(OwnMetric):
    """A distribution of numbers from 0 to 3.6 million, to three significant digits and 0.001.

    With `unit="ms"` they are times in milliseconds, with "bytes" sizes; else plain numbers.
    """

    kind = Kind.TREND

    def __init__(self, name: str, *, unit: Literal["", "ms", "bytes"] = "") -> None:
        super().__init__(name)
        self.unit = Unit(unit)

    def add(self, value: float, **tags: str) -> None:
        if not value >= 0:
            raise ValueError(f"the trend {self.name} takes numbers from 0 on, not {value}")
        self._record(float(value), tags)
