"""What agents found out about their machines and the target before the load: told once, stored, summed up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.verdict.run_warning import RunWarning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell.v1.agent_pb2 import Finding, Noted
    from groundswell_coordinator.run.archive import Archive
    from groundswell_coordinator.run.broadcast import Broadcast
    from groundswell_coordinator.store.records import StoredEvent

# The code of an event of a run; that of the finding is its detail.
PREFLIGHT = "preflight"
# An honest agent has a handful, and a fleet not many more that differ.
_MOST = 50
_MOST_LETTERS = 500


class Findings:
    """Of all agents of a run; what several say alike is one."""

    def __init__(self) -> None:
        self._agents: dict[tuple[str, str], list[str]] = {}
        self._noted: set[tuple[str, str]] = set()

    def take(self, agent: str, findings: Iterable[Finding]) -> None:
        """One agent's, in any order of agents."""
        for finding in findings:
            hint = f" ({finding.hint})" if finding.hint else ""
            told = finding.code[:_MOST_LETTERS], f"{finding.message}{hint}"[:_MOST_LETTERS]
            if told in self._agents or len(self._agents) < _MOST:
                self._agents.setdefault(told, []).append(agent)

    def note(self, agent: str, noted: Noted) -> RunWarning | None:
        """One that was found under load; None where it is known, or they are too many."""
        finding = noted.finding
        key = finding.code[:_MOST_LETTERS], noted.place[:_MOST_LETTERS]
        if key in self._noted or len(self._noted) >= _MOST:
            return None
        self._noted.add(key)
        hint = f" ({finding.hint})" if finding.hint else ""
        return RunWarning(key[0], f"{finding.message}{hint}"[:_MOST_LETTERS], agent)

    def warnings(self, agents: int) -> tuple[RunWarning, ...]:
        """Of so many agents in all, whose number says who is meant."""
        return tuple(
            _warning(code, message, names, agents)
            for (code, message), names in self._agents.items()
        )


async def tell(warnings: Iterable[RunWarning], broadcast: Broadcast, archive: Archive) -> None:
    """Everybody who watches, and the store, by which a run may be judged again."""
    for warning in warnings:
        broadcast.notice(warning.code, warning.message)
        await archive.event(PREFLIGHT, warning.message, warning.agent, {"code": warning.code})


def stored_warnings(events: Iterable[StoredEvent]) -> tuple[RunWarning, ...]:
    """What `tell` has stored."""
    return tuple(
        RunWarning(str((event.detail or {}).get("code", PREFLIGHT)), event.message, event.agent)
        for event in events
        if event.code == PREFLIGHT
    )


def _warning(code: str, message: str, names: list[str], agents: int) -> RunWarning:
    if agents == 1:
        return RunWarning(code, message, names[0])
    if len(names) == agents:
        every = "both" if agents == 2 else f"all {agents}"
        return RunWarning(code, f"on {every} agents: {message}")
    if len(names) == 1:
        return RunWarning(code, f"{names[0]}: {message}", names[0])
    return RunWarning(code, f"on {len(names)} of {agents} agents: {message}")
