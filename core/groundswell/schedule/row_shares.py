"""Whose the rows of a data source are that are taken in turn: a pure function of the table of shares.

Row n is owned as VU n of a table whose weights are the VUs that each agent has in the scenarios which
name the source: whoever carries out more iterations has more rows for them, and an agent without a VU
has none. Handovers change nothing: which of its rows an agent had issued when it was lost nobody can
know, so none of them is ever issued again, and its heirs use their own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.schedule.shape import peak_vus
from groundswell.schedule.shares import LONGEST_PERIOD, ShareEntry, ShareTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groundswell.scenario.model import Scenario, Test


def scenarios_naming(test: Test, source: str) -> dict[str, Scenario]:
    return {name: one for name, one in test.scenarios.items() if source in one.data}


def row_table(test: Test, source: str, table: ShareTable) -> ShareTable:
    """Who owns which row; `table` is the one that the run begins with."""
    totals = [0] * len(table.entries)
    for scenario in scenarios_naming(test, source).values():
        counts = table.counts_below(peak_vus(scenario))
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
    entries = _entries(table.agents, totals)
    if not entries or sum(one.weight for one in entries) > LONGEST_PERIOD:
        return table
    return ShareTable(entries, table.epoch)


def _entries(agents: Sequence[str], totals: Iterable[int]) -> tuple[ShareEntry, ...]:
    found = [(agent, vus) for agent, vus in zip(agents, totals, strict=True) if vus]
    common = math.gcd(*(vus for _, vus in found))
    return tuple(ShareEntry(agent, vus // common) for agent, vus in found)


@dataclass(frozen=True, slots=True)
class RowShare:
    """One agent's part of a source: rows that are its own, and iterations that need one; None for
    executors without a plan.
    """

    agent: str
    rows: int
    needed: int | None
