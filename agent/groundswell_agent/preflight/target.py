"""One connection to where the requests will go, without a request: name, TCP, TLS, each with its time.

The target counts no request by this, and answers none.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from groundswell_agent.http.connector import error_of
from groundswell_agent.http.resolver import Resolver
from groundswell_agent.preflight.check import error, ok, warning

if TYPE_CHECKING:
    from groundswell_agent.http.request import Origin
    from groundswell_agent.preflight.check import Check

# For all of it: a run does not wait longer for a target that may be down.
PATIENCE_S = 1.0
_ADDRESSES_SHOWN = 3
_EXPIRES_SOON_DAYS = 7


@dataclass(slots=True)
class Reached:
    """How far it went, and what was found on the way."""

    origin: Origin
    checks: list[Check]
    addresses: int = 0


async def reach(
    origin: Origin, *, tls: ssl.SSLContext | None = None, patience_s: float = PATIENCE_S
) -> Reached:
    """Never raises for what the target does."""
    reached = Reached(origin, [])
    try:
        async with asyncio.timeout(patience_s):
            await _reach(reached, tls)
    except TimeoutError:
        text = f"{_place(origin)} did not answer within {patience_s:g} s"
        reached.checks.append(_failed("connection", "target_unreachable", text, "timeout"))
    return reached


async def _reach(reached: Reached, tls: ssl.SSLContext | None) -> None:
    origin, checks = reached.origin, reached.checks
    begin = monotonic()
    try:
        addresses = await Resolver(asyncio.get_running_loop()).addresses(origin.host)
    except OSError as failure:
        text = f"{origin.host} has no address: {failure.strerror or failure}"
        checks.append(_failed("name", "target_unresolved", text, "dns"))
        return
    reached.addresses = len(addresses)
    if addresses != (origin.host,):
        checks.append(ok("name", f"{origin.host} is {_listed(addresses)}, {_since(begin)}"))
    begin = monotonic()
    try:
        transport = await _connect(origin, addresses)
    except OSError as failure:
        text = f"{_place(origin)} {_why_not(failure)}"
        checks.append(_failed("connection", "target_unreachable", text, error_of(failure)))
        return
    try:
        checks.append(ok("connection", f"to {_place(origin)}, {_since(begin)}"))
        if origin.scheme == "https":
            await _shake_hands(reached, transport, tls)
    finally:
        transport.abort()


async def _connect(origin: Origin, addresses: tuple[str, ...]) -> asyncio.Transport:
    """To the first address that takes it. OSError of the last one where none does."""
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for address in addresses:
        try:
            transport, _ = await loop.create_connection(asyncio.Protocol, address, origin.port)
        except OSError as found:
            failure = found
        else:
            return transport
    assert failure is not None
    raise failure


async def _shake_hands(
    reached: Reached, transport: asyncio.Transport, tls: ssl.SSLContext | None
) -> None:
    origin, checks = reached.origin, reached.checks
    begin = monotonic()
    loop = asyncio.get_running_loop()
    context = tls or ssl.create_default_context()
    # What the target would rather speak; requests are sent as HTTP/1.1 whatever it says.
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        secured = await loop.start_tls(
            transport, asyncio.Protocol(), context, server_hostname=origin.host
        )
    except (ssl.SSLError, OSError) as failure:
        why = getattr(failure, "verify_message", None) or failure.strerror or str(failure)
        text = f"the TLS handshake with {_place(origin)} failed: {why}"
        checks.append(_failed("tls", "target_tls", text, "tls"))
        return
    assert secured is not None
    session = secured.get_extra_info("ssl_object")
    checks.append(_certificate(session, origin, _since(begin)))
    if session.selected_alpn_protocol() == "h2":
        text = f"{_place(origin)} would speak HTTP/2, and is sent HTTP/1.1"
        hint = "it may do worse by it than with the browsers that it has"
        checks.append(warning("http", "target_http2", text, hint))
    secured.abort()


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
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return f"{host}:{origin.port}"


def _listed(addresses: tuple[str, ...]) -> str:
    shown = ", ".join(addresses[:_ADDRESSES_SHOWN])
    more = len(addresses) - _ADDRESSES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _since(begin: float) -> str:
    return f"{(monotonic() - begin) * 1000:.1f} ms"
