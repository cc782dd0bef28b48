"""A request as the bytes that go out, built once and sent often.

What would break the framing (a line end in a header, a second Content-Length) is refused here,
before any load.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import quote, urlencode, urlsplit

from groundswell import __version__
from groundswell.errors import GroundswellError
from groundswell.exit_codes import ExitCode
from groundswell_agent.http.content import accepted
from groundswell_agent.http.known_head import NOTHING_KNOWN, KnownHead
from groundswell_agent.http.limits import DEFAULT_BODY_LIMIT, LONGEST_HOST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell_agent.http.upload import BodySource

Scheme = Literal["http", "https"]

DEFAULT_TIMEOUT = 60.0

_PORTS: dict[str, int] = {"http": 80, "https": 443}
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LINE_BREAKERS = re.compile(r"[\r\n\0]")
CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_HOST_TAKES_NO = re.compile(r"[\s/?#@\\\[\]]")
# What already is an escape or may stand in a target stays as the test's author wrote it.
TARGET_KEEPS = "/?%:@!$&'()*+,;=~-._[]|"
METHODS_WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})
_OURS = {
    "content-length": "it is counted from the body",
    "transfer-encoding": "a body is sent whole, with its length",
}


class InvalidRequest(GroundswellError, ValueError):
    """A request that cannot be put on the wire as it is meant."""

    exit_code = ExitCode.INVALID_TEST


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections go. `at` and `split_url` give one object for equal ones: quicker."""

    scheme: Scheme
    host: str
    port: int

    @staticmethod
    @lru_cache(maxsize=1024)
    def at(scheme: str, host: str, port: int | None = None) -> Origin:
        """`host` without brackets; names beyond ASCII become their IDNA form."""
        if scheme not in _PORTS:
            raise InvalidRequest(f"scheme {scheme!r} is not http or https")
        if not host or _HOST_TAKES_NO.search(host) or CONTROLS.search(host):
            raise InvalidRequest(f"{host!r} is no host")
        if len(host) > LONGEST_HOST:
            raise InvalidRequest(f"a host has at most {LONGEST_HOST} letters, not {len(host)}")
        port = _PORTS[scheme] if port is None else port
        if not 0 < port < 65536:
            raise InvalidRequest(f"port {port} is not between 1 and 65535")
        return Origin(cast("Scheme", scheme), _ascii_host(host), port)

    @property
    def authority(self) -> str:
        """As the Host header has it: IPv6 in brackets, the scheme's own port left out."""
        # A zone (fe80::1%eth0) means something on this machine only.
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Handling:
    """What a connection does for a request and with its response. One object for equal ones, which is
    quicker to compare than they are: see `handling_of`.
    """

    # Seconds, for the whole exchange, connecting included.
    timeout: float
    keep_body: bool
    keep_headers: bool
    # The body as well, but in the plain way through: see Collector.
    collects: bool
    # We said `Connection: close`, so the connection ends with this exchange whatever the server says.
    closes: bool
    # Bytes of the body that are kept; the rest is read and dropped.
    body_limit: int
    # A response to it has no body.
    bodiless: bool

    @property
    def looks_closely(self) -> bool:
        """The response must be looked into; all others are only counted."""
        return self.keep_body or self.keep_headers or self.closes or self.bodiless

    @property
    def reads(self) -> bool:
        return self.looks_closely or self.collects


# A test has a handful.
handling_of = cache(Handling)


class PreparedRequest:
    """One request, ready to be written. Never change one: it may be on its way.

    A templated step makes its next one with `with_payload`.
    """

    __slots__ = ("handling", "known", "method", "origin", "payload", "size", "source")

    def __init__(
        self,
        origin: Origin,
        method: str,
        payload: bytes,
        handling: Handling,
        source: BodySource | None = None,
    ) -> None:
        self.origin = origin
        self.method = method
        self.payload = payload
        self.size = len(payload)
        self.handling = handling
        # What its responses begin with. Shared by all requests of a step.
        self.known = NOTHING_KNOWN if handling.looks_closely else KnownHead()
        # Gives the body, where it is sent in parts; `payload` and `size` are then those of the head.
        self.source = source

    def with_payload(self, payload: bytes) -> PreparedRequest:
        """The same request with other bytes, head and body, which the caller has checked."""
        # Past `__init__`, which takes twice as long: a templated step does this for each request.
        other = _new(PreparedRequest)
        other.origin = self.origin
        other.method = self.method
        other.payload = payload
        other.size = len(payload)
        other.handling = self.handling
        other.known = self.known
        other.source = self.source
        return other

    def with_source(self, head: bytes, source: BodySource) -> PreparedRequest:
        """The same request with another head, and a body that comes in parts."""
        other = self.with_payload(head)
        other.source = source
        return other


