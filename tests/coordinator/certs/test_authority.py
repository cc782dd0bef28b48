"""What is issued, judged by OpenSSL through Python's ssl: a real handshake in memory."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from groundswell.errors import InvalidConfiguration
from groundswell_coordinator.access.role import Role
from groundswell_coordinator.certs.authority import Authority
from tests.coordinator.certs.handshake import Refused, shake_hands

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create()


@pytest.mark.parametrize("host", ["load.internal", "127.0.0.1", "::1"])
def test_a_client_and_a_coordinator_of_one_authority_trust_each_other(
    tmp_path: Path, authority: Authority, host: str
) -> None:
    server = authority.issue_coordinator("coordinator", ["load.internal", "127.0.0.1", "::1"])
    agent = authority.issue_role(Role.AGENT, "agent-1")
    seen = shake_hands(tmp_path, authority.roots_pem, server, agent, host)
    assert ("URI", "groundswell://role/agent") in seen["subjectAltName"]
    assert seen["subject"] == ((("commonName", "agent-1"),),)


def test_another_name_than_those_of_the_certificate_is_refused(
    tmp_path: Path, authority: Authority
) -> None:
    server = authority.issue_coordinator("coordinator", ["load.internal"])
    agent = authority.issue_role(Role.AGENT, "agent")
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(tmp_path, authority.roots_pem, server, agent, "other.internal")


def test_a_certificate_of_another_authority_is_refused(
    tmp_path: Path, authority: Authority
) -> None:
    server = authority.issue_coordinator("coordinator", ["localhost"])
    foreign = Authority.create().issue_role(Role.OPERATOR, "mallory")
    with pytest.raises(Refused):
        shake_hands(tmp_path, authority.roots_pem, server, foreign, "localhost")


def test_a_coordinator_s_certificate_is_no_client_s_and_a_role_s_is_no_coordinator_s(
    tmp_path: Path, authority: Authority
) -> None:
    server = authority.issue_coordinator("coordinator", ["localhost"])
    agent = authority.issue_role(Role.AGENT, "localhost")
    with pytest.raises(Refused):
        shake_hands(tmp_path, authority.roots_pem, server, server, "localhost")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(tmp_path, authority.roots_pem, agent, agent, "localhost")


def test_nothing_outlives_its_authority_and_everything_began_a_little_ago() -> None:
    authority = Authority.create(timedelta(days=2))
    issued = authority.issue_role(Role.VIEWER, "alice", timedelta(days=10))
    certificate = x509.load_pem_x509_certificate(issued.certificate_pem)
    assert certificate.not_valid_after_utc == authority.certificate.not_valid_after_utc
    before = datetime.now(UTC) - certificate.not_valid_before_utc
    assert timedelta(minutes=59) < before < timedelta(minutes=62)


def test_what_is_renewed_says_the_same_for_as_long_with_another_key(authority: Authority) -> None:
    issued = authority.issue_coordinator("c", ["load.internal", "10.0.0.7"], timedelta(days=30))
    old = x509.load_pem_x509_certificate(issued.certificate_pem)
    renewed = authority.renew(old)
    new = x509.load_pem_x509_certificate(renewed.certificate_pem)
    assert new.subject == old.subject
    names = x509.SubjectAlternativeName
    assert new.extensions.get_extension_for_class(names) == old.extensions.get_extension_for_class(
        names
    )
    assert renewed.key_pem != issued.key_pem
    assert abs(new.not_valid_after_utc - old.not_valid_after_utc) < timedelta(minutes=1)


def test_an_authority_comes_back_from_its_files_and_its_key_is_its_own(
    tmp_path: Path, authority: Authority
) -> None:
    loaded = Authority.load(authority.roots_pem, authority.key_pem)
    server = loaded.issue_coordinator("coordinator", ["localhost"])
    agent = authority.issue_role(Role.AGENT, "agent")
    shake_hands(tmp_path, authority.roots_pem, server, agent, "localhost")
    with pytest.raises(ValueError, match="not the certificate's"):
        Authority.load(authority.roots_pem, Authority.create().key_pem)


@pytest.mark.parametrize("host", ["", "http://load", "load:9700", "a b", "-a", "a..b", "x" * 300])
def test_what_is_no_host_is_refused(authority: Authority, host: str) -> None:
    with pytest.raises(InvalidConfiguration):
        authority.issue_coordinator("coordinator", [host])


def test_a_name_that_no_certificate_can_have_is_refused(authority: Authority) -> None:
    for name in ("", "x" * 65, "a\nb"):
        with pytest.raises(InvalidConfiguration, match="names no certificate"):
            authority.issue_role(Role.AGENT, name)
