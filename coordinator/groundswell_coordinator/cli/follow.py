"""Follow a run to its end, on the screen and with Ctrl-C in hand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from groundswell.errors import CoordinatorUnreachable
from groundswell.v1.control_pb2 import RUN_STATE_RUNNING

if TYPE_CHECKING:
    from groundswell.v1.control_pb2 import Ended, RunEvent
    from groundswell_coordinator.cli.interrupts import Interrupts
    from groundswell_coordinator.client import ControlClient
    from groundswell_coordinator.report.live import LiveView


class Follower:
    """Shows a run's events until its end. The first interrupt stops it gracefully, the second at once."""

    def __init__(self, client: ControlClient, run_id: str, view: LiveView) -> None:
        self._client = client
        self._run_id = run_id
        self._view = view
        # Whether the run has come as far as to be under way.
        self.is_running = False
        self._stops: set[asyncio.Task[None]] = set()

    async def follow(self, interrupts: Interrupts) -> Ended:
        interrupts.tell(self._interrupt)
        try:
            async for event in self._client.watch(self._run_id):
                if event.HasField("ended"):
                    return event.ended
                self._show(event)
        finally:
            # The run is over; what is left is to take things down, and that is not to be cut short.
            interrupts.tell(_ignore)
            self._view.close()
        raise CoordinatorUnreachable("the coordinator ended the stream before the run did")

    async def stop(self, *, abort: bool) -> None:
        await self._client.stop(self._run_id, abort=abort, cause="interrupted")

    def _show(self, event: RunEvent) -> None:
        match event.WhichOneof("body"):
            case "state":
                self.is_running = event.state.state >= RUN_STATE_RUNNING
                self._view.state(event.state)
            case "progress":
                self._view.progress(event.progress)
            case "notice":
                self._view.notice(event.notice)
            case _:
                pass

    def _interrupt(self, count: int) -> None:
        stop = asyncio.create_task(self.stop(abort=count > 1))
        self._stops.add(stop)
        stop.add_done_callback(self._stops.discard)


def _ignore(count: int) -> None:
    pass
