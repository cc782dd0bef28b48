"""One connection to where the requests will go, and by their way, without a request: name, TCP, TLS, each
with its time.

The target counts no request by this, and answers none.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from groundswell_agent.http.connector import Connector, error_of
from groundswell_agent.http.guard import TargetRefused
from groundswell_agent.http.proxy import ProxyRefused, TunnelledConnection
from groundswell_agent.http.secure import SecureConnection
from groundswell_agent.preflight.check import error, ok, warning

if TYPE_CHECKING:
    from groundswell_agent.http.connection import Connection
    from groundswell_agent.http.fixed_hosts import Endpoints
    from groundswell_agent.http.request import Origin
    from groundswell_agent.preflight.check import Check

# For all of it: a run does not wait longer for a target that may be down.
PATIENCE_S = 1.0
# What the target would rather speak; requests are sent as HTTP/1.1 whatever it says.
OFFERED = ("h2", "http/1.1")
_ADDRESSES_SHOWN = 3
_EXPIRES_SOON_DAYS = 7


@dataclass(slots=True)
class Reached:
    """How far it went, and what was found on the way. `addresses` counts pairs of one of theirs and
    one of ours.
    """

    origin: Origin
    checks: list[Check]
    addresses: int = 0


async def reach(
    origin: Origin, connector: Connector | None = None, *, patience_s: float = PATIENCE_S
) -> Reached:
    """Never raises for what the target does. `connector` offers HTTP/2, too, and is for this alone."""
    reached = Reached(origin, [])
    connector = connector or Connector(alpn=OFFERED)
    try:
        async with asyncio.timeout(patience_s):
            await _reach(reached, connector)
    except TimeoutError:
        text = f"{_place(origin)} did not answer within {patience_s:g} s"
        reached.checks.append(_failed("connection", "target_unreachable", text, "timeout"))
    return reached


async def _reach(reached: Reached, connector: Connector) -> None:
    origin, checks = reached.origin, reached.checks
    endpoints = await _looked_up(reached, connector)
    if not endpoints:
        return
    sources = connector.sources
    own = 1 if sources is None else sources.count_for(endpoints[0][0])
    reached.addresses = len(endpoints) * own
    begin = monotonic()
    connection = connector.new_connection(origin)
    try:
        if not await _connected(reached, connector, connection, endpoints):
            return
        by = connector.proxy_of(origin)
        way = "" if by is None else f" through the proxy {_host_port(by.host, by.port)}"
        checks.append(ok("connection", f"to {_place(origin)}{way}, {_since(begin)}"))
        if isinstance(connection, SecureConnection):
            await _shake_hands(reached, connection)
    finally:
        connection.give_up()


async def _looked_up(reached: Reached, connector: Connector) -> Endpoints:
    """Nothing where a name has no address, which is then told."""
    origin, begin = reached.origin, monotonic()
    proxy = connector.proxy_of(origin)
    host = origin.host if proxy is None else proxy.host
    try:
        endpoints = await connector.look_up(origin)
    except OSError as failure:
        text = f"{host} has no address: {failure.strerror or failure}"
        tag = "dns" if proxy is None else "proxy"
        reached.checks.append(_failed("name", "target_unresolved", text, tag))
        return ()
    addresses = tuple(address for address, _ in endpoints)
    if addresses != (host,):
        text = f"{host} is {_listed(addresses)}, {_since(begin)}"
        reached.checks.append(ok("name", text))
    return endpoints


async def _connected(
    reached: Reached, connector: Connector, connection: Connection, endpoints: Endpoints
) -> bool:
    """To the first address that takes it, and on through the proxy."""
    origin = connection.origin
    proxy = connector.proxy_of(origin)
    place = _place(origin) if proxy is None else f"the proxy {_host_port(proxy.host, proxy.port)}"
    try:
        await _connect(connector, connection, endpoints)
        if isinstance(connection, TunnelledConnection):
            await connection.dig()
    except TargetRefused as refusal:
        refused = error("guard", "target_refused", str(refusal), refusal.hint, refuses=True)
        reached.checks.append(refused)
        return False
    except OSError as failure:
        if isinstance(failure, ProxyRefused):
            text = f"{place} makes no way to {_place(origin)}: {failure}"
        else:
            text = f"{place} {_why_not(failure)}"
        tag = error_of(failure) if proxy is None else "proxy"
        reached.checks.append(_failed("connection", "target_unreachable", text, tag))
        return False
    return True


async def _connect(connector: Connector, connection: Connection, endpoints: Endpoints) -> None:
    """OSError of the last address where none takes it."""
    failure: OSError | None = None
    for address, port in endpoints:
        try:
            await connector.connect(connection, address, port)
        except OSError as found:
            # What is not allowed is said, even if another of its addresses is just down.
            if not isinstance(failure, TargetRefused):
                failure = found
        else:
            return
    assert failure is not None
    raise failure


async def _shake_hands(reached: Reached, connection: SecureConnection) -> None:
    origin, checks = reached.origin, reached.checks
    begin = monotonic()
    try:
        await connection.shake_hands()
    except (ssl.SSLError, OSError) as failure:
        why = getattr(failure, "verify_message", None) or failure.strerror or str(failure)
        text = f"the TLS handshake with {_place(origin)} failed: {why}"
        checks.append(_failed("tls", "target_tls", text, "tls"))
        return
    session = connection.tls
    checks.append(_certificate(session, origin, _since(begin)))
    if session.selected_alpn_protocol() == "h2":
        text = f"{_place(origin)} would speak HTTP/2, and is sent HTTP/1.1"
        hint = "it may do worse by it than with the browsers that it has"
        checks.append(warning("http", "target_http2", text, hint))


def _certificate(session: ssl.SSLObject, origin: Origin, took: str) -> Check:
    version = session.version()
    certificate = session.getpeercert() or {}
    expires = certificate.get("notAfter")
    if not isinstance(expires, str):
        return ok("tls", f"{version}, {took}")
    end = datetime.fromtimestamp(ssl.cert_time_to_seconds(expires), UTC)
    if (end - datetime.now(UTC)).days < _EXPIRES_SOON_DAYS:
        text = f"the certificate of {_place(origin)} is valid until {end:%Y-%m-%d %H:%M} UTC only"
        return warning("tls", "target_tls", text, "renew it")
    return ok("tls", f"{version}, {took}; certificate valid until {end:%Y-%m-%d}")


def _failed(subject: str, code: str, text: str, tag: str) -> Check:
    return error(subject, code, text, f"unless that changes, requests fail with error:{tag}")


def _why_not(failure: OSError) -> str:
    match error_of(failure):
        case "refused" if isinstance(failure, ConnectionRefusedError):
            return "refused the connection"
        case "timeout":
            return "did not answer"
        case _:
            return f"cannot be reached: {failure.strerror or failure}"


def _place(origin: Origin) -> str:
    return _host_port(origin.host, origin.port)


def _host_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _listed(addresses: tuple[str, ...]) -> str:
    shown = ", ".join(addresses[:_ADDRESSES_SHOWN])
    more = len(addresses) - _ADDRESSES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _since(begin: float) -> str:
    return f"{(monotonic() - begin) * 1000:.1f} ms"
