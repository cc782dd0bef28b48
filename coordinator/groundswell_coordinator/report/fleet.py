"""The agents in the printed summary: one line where all are well, and whoever is not, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from groundswell_coordinator.report import quantity
from groundswell_coordinator.report.lines import DOUBTFUL, INDENT, QUIET, STRONG, WARNING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groundswell_coordinator.report.summary import AgentSummary, Summary

_SHOWN = 10
# A common start that is off by more than this can be seen in the numbers of a short test.
_SKEW_LIMIT_MS = 5.0


def agents(summary: Summary, verbose: bool) -> list[list[Text]]:
    """The extremes of all, then those by name that are odd; with `verbose`, all by name."""
    if not summary.agents:
        return []
    named = {reason.agent for reason in summary.reasons}
    odd = [one for one in summary.agents if one.name in named or _is_odd(one)]
    listed = list(summary.agents) if verbose else odd[:_SHOWN]
    overview = _overview(summary.agents, len(odd), is_judged=summary.part is None, verbose=verbose)
    lines = [*overview, *_table(listed, odd)]
    if len(odd) > len(listed):
        lines.append(Text(f"{INDENT}and {len(odd) - len(listed)} more like these", QUIET))
    return [lines]


def _is_odd(agent: AgentSummary) -> bool:
    """Lost, late at the start, or never heard of."""
    return agent.lost or agent.skew_ms is None or abs(agent.skew_ms) > _SKEW_LIMIT_MS


def _overview(
    agents: Sequence[AgentSummary], odd: int, *, is_judged: bool, verbose: bool
) -> list[Text]:
    if not is_judged:
        health = str(len(agents))
    else:
        health = f"{len(agents)} healthy" if not odd else f"{odd} of {len(agents)} not healthy"
    cpu = max((one.cpu_max for one in agents if one.cpu_max is not None), default=None)
    lag = max(
        (one.send_lag_p99_ms for one in agents if one.send_lag_p99_ms is not None), default=None
    )
    skew = max((abs(one.skew_ms) for one in agents if one.skew_ms is not None), default=0.0)
    tells_skew = verbose or skew > _SKEW_LIMIT_MS
    facts = [
        f"cpu ≤ {_share(cpu)}" if cpu is not None else "",
        f"send lag p(99) ≤ {quantity.duration(lag)}" if lag is not None else "",
        f"skew ≤ {quantity.duration(skew)}" if tells_skew else "",
    ]
    title = Text.assemble(INDENT, ("AGENTS", STRONG), f"  {health}")
    text = " · ".join(fact for fact in facts if fact)
    if odd:
        return [title, Text(f"{INDENT}  {text}")]
    return [Text.assemble(title, f" · {text}" if text else "")]


def _table(listed: Iterable[AgentSummary], odd: Sequence[AgentSummary]) -> list[Text]:
    listed = list(listed)
    if not listed:
        return []
    names = max(len("name"), *(len(one.name) for one in listed))
    titles = f"{'name':<{names}}{'skew':>10}{'cpu':>8}{'send lag p(99)':>16}"
    return [Text(f"{INDENT}  {titles}", QUIET), *(_line(one, names, one in odd) for one in listed)]


def _line(agent: AgentSummary, names: int, is_odd: bool) -> Text:
    skew = "-" if agent.skew_ms is None else quantity.duration(agent.skew_ms)
    cpu = "-" if agent.cpu_max is None else _share(agent.cpu_max)
    lag = "-" if agent.send_lag_p99_ms is None else quantity.duration(agent.send_lag_p99_ms)
    mark = (WARNING, DOUBTFUL) if is_odd else (" ", "")
    end = "  lost" if agent.lost else ""
    return Text.assemble(INDENT, mark, f" {agent.name:<{names}}{skew:>10}{cpu:>8}{lag:>16}{end}")


def _share(cpu: float) -> str:
    return f"{100 * cpu:.0f}%"
