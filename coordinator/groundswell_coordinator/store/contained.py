"""Whose reports an interval contains, as one value: a thousand agents are not a thousand rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from groundswell_coordinator.store.records import Contribution

if TYPE_CHECKING:
    from collections.abc import Sequence

# MessagePack: [[incarnation, accounts], …] and {incarnation: report}.
_PARTS = msgspec.msgpack.Decoder(list[tuple[str, bytes]])
_REPORTS = msgspec.msgpack.Decoder(dict[str, bytes])


def pack(contained: Sequence[Contribution]) -> tuple[bytes | None, bytes | None]:
    """The parts, and apart from them the reports, which only a few runs keep and few readers want.

    Raises ValueError where one is contained twice.
    """
    if len({part.incarnation for part in contained}) < len(contained):
        raise ValueError("an incarnation's report is contained twice")
    parts = sorted((part.incarnation, part.accounts) for part in contained)
    reports = {part.incarnation: part.report for part in contained if part.report is not None}
    encode = msgspec.msgpack.encode
    return encode(parts) if parts else None, encode(reports) if reports else None


def unpack(parts: bytes | None, reports: bytes | None) -> tuple[Contribution, ...]:
    """In the order of their incarnations. Raises ValueError where the bytes are others."""
    by_incarnation = {} if reports is None else _REPORTS.decode(reports)
    return tuple(
        Contribution(incarnation, accounts, by_incarnation.get(incarnation))
        for incarnation, accounts in ([] if parts is None else _PARTS.decode(parts))
    )
