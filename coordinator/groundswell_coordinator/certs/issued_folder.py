"""A certificate on a disk: a folder with `ca.crt`, `tls.crt` and `tls.key`, the names that cert-manager uses.

All that a machine needs is in one folder, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509

from groundswell.errors import GroundswellError, InvalidConfiguration
from groundswell_coordinator.access.role import role_of_uri
from groundswell_coordinator.whole_file import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell_coordinator.access.role import Role
    from groundswell_coordinator.certs.authority import Issued

ROOTS, CERTIFICATE, KEY = "ca.crt", "tls.crt", "tls.key"

_SECRET, _PUBLIC = 0o600, 0o644
_ONLY_MINE = 0o700


@dataclass(frozen=True, slots=True)
class IssuedFolder:
    path: Path

    @property
    def roots(self) -> Path:
        return self.path / ROOTS

    @property
    def certificate(self) -> Path:
        return self.path / CERTIFICATE

    @property
    def key(self) -> Path:
        return self.path / KEY

    def write(self, issued: Issued, roots_pem: bytes) -> None:
        """Whoever reads the pair in between sees that it is none, and looks again."""
        make_folder(self.path)
        write_file(self.roots, roots_pem)
        write_file(self.key, issued.key_pem, secret=True)
        write_file(self.certificate, issued.certificate_pem)

    def read(self) -> x509.Certificate:
        """Raises InvalidConfiguration."""
        return read_certificates(self.certificate)[0]


def read_certificates(path: Path) -> list[x509.Certificate]:
    """At least one. Raises InvalidConfiguration."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise InvalidConfiguration(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise InvalidConfiguration(f"{path} is no certificate in PEM") from error


def make_folder(path: Path) -> None:
    """For nobody else's eyes. Raises InvalidConfiguration."""
    try:
        path.mkdir(mode=_ONLY_MINE, parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidConfiguration(f"cannot make {path}: {error.strerror}") from error


def write_file(path: Path, data: bytes, *, secret: bool = False) -> None:
    """There whole or not at all, and never readable for others if it is secret."""
    try:
        with replacing(path, _SECRET if secret else _PUBLIC) as file:
            file.write(data)
    except GroundswellError as error:
        raise InvalidConfiguration(error.message) from error


def roles_of(certificate: x509.Certificate) -> tuple[Role, ...]:
    """None for a coordinator's, and for one that is not ours."""
    found = map(role_of_uri, _names_of(certificate, x509.UniformResourceIdentifier))
    return tuple(role for role in found if role is not None)


def hosts_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """By which a coordinator is reached."""
    return (*_names_of(certificate, x509.DNSName), *_names_of(certificate, x509.IPAddress))


def _names_of(certificate: x509.Certificate, kind: type[x509.GeneralName]) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(one.value) for one in found if isinstance(one, kind))
