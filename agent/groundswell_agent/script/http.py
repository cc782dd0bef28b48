"""`vu.http`: each request through the same step as one of a test file, to a response."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from groundswell.script.http import Http, RequestOptions, Response
from groundswell_agent.script.lane import Lane

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from typing import Unpack

    from groundswell.scenario.step_model import Method
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.script.vu import ScriptVu

    Pending = Coroutine[Any, Any, Response]


class ScriptHttp(Http):
    """Of one VU. A lane that is free is used before another is opened, the last one used first."""

    __slots__ = ("_facade", "_free", "_lanes", "_vu")

    def __init__(self, facade: ScriptVu, vu: VirtualUser) -> None:
        self._facade = facade
        self._vu = vu
        self._free: list[Lane] = []
        self._lanes = 0

    # Plain functions that hand a coroutine on: one less to run through for each request.

    def request(self, method: Method, path: str, **options: Unpack[RequestOptions]) -> Pending:
        return self._send(method.upper(), path, options)

    def get(self, path: str, **options: Unpack[RequestOptions]) -> Pending:
        return self._send("GET", path, options)

    def post(self, path: str, **options: Unpack[RequestOptions]) -> Pending:
        return self._send("POST", path, options)

    def put(self, path: str, **options: Unpack[RequestOptions]) -> Pending:
        return self._send("PUT", path, options)

    def patch(self, path: str, **options: Unpack[RequestOptions]) -> Pending:
        return self._send("PATCH", path, options)

    def delete(self, path: str, **options: Unpack[RequestOptions]) -> Pending:
        return self._send("DELETE", path, options)

    def head(self, path: str, **options: Unpack[RequestOptions]) -> Pending:
        return self._send("HEAD", path, options)

    def options(self, path: str, **options: Unpack[RequestOptions]) -> Pending:
        return self._send("OPTIONS", path, options)

    async def _send(self, method: str, path: str, options: Mapping[str, object]) -> Response:
        facade, free = self._facade, self._free
        sites = facade.scope.sites
        try:
            ready = sites.known.get((method, path, *options.items()))
        except TypeError:
            # A mapping among them.
            ready = None
        site, request = ready or sites.ready(self._vu, method, path, options)
        lane = free.pop() if free else self._new_lane()
        lane.request = request
        # How late this agent was when it gave the function its turn is what a user would feel, too;
        # what the function itself did since is not.
        lane.due = monotonic() - facade.lag
        try:
            await site(lane)
        finally:
            free.append(lane)
        facade.lag = lane.client.last.given - lane.due
        return lane.response

    def _new_lane(self) -> Lane:
        self._lanes += 1
        return Lane(self._vu, self._facade, is_first=self._lanes == 1)
