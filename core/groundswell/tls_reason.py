"""Why a connection to a coordinator does not come about: asked by a handshake of our own.

gRPC says of most failures of TLS no more than that a socket was closed.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from groundswell.errors import CoordinatorRefuses

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from cryptography import x509

    from groundswell.credentials import Credentials, Remote

_PATIENCE_S = 3.0
# A server that has taken a certificate says something at once.
_WORD_S = 1.0
_SHOW = "--cert and --key show a certificate, --token-file a token"

# OpenSSL's verification results.
_EXPIRED, _NOT_YET = 10, 9
_OTHER_NAME, _OTHER_ADDRESS = 62, 64


def tls_reason(coordinator: Remote) -> CoordinatorRefuses | None:
    """None where it is not TLS that is in the way. Blocks for some seconds at most."""
    if coordinator.socket is not None:
        return None
    try:
        if coordinator.credentials.is_tls:
            _try(coordinator)
        elif _speaks_tls(coordinator):
            return CoordinatorRefuses(
                f"the coordinator at {coordinator} speaks TLS",
                hint=f"--ca names the authority of its certificate; {_SHOW}",
            )
    except CoordinatorRefuses as reason:
        return reason
    except OSError:
        return None
    return None


def _try(coordinator: Remote) -> None:
    context = _context(coordinator.credentials)
    try:
        with _connected(coordinator, context) as connection:
            _await_a_word(connection)
    except ssl.SSLCertVerificationError as error:
        raise _unverified(coordinator, error) from error
    except ssl.SSLError as error:
        raise _refused(coordinator, error.reason or "") from error
    except (ConnectionResetError, BrokenPipeError) as error:
        raise _refused(coordinator, "") from error


def _context(credentials: Credentials) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=credentials.ca)
    except (OSError, ssl.SSLError) as error:
        raise CoordinatorRefuses(
            f"{credentials.ca} holds no certificate in PEM",
            hint="--ca names the authority of the coordinator's certificate: its ca.crt",
        ) from error
    context.set_alpn_protocols(["h2"])
    if credentials.cert is not None and credentials.key is not None:
        try:
            context.load_cert_chain(credentials.cert, credentials.key)
        except (OSError, ssl.SSLError) as error:
            raise CoordinatorRefuses(
                f"{credentials.key} is not the key of {credentials.cert}, or one of them is no PEM",
                hint="--cert and --key are two files of one folder: tls.crt and tls.key",
            ) from error
        _check_kind(credentials.cert)
    return context


def _check_kind(cert: Path) -> None:
    from groundswell.key_kind import NOT_TAKEN, TAKEN, grpc_takes

    certificate = _certificate(cert)
    if certificate is not None and not grpc_takes(certificate):
        raise CoordinatorRefuses(f"the key of {cert} {NOT_TAKEN}", hint=TAKEN)


@contextlib.contextmanager
def _connected(coordinator: Remote, context: ssl.SSLContext) -> Generator[ssl.SSLSocket]:
    with socket.create_connection((coordinator.host, coordinator.port), _PATIENCE_S) as plain:
        try:
            wrapped = context.wrap_socket(plain, server_hostname=coordinator.host)
        except (ssl.SSLEOFError, ConnectionResetError, BrokenPipeError) as error:
            # It has not seen a certificate yet: a forwarded port, behind which nobody is at the moment.
            raise ConnectionAbortedError("the connection ended before the handshake") from error
        with wrapped as connection:
            yield connection


def _await_a_word(connection: ssl.SSLSocket) -> None:
    """With TLS 1.3, a server says only after the handshake that it does not like a certificate."""
    connection.settimeout(_WORD_S)
    try:
        if not connection.recv(1):
            raise ConnectionResetError
    except TimeoutError:
        return


def _speaks_tls(coordinator: Remote) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    try:
        with _connected(coordinator, context):
            return True
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")


def _unverified(coordinator: Remote, error: ssl.SSLCertVerificationError) -> CoordinatorRefuses:
    who = f"the certificate of the coordinator at {coordinator}"
    if error.verify_code == _EXPIRED:
        return CoordinatorRefuses(
            f"{who} has expired", hint="`groundswell certs rotate` renews it, where it was issued"
        )
    if error.verify_code == _NOT_YET:
        return CoordinatorRefuses(f"{who} is not valid yet", hint="is one of the clocks wrong?")
    if error.verify_code in (_OTHER_NAME, _OTHER_ADDRESS):
        return CoordinatorRefuses(
            f"{who} is for other names than {coordinator.host}",
            hint=f"it is issued by `groundswell certs issue coordinator --host {coordinator.host}`",
        )
    known = coordinator.credentials.ca or "the authorities that this machine trusts"
    return CoordinatorRefuses(
        f"{who} is not of {known}",
        hint="--ca names its authority: the ca.crt of `groundswell certs init`, or your own",
    )


def _refused(coordinator: Remote, reason: str) -> CoordinatorRefuses:
    cert = coordinator.credentials.cert
    if "WRONG_VERSION_NUMBER" in reason or "RECORD_LAYER_FAILURE" in reason:
        return CoordinatorRefuses(
            f"the coordinator at {coordinator} speaks no TLS",
            hint="leave --ca, --cert, --key and --token-file away, or start it with --cert and --key",
        )
    if cert is None:
        return CoordinatorRefuses(
            f"the coordinator at {coordinator} wants a certificate",
            hint="--cert and --key show one; a token alone is not enough for it",
        )
    if "EXPIRED" in reason or _has_expired(cert):
        return CoordinatorRefuses(
            f"the certificate {cert} has expired",
            hint="`groundswell certs rotate` renews it, where it was issued",
        )
    return CoordinatorRefuses(
        f"the coordinator at {coordinator} does not take the certificate {cert}",
        hint="is it of the authority that the coordinator was given by --ca?",
    )


def _has_expired(cert: Path) -> bool:
    certificate = _certificate(cert)
    return certificate is not None and certificate.not_valid_after_utc < datetime.now(UTC)


def _certificate(cert: Path) -> x509.Certificate | None:
    """None where it cannot be read any more."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(cert.read_bytes())
    except (OSError, ValueError):
        return None
