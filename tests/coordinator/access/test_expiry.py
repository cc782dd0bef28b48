from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from groundswell_coordinator.access.expiry import ExpiryWarnings
from groundswell_coordinator.access.role import Role
from groundswell_coordinator.certs.authority import Authority


def certificate(days: float) -> x509.Certificate:
    issued = Authority.create().issue_role(Role.AGENT, "a", timedelta(days=days))
    return x509.load_pem_x509_certificate(issued.certificate_pem)


@pytest.mark.parametrize(
    ("days_left", "level", "said"),
    [
        (31, None, ""),
        (29.5, "WARNING", "expires in 29 days"),
        (6.5, "ERROR", "expires in 6 days"),
        (0.1, "ERROR", "expires within 3 hours"),
        (-1, "ERROR", "has expired"),
    ],
)
def test_an_end_is_warned_of_the_nearer_the_louder(
    caplog: pytest.LogCaptureFixture, days_left: float, level: str | None, said: str
) -> None:
    one = certificate(365)
    now = one.not_valid_after_utc - timedelta(days=days_left)
    ExpiryWarnings().look("ours", one, now)
    assert [record.levelname for record in caplog.records] == ([level] if level else [])
    assert said in caplog.text


def test_it_is_said_once_a_day(caplog: pytest.LogCaptureFixture) -> None:
    one, warnings = certificate(20), ExpiryWarnings()
    begin = one.not_valid_after_utc - timedelta(days=5)
    for hour in range(49):
        warnings.look("ours", one, begin + timedelta(hours=hour))
    assert len(caplog.records) == 3


def test_what_lives_for_days_is_not_complained_of_all_its_life(
    caplog: pytest.LogCaptureFixture,
) -> None:
    one, warnings = certificate(2), ExpiryWarnings()
    warnings.look("ours", one, datetime.now(UTC) + timedelta(days=1))
    assert not caplog.records
    warnings.look("ours", one, datetime.now(UTC) + timedelta(days=1.5))
    assert len(caplog.records) == 1
