"""The request that a redirect asks for: RFC 9110, 15.4, as browsers do it.

    301, 302    a POST becomes a GET without a body, all else stays
    303         everything but a HEAD becomes a GET
    307, 308    the same request again

Credentials go no further than the origin that they were meant for; cookies go by their own rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin

from groundswell_agent.http.head import header_values
from groundswell_agent.http.request import TARGET_KEEPS, InvalidRequest, prepare, split_url

if TYPE_CHECKING:
    from groundswell_agent.engine.cookies import Jar
    from groundswell_agent.http.exchange import Exchange
    from groundswell_agent.http.request import PreparedRequest

# Made anew for each request.
_OURS = frozenset(("host", "content-length", "cookie"))
_OF_BODY = frozenset(("content-type", "content-encoding", "content-language"))
_CREDENTIALS = frozenset(("authorization", "proxy-authorization"))


def target_of(request: PreparedRequest) -> str:
    """What the request line asks for."""
    return request.payload.split(b" ", 2)[1].decode("latin-1")


def take_cookies(jar: Jar, request: PreparedRequest, exchange: Exchange, head: bytes) -> None:
    """Keep what a response sets; `head` is its `lower_head`, since few do."""
    # `in` takes twice as long: it first tries whether the bytes are a number.
    if head.find(b"\nset-cookie:") >= 0:
        lines = header_values(exchange.raw, b"set-cookie")
        jar.take(lines, request.origin, target_of(request))


def redirected(request: PreparedRequest, exchange: Exchange, jar: Jar) -> PreparedRequest | None:
    """The next request; None where the response leads nowhere that can be asked for."""
    locations = header_values(exchange.raw, b"location")
    if not locations:
        return None
    try:
        return _following(request, exchange.status, locations[0], jar)
    except InvalidRequest:
        return None


def repeated(request: PreparedRequest, jar: Jar) -> PreparedRequest:
    """The same request with the cookies that fit it by now, if it had none."""
    head, _, body = request.payload.partition(b"\r\n\r\n")
    cookies = jar.line_for(request.origin, head.decode("latin-1"))
    if not cookies:
        return request
    return request.with_payload(b"%b\r\n%b\r\n%b" % (head, cookies.encode("latin-1"), body))


def _following(request: PreparedRequest, status: int, location: str, jar: Jar) -> PreparedRequest:
    origin, path = split_url(_address(request, location))
    method = _method(request.method, status)
    head, _, body = request.payload.partition(b"\r\n\r\n")
    dropped = _OURS
    if method != request.method:
        dropped, body = dropped | _OF_BODY, b""
    if origin != request.origin:
        dropped |= _CREDENTIALS
    lines = (line.partition(": ") for line in head.decode("latin-1").split("\r\n")[1:])
    headers = [(name, value) for name, _, value in lines if name.lower() not in dropped]
    if cookies := jar.header_for(origin, path):
        headers.append(("Cookie", cookies))
    return prepare(
        method,
        origin,
        path,
        headers=headers,
        body=body,
        timeout=request.handling.timeout,
        collects=request.handling.collects,
        body_limit=request.handling.body_limit,
        source=request.source if method == request.method else None,
    )


def _address(request: PreparedRequest, location: str) -> str:
    # Servers send UTF-8 where the header's own rule says latin-1.
    text = quote(location.encode("latin-1"), safe=TARGET_KEEPS + "#")
    origin = request.origin
    base = f"{origin.scheme}://{origin.authority}{target_of(request)}"
    try:
        return urljoin(base, text).partition("#")[0]
    except ValueError:
        raise InvalidRequest("a redirect leads to an address that is none") from None


def _method(method: str, status: int) -> str:
    if status == 303 and method != "HEAD":
        return "GET"
    return "GET" if status in (301, 302) and method == "POST" else method
