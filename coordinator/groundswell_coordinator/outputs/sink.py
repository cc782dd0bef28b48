"""What an output is made of: it takes up seconds of a run, makes something of them, and sends that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from groundswell.errors import GroundswellError
from groundswell.metrics.catalog import BUILTIN, Metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.metrics.catalog import Kind
    from groundswell_coordinator.timeline.interval import Interval


@dataclass(slots=True)
class RunFacts:
    """`catalog` has the metrics that the run may have, by name.

    `start_ns`, since 1970, is the common start, which is not known before the agents are ready:
    interval k ends k + 1 seconds after it.
    """

    run_id: str
    test: str
    catalog: Mapping[str, Metric] = field(default_factory=lambda: BUILTIN)
    start_ns: int = 0

    def metric(self, name: str, kind: Kind) -> Metric:
        """Of one that nobody knows, at least the kind."""
        return self.catalog.get(name) or Metric(name, kind)

    def end_ns(self, interval: int) -> int:
        """Since 1970."""
        return self.start_ns + (interval + 1) * 1_000_000_000


class OutputFailed(GroundswellError):
    """The receiver did not take it. `is_final`: it never will, however often it is told."""

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


class Sink(Protocol):
    """Of one receiver and one run; used by one task, which has a thread count and encode."""

    def absorb(self, interval: Interval) -> None:
        """Count a second that is not sent: totals go on without a gap."""
        ...

    def encode(self, interval: Interval) -> bytes:
        """Count a second and put it into words."""
        ...

    async def send(self, body: bytes) -> None:
        """Raises OutputFailed."""
        ...

    def farewell(self) -> bytes:
        """What is sent after the last second; nothing where there is nothing to say."""
        ...

    async def close(self) -> None: ...
