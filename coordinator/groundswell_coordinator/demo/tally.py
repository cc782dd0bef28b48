"""The demo target's own count of what reached it: the truth to compare a run's numbers with."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypedDict

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

STATS_PATH = "/stats"

# Where a request is counted that no route answers, so that a wrong path is still seen.
UNMATCHED = "(unmatched)"

# In place of a status where the client went away before its answer was complete.
GONE = "gone"


class RouteStats(TypedDict):
    requests: int
    statuses: dict[str, int]


class Stats(TypedDict):
    requests: int
    routes: dict[str, RouteStats]


class Tally:
    """Requests per route, counted as they arrive, and the statuses they were answered with.

    The two differ by the requests in progress: a client that gave up waiting did send its request.
    """

    def __init__(self) -> None:
        self._arrived: Counter[str] = Counter()
        self._answered: Counter[tuple[str, str]] = Counter()

    def stats(self) -> Stats:
        routes = {route: self._route_stats(route) for route in sorted(self._arrived)}
        return {"requests": self._arrived.total(), "routes": routes}

    def _route_stats(self, route: str) -> RouteStats:
        answers = sorted(self._answered.items())
        statuses = {status: count for (name, status), count in answers if name == route}
        return {"requests": self._arrived[route], "statuses": statuses}

    def middleware(self) -> Middleware:
        """Counts everything but the questions for the count itself."""

        @web.middleware
        async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
            route = _route_of(request)
            if route == STATS_PATH:
                return await handler(request)
            self._arrived[route] += 1
            status = GONE
            try:
                response = await handler(request)
                status = str(response.status)
                return response
            except web.HTTPException as answer:
                status = str(answer.status)
                raise
            finally:
                self._answered[route, status] += 1

        return count


def _route_of(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else UNMATCHED
