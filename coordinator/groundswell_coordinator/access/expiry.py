"""How long a certificate is still good, said in time: in the log, and for `/metrics`."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from groundswell_coordinator.counted import counted

if TYPE_CHECKING:
    from cryptography import x509

_SOON, _VERY_SOON = timedelta(days=30), timedelta(days=7)
_AGAIN = timedelta(days=1)

_log = logging.getLogger(__name__)


class ExpiryWarnings:
    """Each certificate is warned of once a day in its last thirty, as an error in its last seven."""

    def __init__(self) -> None:
        self._warned: dict[bytes, datetime] = {}

    def look(self, what: str, certificate: x509.Certificate, now: datetime | None = None) -> None:
        now = now or datetime.now(UTC)
        left = certificate.not_valid_after_utc - now
        if left > min(_SOON, _third_of_life(certificate)):
            return
        key = certificate.signature
        if (before := self._warned.get(key)) is not None and now - before < _AGAIN:
            return
        self._warned[key] = now
        level = logging.ERROR if left < _VERY_SOON else logging.WARNING
        _log.log(level, "%s %s", what, _said(left))


def _third_of_life(certificate: x509.Certificate) -> timedelta:
    """One that lives for a day anyway is renewed by somebody who looks often."""
    return (certificate.not_valid_after_utc - certificate.not_valid_before_utc) / 3


def _said(left: timedelta) -> str:
    if left < timedelta():
        return "has expired: nobody who checks it comes in any more; renew it"
    if left < timedelta(days=1):
        return f"expires within {counted(left.seconds // 3600 + 1, 'hour')}: renew it"
    return f"expires in {counted(left.days, 'day')}: renew it"
