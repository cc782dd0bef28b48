"""The outputs of one run, fed with every second as soon as it is sealed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from groundswell.errors import InvalidConfiguration
from groundswell.verdict.run_warning import RunWarning
from groundswell_coordinator.counted import counted
from groundswell_coordinator.outputs.destination import MOST, parse_destination
from groundswell_coordinator.outputs.outlet import Outlet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from groundswell_coordinator.outputs.destination import Destination
    from groundswell_coordinator.outputs.sink import RunFacts
    from groundswell_coordinator.timeline.interval import Interval

FAILING, MISSED = "output_failing", "output_missed"


class Outputs:
    """Made while the agents prepare: what it takes to send is imported then, and not at the start.

    `notice` is told of trouble while the run goes on: a code and a message.
    """

    def __init__(
        self,
        destinations: Sequence[Destination],
        facts: RunFacts,
        notice: Callable[[str, str], None],
    ) -> None:
        self._notice = notice
        self._facts = facts
        self._outlets = {
            destination: Outlet(destination.open(facts), self._trouble_of(destination))
            for destination in destinations
        }

    def start(self, at: datetime) -> None:
        """Before the first `take`."""
        self._facts.start_ns = round(at.timestamp() * 1e6) * 1000

    def take(self, interval: Interval) -> None:
        for outlet in self._outlets.values():
            outlet.offer(interval)

    async def close(self) -> tuple[RunWarning, ...]:
        """Send what can be sent in a few seconds; then what was missed, by whom and why."""
        await asyncio.gather(*(outlet.close() for outlet in self._outlets.values()))
        return tuple(self._missed())

    async def abandon(self) -> None:
        """Of a run that is left, or that has ended otherwise: what waits is not sent any more."""
        await asyncio.gather(*(outlet.abandon() for outlet in self._outlets.values()))

    def _trouble_of(self, destination: Destination) -> Callable[[str], None]:
        def trouble(message: str) -> None:
            self._notice(FAILING, f"{destination}: {message}; the run goes on without it")

        return trouble

    def _missed(self) -> Iterable[RunWarning]:
        for destination, outlet in self._outlets.items():
            if outlet.missed:
                many = f"{outlet.missed} of {counted(outlet.offered, 'second')}"
                yield RunWarning(MISSED, f"{destination} missed {many}: {outlet.last_failure}")


def ended_early(name: str) -> RunWarning:
    """Of an output of a run that another coordinator goes on with: it does not know where to."""
    return RunWarning(MISSED, f"{name} got nothing after the coordinator was restarted")


def parse_outputs(texts: Sequence[str], *, may_write_files: bool) -> tuple[Destination, ...]:
    """Raises InvalidConfiguration. A coordinator writes no files for its clients."""
    if len(texts) > MOST:
        raise InvalidConfiguration(f"a run has at most {MOST} outputs")
    destinations = tuple(map(parse_destination, texts))
    for destination in destinations:
        if destination.is_file and not may_write_files:
            raise InvalidConfiguration(
                f"{destination.kind} would be written on the coordinator's machine",
                hint="run it here, without --coordinator, or send it to a URL",
            )
    if len(set(destinations)) < len(destinations):
        raise InvalidConfiguration("an output is named twice")
    return destinations
