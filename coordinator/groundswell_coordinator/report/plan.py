"""The plan of a test as text: a small curve for each scenario, and what each agent gets."""

from __future__ import annotations

from itertools import groupby
from typing import IO, TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from groundswell_coordinator.report.lines import DOUBTFUL, INDENT, STRONG
from groundswell_coordinator.report.quantity import clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groundswell.schedule.plan import AgentPlan, PlanPoint, PlanTable, ScenarioOutline
    from groundswell.schedule.row_plan import DataOutline
    from groundswell.schedule.row_shares import RowShare

_BARS = " ▁▂▃▄▅▆▇█"
_NAMES_SHOWN = 2
_AT_END = {"stop": "then stop", "recycle": "again and again"}


def print_plan(table: PlanTable, file: IO[str] | None = None) -> None:
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    for line in _lines(table):
        console.print(line, soft_wrap=True)


def _lines(table: PlanTable) -> Iterator[Text]:
    longest = clock(table.duration_with_grace)
    yield Text("")
    yield Text.assemble(
        INDENT,
        (table.test, STRONG),
        f"  {clock(table.duration)}, at most {longest} with graceful stops",
    )
    for scenario in table.scenarios:
        yield Text("")
        yield from _scenario(scenario)
    for source in table.data:
        yield Text("")
        yield from _data(source)
    yield Text("")


def _data(source: DataOutline) -> Iterator[Text]:
    in_turn = source.pick in ("unique", "sequential")
    pick = f"{source.pick}, {_AT_END[source.on_end]}" if in_turn else source.pick
    yield Text.assemble(INDENT, (source.name, STRONG), f"  {source.file} · {pick}")
    facts = [_many(source.rows, "row")]
    if in_turn and source.needed is None:
        facts.append("as many needed as iterations are run")
    elif in_turn:
        facts.append(f"{source.needed:,} needed")
    yield Text(f"{INDENT}{INDENT}{' · '.join(facts)}")
    for group in _row_groups(source.agents) if in_turn else ():
        yield Text(f"{INDENT}{INDENT}{group}")
    for warning in source.warnings:
        yield Text(f"{INDENT}{INDENT}! {warning}", style=DOUBTFUL)


def _scenario(scenario: ScenarioOutline) -> Iterator[Text]:
    planned = "no plan, as many as the VUs get through"
    if scenario.planned is not None:
        drawn = " drawn" if scenario.drawn else ""
        planned = f"{scenario.planned:,} iterations{drawn}"
    yield Text.assemble(INDENT, (scenario.name, STRONG), f"  {scenario.executor}")
    start, end = scenario.start_time, scenario.start_time + scenario.duration
    yield Text(f"{INDENT}{INDENT}{clock(start)} to {clock(end)} · {scenario.vus:,} VUs · {planned}")
    yield from _curve(scenario.curve, scenario.curve_unit)
    for group in _groups(scenario.agents):
        yield Text(f"{INDENT}{INDENT}{group}")
    for warning in scenario.warnings:
        yield Text(f"{INDENT}{INDENT}! {warning}", style=DOUBTFUL)


def _curve(points: Sequence[PlanPoint], unit: str) -> Iterator[Text]:
    top = max((point.value for point in points), default=0.0)
    if top > 0:
        # Rounded up, so that only nothing at all looks like nothing.
        heights = (-(-point.value * (len(_BARS) - 1) // top) for point in points)
        bars = "".join(_BARS[int(height)] for height in heights)
        yield Text(f"{INDENT}{INDENT}{bars}  up to {top:,.10g} {unit}")


def _groups(agents: Sequence[AgentPlan]) -> Iterator[str]:
    """Agents in the order of their shares, those with equal parts in one line."""
    for (vus, planned), members in groupby(agents, key=lambda agent: (agent.vus, agent.planned)):
        shown = _names([agent.agent for agent in members])
        iterations = "" if planned is None else f", {planned:,} iterations"
        yield f"{shown}: {vus:,} {'VU' if vus == 1 else 'VUs'}{iterations}"


def _row_groups(shares: Sequence[RowShare]) -> Iterator[str]:
    """As the agents of a scenario: neighbours with equal parts in one line."""
    for (rows, needed), members in groupby(shares, key=lambda share: (share.rows, share.needed)):
        shown = _names([share.agent for share in members])
        yield f"{shown}: {_many(rows, 'row')}{_for(needed)}"


def _for(needed: int | None) -> str:
    return "" if needed is None else f" for {_many(needed, 'iteration')}"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _names(names: Sequence[str]) -> str:
    if len(names) > _NAMES_SHOWN:
        return f"{names[0]} … {names[-1]} ({len(names)} agents), each"
    return ", ".join(names)
