"""The coordinator's own certificate, as gRPC and as Python's ssl take it; read anew when its files change."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from groundswell.credentials import read_file
from groundswell.errors import InvalidConfiguration
from groundswell.key_kind import NOT_TAKEN, TAKEN, grpc_takes

if TYPE_CHECKING:
    from pathlib import Path

_H1 = "http/1.1"


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """With `ca`, everybody is asked for a certificate of it."""

    cert: Path
    key: Path
    ca: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(path for path in (self.cert, self.key, self.ca) if path is not None)


class Identity:
    """What the files held when they were read."""

    def __init__(self, files: ServerFiles) -> None:
        """Raises InvalidConfiguration where they hold no certificate, or not its key."""
        self.certificate_pem = read_file(files.cert) or b""
        self.key_pem = read_file(files.key) or b""
        self.roots_pem = read_file(files.ca)
        self.certificate = _certificates(files.cert, self.certificate_pem)[0]
        self.roots = _certificates(files.ca, self.roots_pem) if files.ca and self.roots_pem else []
        _check_pair(files, self.certificate, self.key_pem)
        # ssl reads files alone; Python's is the judge of what it will not take later.
        self.http = _http_context(files)

    def grpc_configuration(self) -> grpc.ServerCertificateConfiguration:
        return grpc.ssl_server_certificate_configuration(
            [(self.key_pem, self.certificate_pem)], self.roots_pem
        )


class ServerTls:
    """`refresh` it after the files have changed; connections that are open stay as they are."""

    def __init__(self, files: ServerFiles) -> None:
        """Raises InvalidConfiguration."""
        self.files = files
        self.identity = Identity(files)
        self._configuration = self.identity.grpc_configuration()
        self._given = self._configuration

    def refresh(self) -> None:
        """Raises InvalidConfiguration where what is there now is of no use; then all stays as it was."""
        self.identity = Identity(self.files)
        self._configuration = self.identity.grpc_configuration()

    def credentials(self) -> grpc.ServerCredentials:
        return grpc.dynamic_ssl_server_credentials(
            self._configuration,
            self._newer,  # type: ignore[arg-type]  # the stub forgets that None is "as before"
            require_client_authentication=self.files.ca is not None,
        )

    def http_context(self) -> ssl.SSLContext:
        return self.identity.http

    def _newer(self) -> grpc.ServerCertificateConfiguration | None:
        """Asked by a thread of grpc's before every handshake; None where nothing has changed."""
        if self._configuration is self._given:
            return None
        self._given = self._configuration
        return self._given


def _certificates(path: Path | None, pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise InvalidConfiguration(f"{path} holds no certificate in PEM") from error


def _check_pair(files: ServerFiles, certificate: x509.Certificate, key_pem: bytes) -> None:
    if not grpc_takes(certificate):
        raise InvalidConfiguration(f"the key of {files.cert} {NOT_TAKEN}", hint=TAKEN)
    try:
        key = serialization.load_pem_private_key(key_pem, None)
    except UnsupportedAlgorithm as error:
        raise InvalidConfiguration(f"{files.key} {NOT_TAKEN}", hint=TAKEN) from error
    except (ValueError, TypeError) as error:
        raise InvalidConfiguration(
            f"{files.key} holds no key in PEM, or one with a password",
            hint="the key is kept without one, and readable for its owner alone",
        ) from error
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    encoding = serialization.Encoding.DER
    ours = key.public_key().public_bytes(encoding, kind)
    if ours != certificate.public_key().public_bytes(encoding, kind):
        raise InvalidConfiguration(f"{files.key} is not the key of {files.cert}")


def _http_context(files: ServerFiles) -> ssl.SSLContext:
    """A probe shows nothing; who wants to see more may show a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(files.cert, files.key)
        if files.ca is not None:
            context.load_verify_locations(files.ca)
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as error:
        raise InvalidConfiguration(f"{files.cert} cannot be used: {error}") from error
    context.set_alpn_protocols([_H1])
    return context
