"""The rows of a test's data against what the plan needs of them, before any load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.schedule.row_shares import RowShare, row_table, scenarios_naming
from groundswell.schedule.scenario_plan import ScenarioPlan
from groundswell.schedule.shape import peak_vus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groundswell.scenario.data_source import DataSource
    from groundswell.scenario.model import Test
    from groundswell.schedule.division import Division


@dataclass(frozen=True, slots=True)
class DataOutline:
    """One source over all agents. `needed` is None where a scenario without a plan names it; `agents`
    have rows of their own only where these are taken in turn.
    """

    name: str
    file: str
    pick: str
    on_end: str
    rows: int
    needed: int | None
    agents: tuple[RowShare, ...]
    warnings: tuple[str, ...]


def data_outlines(
    test: Test, division: Division, seed: int | str, plans: Sequence[ScenarioPlan] = ()
) -> Iterator[DataOutline]:
    """Of every source whose rows were counted. `plans` are those of the scenarios, if they are known."""
    known = {plan.name: plan for plan in plans}
    for name, source in test.data.items():
        if source.rows is None:
            continue
        naming = [
            known.get(one) or ScenarioPlan(one, scenario, division, seed)
            for one, scenario in scenarios_naming(test, name).items()
        ]
        shares = tuple(_shares(test, name, source, division, naming))
        needed = _sum([share.needed for share in shares]) if naming else 0
        yield DataOutline(
            name=name,
            file=source.file,
            pick=source.pick,
            on_end=source.on_end,
            rows=source.rows,
            needed=needed,
            agents=shares,
            warnings=tuple(_warnings(source, source.rows, needed, shares, naming)),
        )


def _shares(
    test: Test, name: str, source: DataSource, division: Division, naming: Sequence[ScenarioPlan]
) -> Iterator[RowShare]:
    owned = row_table(test, name, division.table)
    for agent in division.table.agents:
        rows = owned.stripe(agent).count_below(source.rows or 0) if source.in_turn else 0
        yield RowShare(agent, rows, _sum([plan.share(agent).planned for plan in naming]))


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _warnings(
    source: DataSource,
    rows: int,
    needed: int | None,
    shares: Sequence[RowShare],
    naming: Sequence[ScenarioPlan],
) -> Iterator[str]:
    if not naming:
        yield "no scenario names it"
    vus = sum(peak_vus(plan.scenario) for plan in naming)
    if source.pick == "per-vu" and rows < vus:
        yield f"{vus:,} VUs share {rows:,} rows"
    if not source.ends:
        return
    short = [one for one in shares if one.needed is not None and one.needed > one.rows]
    if needed is not None and needed > rows:
        yield (
            f"the plan needs {needed:,} rows and there are {rows:,}: it will end early, "
            "INCONCLUSIVE (data_exhausted)"
        )
    elif short:
        first = short[0]
        yield (
            f"{len(short)} of {len(shares)} agents need more rows than are theirs, as {first.agent}: "
            f"{first.needed:,} of {first.rows:,}"
        )
