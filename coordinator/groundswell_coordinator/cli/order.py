"""What is to be run and how, and how a run that was ordered may fail to be one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from groundswell.errors import FilesMissing, GroundswellError
from groundswell.exit_codes import ExitCode
from groundswell.scenario.source import sealed
from groundswell_coordinator.cli.files import send_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.capacity.settings import SearchSettings
    from groundswell.scenario.model import Test
    from groundswell.scenario.source import TestSource
    from groundswell.v1.control_pb2 import Ended
    from groundswell_coordinator.cli.confirmation import Confirmation
    from groundswell_coordinator.client import ControlClient
    from groundswell_coordinator.outputs.destination import Destination


_ATTEMPTS = 3


def new_run_id() -> str:
    """Sorts by time and reads well; no two clients make the same."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


@dataclass(frozen=True, slots=True)
class Order:
    """`wait_s` is how long agents may take to attach, or to become free.

    `agents` is None for all that are free. `confirmation` is obtained once the test is read.
    """

    source: TestSource
    agents: int | None
    labels: Mapping[str, str]
    seed: int
    wait_s: float
    quiet: bool
    confirmation: Confirmation
    selector: Mapping[str, str] = field(default_factory=dict[str, str])
    on_agent_loss: str = ""
    agent_histograms: bool = False
    outputs: tuple[Destination, ...] = ()
    search: SearchSettings | None = None
    # What agents of our own may load besides what the test names.
    allowed: tuple[str, ...] = ()
    run_id: str = field(default_factory=new_run_id)

    def of_test(self, test: Test) -> Order:
        """The same with what the test itself brings: its files, and its labels under those given."""
        source = sealed(self.source, test.files)
        return replace(self, source=source, labels={**test.labels, **self.labels})

    async def submit(self, client: ControlClient, agents: int | None = None) -> None:
        """On so many agents, or as many as are ordered, after the files of its test. May be done twice:
        it is the same run.
        """
        for left in reversed(range(_ATTEMPTS)):
            await send_files(self.source, client, self._tell)
            try:
                await self._submit(client, agents)
            except FilesMissing:
                # Others' files have taken their room since.
                if not left:
                    raise
            else:
                return

    async def _submit(self, client: ControlClient, agents: int | None) -> None:
        await client.submit(
            self.run_id,
            self.source,
            agents=agents or self.agents or 1,
            labels=self.labels,
            seed=self.seed,
            wait_s=self.wait_s,
            selector=self.selector,
            on_agent_loss=self.on_agent_loss,
            agent_histograms=self.agent_histograms,
            outputs=[one.text for one in self.outputs],
            search=self.search,
        )

    def _tell(self, line: str) -> None:
        if not self.quiet:
            click.echo(line, err=True)


class Interrupted(GroundswellError):
    """Somebody pressed Ctrl-C before there was a run to stop, or left one alone."""

    exit_code = ExitCode.INTERRUPTED


class NeverStarted(GroundswellError):
    """A run that ended before any load: the coordinator's reason, and its exit code."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.error, hint=ended.hint or None)
        self.exit_code = ExitCode(ended.exit_code)  # type: ignore[misc]  # an instance's own


def with_summary(ended: Ended) -> Ended:
    """The end of a run that had begun; NeverStarted for another."""
    if ended.error:
        raise NeverStarted(ended)
    return ended
