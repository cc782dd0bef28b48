"""What a file about a run is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from groundswell_coordinator.report.summary import Summary
    from groundswell_coordinator.store.records import StoredInterval, StoredRun

    Stored = tuple[StoredRun, Iterator[StoredInterval]]


@dataclass(frozen=True, slots=True)
class Material:
    """The summary; and for what shows more, the run itself with its seconds in order.

    `stored` reads them where they are, our own store or a coordinator's, so it is asked only by
    what needs them.
    """

    summary: Summary
    stored: Callable[[], AbstractContextManager[Stored]]
