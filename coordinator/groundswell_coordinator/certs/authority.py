"""An authority of one's own, that issues certificates to a coordinator and to those who come to it.

    authority = Authority.create()
    server = authority.issue_coordinator("coordinator", ["load.internal", "10.0.0.7"])
    agent = authority.issue_role(Role.AGENT, "agent")

Everything is PEM, in memory; `certs.authority_folder` has it on a disk. Keys are on P-256, which every TLS
library knows and which is quick to make.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from groundswell.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groundswell_coordinator.access.role import Role

AUTHORITY_VALIDITY = timedelta(days=3650)
VALIDITY = timedelta(days=365)
# A clock that is a little behind would else refuse what was issued just now.
_BACKDATED = timedelta(hours=1)
_LONGEST_NAME = 64  # of a common name, by X.520
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DNS_NAME = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*")
_LONGEST_HOST = 253


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key, both as PEM."""

    certificate_pem: bytes
    key_pem: bytes


class Authority:
    """`roots_pem` is what everybody is to trust: this one first, then those that it replaces."""

    def __init__(
        self,
        certificate: x509.Certificate,
        key: ec.EllipticCurvePrivateKey,
        replaced: Sequence[x509.Certificate] = (),
    ) -> None:
        self.certificate = certificate
        self.replaced: tuple[x509.Certificate, ...] = tuple(replaced)
        self._key = key

    @classmethod
    def create(
        cls,
        validity: timedelta = AUTHORITY_VALIDITY,
        replaced: Sequence[x509.Certificate] = (),
    ) -> Self:
        """A new one, signed by itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        # Of two with one name, whoever verifies would have to guess which is meant.
        subject = _named(f"groundswell {secrets.token_hex(4)}")
        builder = _builder(subject, subject, key.public_key(), _ending(validity))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        builder = builder.add_extension(_usage(signs_certificates=True), True)
        return cls(builder.sign(key, hashes.SHA256()), key, replaced)

    @classmethod
    def load(cls, roots_pem: bytes, key_pem: bytes) -> Self:
        """One that was written; ValueError where these are none, or do not belong together."""
        certificate, *replaced = x509.load_pem_x509_certificates(roots_pem)
        key = serialization.load_pem_private_key(key_pem, None)
        if (
            not isinstance(key, ec.EllipticCurvePrivateKey)
            or key.public_key() != certificate.public_key()
        ):
            raise ValueError("the key is not the certificate's")
        return cls(certificate, key, replaced)

    @property
    def roots_pem(self) -> bytes:
        return b"".join(map(_pem, (self.certificate, *self.replaced)))

    @property
    def key_pem(self) -> bytes:
        return _key_pem(self._key)

    def issue_coordinator(
        self, name: str, hosts: Iterable[str], validity: timedelta = VALIDITY
    ) -> Issued:
        """For a server that is reached by these names and addresses. Raises InvalidConfiguration."""
        names = [general_name(host) for host in hosts]
        if not names:
            raise InvalidConfiguration("a coordinator's certificate needs a name or an address")
        return self._issue(_named(name), names, ExtendedKeyUsageOID.SERVER_AUTH, validity)

    def issue_role(self, role: Role, name: str, validity: timedelta = VALIDITY) -> Issued:
        """For somebody who comes to the coordinator. Raises InvalidConfiguration."""
        names = [x509.UniformResourceIdentifier(role.uri)]
        return self._issue(_named(name), names, ExtendedKeyUsageOID.CLIENT_AUTH, validity)

    def renew(self, certificate: x509.Certificate, validity: timedelta | None = None) -> Issued:
        """The same for as long again, or for `validity`, with a key of its own."""
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        (use,) = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        lasted = certificate.not_valid_after_utc - certificate.not_valid_before_utc - _BACKDATED
        return self._issue(certificate.subject, list(names), use, validity or lasted)

    def _issue(
        self,
        subject: x509.Name,
        names: Sequence[x509.GeneralName],
        use: x509.ObjectIdentifier,
        validity: timedelta,
    ) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        # What outlives its authority is worth nothing from then on.
        ends = min(_ending(validity), self.certificate.not_valid_after_utc)
        builder = _builder(subject, self.certificate.subject, key.public_key(), ends)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        builder = builder.add_extension(_usage(signs_certificates=False), True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), False)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        builder = builder.add_extension(self._key_identifier(), False)
        return Issued(_pem(builder.sign(self._key, hashes.SHA256())), _key_pem(key))

    def _key_identifier(self) -> x509.AuthorityKeyIdentifier:
        own = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)


def general_name(host: str) -> x509.GeneralName:
    """A host as a certificate has it. Raises InvalidConfiguration."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        pass
    if len(host) > _LONGEST_HOST or not _DNS_NAME.fullmatch(host):
        raise InvalidConfiguration(
            f"{host!r} is neither a host's name nor an address",
            hint="without scheme and port: load.internal, 10.0.0.7, ::1",
        )
    return x509.DNSName(host)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - _BACKDATED)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
    )


def _ending(validity: timedelta) -> datetime:
    return datetime.now(UTC) + validity


def _named(name: str) -> x509.Name:
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise InvalidConfiguration(
            f"{name!r} names no certificate", hint=f"1 to {_LONGEST_NAME} printable letters"
        )
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
