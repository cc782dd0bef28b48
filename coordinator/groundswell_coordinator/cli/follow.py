"""Follow a run to its end, on the screen and with Ctrl-C in hand."""

from __future__ import annotations

import asyncio
import shlex
from contextlib import aclosing
from typing import TYPE_CHECKING

from groundswell.errors import CoordinatorUnreachable, GroundswellError
from groundswell.v1 import control_pb2
from groundswell.v1.control_pb2 import Notice
from groundswell_coordinator.failure import CoordinatorGone
from groundswell_coordinator.reconnection import PATIENCE_S, Reconnection

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.credentials import Remote
    from groundswell.v1.control_pb2 import Ended, Opened, RunEvent
    from groundswell_coordinator.cli.interrupts import Interrupts
    from groundswell_coordinator.client import ControlClient
    from groundswell_coordinator.report.live import LiveView

_STOP_AGAIN_S = 0.5
_BEFORE_THE_LOAD = (
    control_pb2.RUN_STATE_WAITING,
    control_pb2.RUN_STATE_PREPARING,
    control_pb2.RUN_STATE_SETTING_UP,
    control_pb2.RUN_STATE_STARTING,
)


class Follower:
    """Shows a run's events until its end, over as many streams as it takes."""

    def __init__(
        self,
        client: ControlClient,
        run: str,
        view: LiveView,
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.run_id = run
        self.reconnection = Reconnection(self.tell, patience_s)
        # Whether the run has come as far as to be under way.
        self.is_running = False
        self._client = client
        self._view = view
        self._shown_until = -1
        self._noticed: set[tuple[str, str]] = set()
        self._watch: asyncio.Task[Ended] | None = None
        self._has_left = False

    async def follow(
        self, interrupts: Interrupts, interrupted: Callable[[int], None]
    ) -> Ended | None:
        """The run's end, or None where whoever follows it has left; `interrupted` gets every Ctrl-C."""
        self._watch = asyncio.create_task(self._until_the_end())
        interrupts.tell(interrupted)
        try:
            return await self._watch
        except asyncio.CancelledError:
            if self._has_left:
                return None
            raise
        except CoordinatorGone as gone:
            raise CoordinatorUnreachable(
                f"run {self.run_id}: {gone.message}",
                hint=f"`{how_to_watch(self.run_id, self._client.coordinator)}` follows it again",
            ) from gone
        finally:
            # The run is over; what is left is to take things down, and that is not to be cut short.
            interrupts.tell(_ignore)
            self._watch.cancel()
            await asyncio.wait([self._watch])
            self._view.close()

    def leave(self) -> None:
        """Let the run go on alone."""
        if self._watch is not None:
            self._has_left = True
            self._watch.cancel()

    def tell(self, line: str) -> None:
        """Beside what the run itself tells."""
        self._view.notice(Notice(message=line))

    async def _until_the_end(self) -> Ended:
        async with aclosing(self.reconnection.watch(self._client, self.run_id)) as events:
            async for event in events:
                if event.HasField("ended"):
                    return event.ended
                self._show(event)
        raise AssertionError("a watch ends with `ended` or raises")

    def _show(self, event: RunEvent) -> None:
        match event.WhichOneof("body"):
            case "opened":
                self._open(event.opened)
            case "state":
                self.is_running = event.state.state not in _BEFORE_THE_LOAD
                self._view.state(event.state)
            case "progress" if event.progress.interval > self._shown_until:
                self._shown_until = event.progress.interval
                self._view.progress(event.progress)
            case "notice":
                # A stream that broke begins again with all of them.
                told = (event.notice.code, event.notice.message)
                if told not in self._noticed:
                    self._noticed.add(told)
                    self._view.notice(event.notice)
            case _:
                pass

    def _open(self, opened: Opened) -> None:
        self.run_id = opened.run_id
        self._view.title = opened.test


class Stopper:
    """What Ctrl-C does to a run that one has started: it stops gracefully, then at once.

    With `may_leave`, the third one leaves it to itself.
    """

    def __init__(
        self, client: ControlClient, follower: Follower, *, may_leave: bool = False
    ) -> None:
        self._client = client
        self._follower = follower
        self._may_leave = may_leave
        self._orders: set[asyncio.Task[None]] = set()

    def interrupted(self, count: int) -> None:
        if self._may_leave and count > 2:
            self._follower.leave()
            return
        order = asyncio.create_task(self.stop(abort=count > 1))
        self._orders.add(order)
        order.add_done_callback(self._orders.discard)

    async def stop(self, *, abort: bool) -> None:
        """Returns when the coordinator has heard it, however long it is gone."""
        while True:
            try:
                await self._client.stop(self._follower.run_id, abort=abort, cause="interrupted")
            except CoordinatorGone:
                await asyncio.sleep(_STOP_AGAIN_S)
            except GroundswellError as error:
                # Mostly that it has ended meanwhile.
                self._follower.tell(f"cannot stop it: {error}")
                return
            else:
                return

    async def close(self) -> None:
        for order in self._orders:
            order.cancel()
        await asyncio.gather(*self._orders, return_exceptions=True)


def how_to_watch(run_id: str, coordinator: Remote) -> str:
    return shlex.join(["groundswell", "watch", run_id, *coordinator.words()])


def _ignore(count: int) -> None:
    pass
