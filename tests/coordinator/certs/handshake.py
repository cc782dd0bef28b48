"""A TLS handshake between two ends in memory, by OpenSSL and not by what the product uses."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell_coordinator.certs.authority import Issued


class Refused(Exception):
    """The server did not take the client's certificate."""


def shake_hands(
    folder: Path, roots_pem: bytes, server: Issued, client: Issued, host: str
) -> dict[str, Any]:
    """What the server sees of the client's certificate; the client raises as ssl does."""
    serving = _context(folder, roots_pem, server, ssl.PROTOCOL_TLS_SERVER)
    serving.verify_mode = ssl.CERT_REQUIRED
    calling = _context(folder, roots_pem, client, ssl.PROTOCOL_TLS_CLIENT)
    calling.verify_flags |= ssl.VERIFY_X509_STRICT
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = calling.wrap_bio(down, up, server_hostname=host)
    far = serving.wrap_bio(up, down, server_side=True)
    done = [False, False]
    for _ in range(10):
        done[0] = done[0] or _step(near)
        try:
            done[1] = done[1] or _step(far)
        except ssl.SSLError as error:
            raise Refused(str(error)) from error
    assert all(done)
    seen = far.getpeercert()
    assert seen
    return seen


def _step(end: ssl.SSLObject) -> bool:
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _context(folder: Path, roots_pem: bytes, own: Issued, kind: int) -> ssl.SSLContext:
    context = ssl.SSLContext(kind)
    context.load_verify_locations(cadata=roots_pem.decode())
    pair = folder / "pair.pem"
    pair.write_bytes(own.key_pem + own.certificate_pem)
    context.load_cert_chain(pair)
    return context
