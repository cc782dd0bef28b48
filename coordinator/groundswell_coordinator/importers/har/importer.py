"""`groundswell import har`: what a browser did, as one iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError
from groundswell_coordinator.counted import counted
from groundswell_coordinator.importers.draft import Draft, literal
from groundswell_coordinator.importers.har.cookies import Cookies
from groundswell_coordinator.importers.har.correlation import captures, found_in, sent_by
from groundswell_coordinator.importers.har.exchanges import (
    REDIRECTS,
    Exchange,
    exchanges_of,
    left_out,
)
from groundswell_coordinator.importers.har.file import read_har
from groundswell_coordinator.importers.har.pages import gaps, with_pages
from groundswell_coordinator.importers.har.selection import Selection, split
from groundswell_coordinator.importers.load import steady
from groundswell_coordinator.importers.reading import name_of
from groundswell_coordinator.importers.recorded import (
    Captured,
    Converter,
    origin_of,
    shared_auth,
    shared_headers,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell_coordinator.importers.draft import Request
    from groundswell_coordinator.importers.har.correlation import Found
    from groundswell_coordinator.importers.har.selection import HarOptions

_MOST_REQUESTS = 2_000
_SHORTEST_ITERATION_S = 2.0


def import_har(path: str, options: HarOptions) -> Draft:
    """One scenario with all requests of the file, in the order in which they began."""
    log = read_har(path)
    site = next((url for one in log.entries if (url := split(one.request.url))), None)
    if site is None:
        raise GroundswellError(f"{name_of(path)} has no request to an http:// or https:// address")
    selection = Selection(options, site)
    exchanges = exchanges_of([entry for entry in log.entries if selection.keeps(entry)])
    converter = Converter(origin_of(site))
    if len(exchanges) > _MOST_REQUESTS:
        left = counted(len(exchanges) - _MOST_REQUESTS, "request")
        converter.lost.append(f"the last {left}: {_MOST_REQUESTS:,} are enough for a test")
        del exchanges[_MOST_REQUESTS:]
    if names := left_out([one.entry for one in exchanges]):
        converter.lost.append(f"headers that a browser adds by itself: {', '.join(names)}")
    requests, captured = _requests(exchanges, converter)
    waits = gaps(exchanges)
    if sum(waits) and not options.think_time:
        converter.lost.append(f"{sum(waits):.1f}s of think time: --think-time makes pauses of it")
        waits = [0.0] * len(waits)
    return Draft(
        test=literal((site.hostname or "recording").removeprefix("www.")),
        origin=f"{name_of(path)}: {len(exchanges)} of {counted(len(log.entries), 'recorded request')}",
        target=converter.origin,
        scenario="user",
        load=steady(max(_SHORTEST_ITERATION_S, sum(waits) + _busy(exchanges))),
        headers=shared_headers(requests),
        auth=shared_auth(requests),
        steps=with_pages(exchanges, requests, waits, log),
        origins=converter.origins,
        edit=_edit(captured),
        secrets=converter.secrets.notes(),
        lost=[*converter.lost, *selection.notes()],
    )


def _busy(exchanges: Sequence[Exchange]) -> float:
    """Seconds that all requests take one after the other."""
    return sum(max(one.answered.time or 0.0, 0.0) for one in exchanges) / 1000


def _requests(
    exchanges: Sequence[Exchange], converter: Converter
) -> tuple[list[Request], list[str]]:
    """A step for each, and the names of what is captured on the way."""
    cookies = Cookies(converter, [one.entry for one in exchanges] + [o.answered for o in exchanges])
    sent = [sent_by(one.recorded) for one in exchanges]
    chosen = captures([list(found_in(one.answered)) for one in exchanges], sent)
    known: dict[str, Captured] = {}
    converter.captured = known
    requests: list[Request] = []
    for exchange, found in zip(exchanges, chosen, strict=True):
        request = converter.request(exchange.recorded)
        cookies.add(request, exchange.entry)
        _expect(request, exchange)
        _capture(request, found, known)
        requests.append(request)
    cookies.note()
    return requests, [one.name for one in known.values()]


def _expect(request: Request, exchange: Exchange) -> None:
    """What was answered is what is expected."""
    answered = exchange.answered.response.status
    if answered is None:
        request.status = "2xx"
        return
    status = int(answered)
    # Nothing is asked for "only if it has changed": then it comes.
    request.status = 200 if status == 304 else status
    if status >= 400:
        request.expect_status = [status]
        request.comments.append(f"answered {status} when it was recorded")
    elif status in REDIRECTS:
        request.redirects = 0


def _capture(request: Request, found: dict[str, Found], known: dict[str, Captured]) -> None:
    for name, one in found.items():
        request.captures[name] = one.source
        known[one.value] = Captured(name, one.is_text)


def _edit(captured: Sequence[str]) -> list[str]:
    notes = ["each check wants the status that was recorded, and nothing else: add your own"]
    if captured:
        notes.append(
            f"{', '.join(captured)}: captured, because a response brought them and a later request "
            "sent them back"
        )
    return notes
