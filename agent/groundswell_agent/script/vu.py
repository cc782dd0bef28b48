"""The VU that a scenario's function is given: a face of the engine's own virtual user."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from groundswell.scenario.urls import NO_TARGET
from groundswell.script.vu import VU
from groundswell_agent.engine.ending import EndIteration
from groundswell_agent.engine.secrets import read_secret
from groundswell_agent.script.http import ScriptHttp
from groundswell_agent.script.scope import Group, Timer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from random import Random

    from groundswell.script.http import Http
    from groundswell.script.metrics import OwnMetric
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.script.scope import ScriptScope
    from groundswell_agent.script.script import Script

T = TypeVar("T")


class ScriptVu(VU):
    """Lives as long as its VU. `lag` is how late the agent gave the function its last turn, in
    seconds; `scope` the group that it is in. `saw_failure` is whether this iteration has had a response
    that it did not expect.
    """

    __slots__ = ("_env", "_http", "_script", "_vu", "lag", "saw_failure", "scope")

    def __init__(
        self, vu: VirtualUser, scope: ScriptScope, env: Mapping[str, str], script: Script
    ) -> None:
        self._vu = vu
        self._script = script
        self._env = env
        self.scope = scope
        self.lag = 0.0
        self.saw_failure = False
        self._http = ScriptHttp(self, vu)

    def begin(self, scope: ScriptScope) -> None:
        """Of an iteration."""
        self.saw_failure = False
        self.scope = scope
        self.lag = max(monotonic() - self._vu.due, 0.0)

    @property
    def http(self) -> Http:
        return self._http

    @property
    def number(self) -> int:
        return self._vu.number

    @property
    def iteration(self) -> int:
        return self._vu.iterations

    @property
    def scenario(self) -> str:
        return self._vu.load.name

    @property
    def target(self) -> str:
        return "" if self.scope.target == NO_TARGET else self.scope.target

    @property
    def env(self) -> Mapping[str, str]:
        return self._env

    @property
    def random(self) -> Random:
        return self._vu.random

    @property
    def setup(self) -> Any:  # noqa: ANN401  # whatever it returned
        return self._script.setup.value

    def row(self, source: str) -> Mapping[str, Any]:
        namespace = self._vu.load.namespaces.get(source)
        if namespace is None:
            where = f"the scenario {self.scenario}"
            raise LookupError(f"{where} does not say data=[{source!r}] among its options")
        return self._vu.fields(source, namespace)

    def secret(self, name: str) -> str:
        return read_secret(name)

    def check(self, name: str, ok: object) -> bool:
        passed = bool(ok)
        self.scope.check(name, passed)
        return passed

    async def pause(self, shortest: float, longest: float | None = None) -> None:
        length = shortest if longest is None else self._vu.random.uniform(shortest, longest)
        await self._wait_until(monotonic() - self.lag + length)

    async def pace(self, length: float) -> None:
        await self._wait_until(self._vu.began + length)

    async def _wait_until(self, end: float) -> None:
        await asyncio.sleep(max(end - monotonic(), 0))
        # A timer may ring half a millisecond early.
        self.lag = max(monotonic() - end, 0.0)

    def timer(self, name: str, **tags: str) -> AbstractAsyncContextManager[None]:
        return Timer(self.scope.timer(name, tags))

    def group(self, name: str) -> AbstractAsyncContextManager[None]:
        return Group(self, name)

    async def shared(self, make: Callable[[], AbstractAsyncContextManager[T]]) -> T:
        return await self._script.resources.get(make)

    def record(self, metric: OwnMetric, value: float, tags: Mapping[str, str]) -> None:
        """A sample of a metric of the test's own."""
        self.scope.own(metric, tags)(monotonic(), value)

    def end_iteration(self) -> NoReturn:
        raise EndIteration
