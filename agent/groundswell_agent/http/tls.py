"""TLS for the requests: verified unless told otherwise, one context for all connections of a kind."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError
from groundswell.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ALPN = ("http/1.1",)


class InvalidCertificate(GroundswellError):
    """A certificate, key or authority that cannot be used. Nothing of a key is ever in a message."""

    exit_code = ExitCode.INVALID_TEST


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """PEM, both: the certificate with those between it and its authority, and its key."""

    chain: bytes
    key: str
    password: str | None = None

    def __repr__(self) -> str:
        return "ClientCertificate(…)"


def client_context(
    ca_file: Path | None = None,
    *,
    ca: bytes | None = None,
    verify: bool = True,
    certificate: ClientCertificate | None = None,
    alpn: Sequence[str] = ALPN,
) -> ssl.SSLContext:
    """Trusts the system's authorities, or only those in `ca_file`, or those in `ca` (PEM)."""
    context = ssl.create_default_context(cafile=ca_file, cadata=None if ca is None else _pem(ca))
    context.set_alpn_protocols(list(alpn))
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        _show(context, certificate)
    return context


def _pem(ca: bytes) -> str:
    try:
        text = ca.decode("ascii")
        # The library takes nothing at all for nothing to trust, and no error.
        if "-----BEGIN CERTIFICATE-----" in text:
            ssl.create_default_context(cadata=text)
            return text
    except (UnicodeDecodeError, ssl.SSLError):
        pass
    raise InvalidCertificate(
        "what `ca` names holds no certificate of an authority", hint="it must be PEM"
    )


def _show(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    """The library reads files alone: these are in memory and have no name."""
    chain = os.memfd_create("certificate")
    key = os.memfd_create("key")
    try:
        os.write(chain, certificate.chain)
        os.write(key, certificate.key.encode())
        context.load_cert_chain(
            f"/proc/self/fd/{chain}",
            f"/proc/self/fd/{key}",
            # Without one, OpenSSL would ask for it at the terminal.
            certificate.password or "",
        )
    except ssl.SSLError as error:
        raise InvalidCertificate(
            f"the client's certificate and key cannot be used: {_reason(error)}",
            hint="both must be PEM and belong together; an encrypted key needs `key_password`",
        ) from None
    finally:
        os.close(chain)
        os.close(key)


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or "they are not PEM").lower().replace("_", " ")
