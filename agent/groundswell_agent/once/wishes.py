"""How `run --once` is to go through a test."""

from __future__ import annotations

import msgspec


class Wishes(msgspec.Struct, frozen=True):
    """`scenario` is the only one, or all. `unhurried` waits for pauses. `most` bytes of each body are told;
    with `whole`, credentials as they are sent. `allowed` may be loaded besides what the test names.
    """

    scenario: str | None = None
    unhurried: bool = False
    whole: bool = False
    most: int = 64 * 1024
    allowed: tuple[str, ...] = ()
