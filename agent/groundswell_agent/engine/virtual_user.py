"""A virtual user: what iterates. It keeps its connections between its iterations."""

from __future__ import annotations

import asyncio
from random import Random
from time import monotonic
from typing import TYPE_CHECKING

from groundswell_agent.engine.cookies import Jar
from groundswell_agent.engine.ending import EndIteration
from groundswell_agent.recording.rows import span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell_agent.engine.scenario_load import ScenarioLoad
    from groundswell_agent.engine.values import Namespace
    from groundswell_agent.http.client import Client
    from groundswell_agent.http.digest import Credentials
    from groundswell_agent.http.request import Origin


class VirtualUser:
    """One of a scenario's VUs, with the state of its iteration.

    From `due` on counts the response time of its next request. `began` is when the iteration, or the
    pass of a loop, was due. `iterations` counts those before this one, as k6 does.
    """

    __slots__ = (
        *("_branches", "_fields", "_random", "_stream", "began", "client", "digests", "due"),
        *("iterations", "jar", "load", "number", "variables"),
    )

    def __init__(self, number: int, load: ScenarioLoad) -> None:
        self.number = number
        self.load = load
        self.client: Client = load.new_client()
        self.due = self.began = 0.0
        self.iterations = -1
        self.variables: dict[str, object] = {}
        self.jar = Jar()
        # By origin, from the first challenge on.
        self.digests: dict[Origin, Credentials] | None = None
        self._fields: dict[str, Mapping[str, object]] = {}
        self._branches: list[VirtualUser] = []
        self._stream = f"vu {number}"
        self._random: Random | None = None

    @property
    def random(self) -> Random:
        """Chance of its own: the same in every run with the same seed, whatever the others do."""
        if self._random is None:
            self._random = Random(self.load.seed_of(self._stream))
        return self._random

    def fields(self, name: str, namespace: Namespace) -> Mapping[str, object]:
        """What a namespace gives for this iteration."""
        fields = self._fields.get(name)
        if fields is None:
            fields = self._fields[name] = namespace.take(self)
        return fields

    def give_rows(self, rows: Mapping[str, Mapping[str, object]]) -> None:
        """For its next iteration."""
        self._fields.clear()
        self._fields.update(rows)

    def branch(self, number: int) -> VirtualUser:
        """This VU on connections of its own, for steps beside others; all else is shared."""
        while len(self._branches) <= number:
            self._branches.append(self._new_branch())
        branch = self._branches[number]
        branch.due, branch.began, branch.iterations = self.due, self.began, self.iterations
        return branch

    def adopt(self, branch: VirtualUser) -> None:
        """Close its connections with the VU's own."""
        self._branches.append(branch)

    def _new_branch(self) -> VirtualUser:
        branch = VirtualUser(self.number, self.load)
        branch.variables, branch.jar, branch._fields = self.variables, self.jar, self._fields
        branch._stream = f"{self._stream}.{len(self._branches)}"
        return branch

    def close(self) -> None:
        """Close its connections."""
        self.client.close()
        for branch in self._branches:
            branch.close()

    def begin(self, due: float) -> None:
        """An iteration starts, for the moment `due`."""
        load = self.load
        load.account.fired += 1
        self.iterations += 1
        self.due = self.began = due
        # Nothing of the iteration before is left, unless cookies are to be kept.
        if self.variables:
            self.variables.clear()
        # Where rows are given before an iteration, that has put away those of the one before.
        if self._fields and load.take_rows is None:
            self._fields.clear()
        if self.jar.cookies and not load.keeps_cookies:
            self.jar.clear()

    async def iteration(self, due: float, started: float) -> float:
        """Iterate once, from now (`started`) on, for the moment `due`; returns when it ended.

        Whoever iterates again at once hands that end on: a clock less to read.
        """
        load = self.load
        self.begin(due)
        try:
            for step in load.steps:
                await step(self)
        except EndIteration:
            pass
        except asyncio.CancelledError:
            load.interrupted(monotonic())
            raise
        ended = monotonic()
        load.record_iteration(span(started, ended))
        return ended