_new = object.__new__


def prepare(
    method: str,
    origin: Origin,
    path: str = "/",
    *,
    query: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    timeout: float = DEFAULT_TIMEOUT,
    keep_body: bool = False,
    keep_headers: bool = False,
    collects: bool = False,
    body_limit: int = DEFAULT_BODY_LIMIT,
    source: BodySource | None = None,
) -> PreparedRequest:
    """Build a request. `path` may carry a query; `timeout` in seconds, `body_limit` in bytes.

    Its body is `body`, or comes from `source` in parts. A response whose body is kept may come
    compressed, unless `headers` say otherwise: no other request asks for that.
    """
    if not _TOKEN.fullmatch(method):
        raise InvalidRequest(f"{method!r} is no HTTP method")
    if not timeout > 0:
        raise InvalidRequest(f"a timeout of {timeout} s leaves no time at all")
    given = _pairs(headers)
    if keep_body and all(name.lower() != "accept-encoding" for name, _ in given):
        given.append(("Accept-Encoding", accepted()))
    length = len(body) if source is None else source.length
    head = request_head(method, origin, target(path, query), given, length)
    closes = any(name.lower() == "connection" and "close" in value.lower() for name, value in given)
    return PreparedRequest(
        origin,
        method,
        head + body,
        handling_of(
            timeout, keep_body, keep_headers, collects, closes, body_limit, method == "HEAD"
        ),
        source,
    )


def request_head(
    method: str,
    origin: Origin,
    to: str,
    headers: Iterable[tuple[str, str]],
    body_length: int | None,
) -> bytes:
    """All before the body. `to` comes from `target`; a header given twice is sent twice.

    A body whose length is not known goes out in chunks.
    """
    given = [(check_header_name(name), check_header_value(name, value)) for name, value in headers]
    names = {name.lower() for name, _ in given}
    ours = [
        ("Host", origin.authority),
        ("User-Agent", f"groundswell/{__version__}"),
        ("Accept", "*/*"),
    ]
    fields = [(name, value) for name, value in ours if name.lower() not in names] + given
    if body_length is None:
        fields.append(("Transfer-Encoding", "chunked"))
    elif body_length or method in METHODS_WITH_LENGTH:
        fields.append(("Content-Length", str(body_length)))
    lines = [f"{method} {to} HTTP/1.1", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def target(path: str, query: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> str:
    """The request's target, escaped as UTF-8 where it must be, without a fragment."""
    if CONTROLS.search(path):
        raise InvalidRequest(f"path {path!r} contains a control character")
    path = path.partition("#")[0]
    if path != "*" and not path.startswith("/"):
        raise InvalidRequest(f"path {path!r} does not start with /")
    escaped = quote(path, safe=TARGET_KEEPS)
    more = urlencode(_pairs(query), quote_via=quote)
    if not more:
        return escaped
    return f"{escaped}{'&' if '?' in escaped else '?'}{more}"


def check_header_name(name: str) -> str:
    """The name itself, if it may be sent."""
    if not _TOKEN.fullmatch(name):
        raise InvalidRequest(f"{name!r} is no header name")
    if name.lower() in _OURS:
        raise InvalidRequest(f"header {name} cannot be set", hint=_OURS[name.lower()])
    return name


def check_header_value(name: str, value: str) -> str:
    """The value itself, if it may be sent; a template may have filled in anything."""
    if _LINE_BREAKERS.search(value):
        raise InvalidRequest(f"header {name} contains a line end or a NUL: {value!r}")
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        hint = "escape it; HTTP/1.1 headers are latin-1"
        raise InvalidRequest(
            f"header {name} has characters beyond latin-1: {value!r}", hint=hint
        ) from None
    return value.strip(" \t")


def split_url(url: str) -> tuple[Origin, str]:
    """An absolute URL as its origin and the rest, which `prepare` takes as path."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidRequest(f"{url!r} is no URL: {error}") from None
    if "@" in parts.netloc:
        raise InvalidRequest(
            "a URL cannot carry a user or password", hint="send an Authorization header"
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Origin.at(parts.scheme, parts.hostname or "", port), path


def _ascii_host(host: str) -> str:
    if host.isascii():
        return host.lower()
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise InvalidRequest(f"{host!r} is no host name: {error}") from None


def _pairs(given: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    keys = getattr(given, "items", None)
    return list(keys() if keys is not None else cast("Iterable[tuple[str, str]]", given))
