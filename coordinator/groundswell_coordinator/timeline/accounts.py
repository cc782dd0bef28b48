"""What became of every planned iteration: planned = fired + dropped + unknown, per scenario.

Agents report cumulative accounts, so a total needs the last report of each and nothing else, and is
derived anew whenever a late one arrives.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell.v1.metrics_pb2 import ScenarioAccount

AGENT_LOST = "agent_lost"


@dataclass(frozen=True, slots=True)
class Account:
    """One scenario on one agent, cumulative since the start."""

    planned: int = 0
    fired: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])
    interrupted: int = 0
    next_index: int = 0
    running: int = 0

    @classmethod
    def of(cls, message: ScenarioAccount) -> Account:
        return cls(
            planned=message.planned,
            fired=message.fired,
            dropped=dict(message.dropped),
            interrupted=message.interrupted,
            next_index=message.next_index,
            running=message.running,
        )

    @property
    def undecided(self) -> int:
        """Planned, and neither fired nor dropped yet."""
        return max(0, self.planned - self.fired - sum(self.dropped.values()))

    def since(self, earlier: Account) -> Account:
        """What was added after `earlier`."""
        dropped = Counter(self.dropped)
        dropped.subtract(earlier.dropped)
        return Account(
            planned=self.planned - earlier.planned,
            fired=self.fired - earlier.fired,
            dropped={reason: count for reason, count in dropped.items() if count > 0},
            interrupted=self.interrupted - earlier.interrupted,
            next_index=self.next_index,
        )


class AccountBook:
    """One agent's accounts by scenario: the latest, and the last ones before judging began."""

    def __init__(self, judged_from: int) -> None:
        self._judged_from = judged_from
        self._latest: dict[str, tuple[int, Account]] = {}
        self._before: dict[str, tuple[int, Account]] = {}

    def note(self, interval: int, accounts: Iterable[ScenarioAccount]) -> None:
        """Take the accounts of a report; of reports in any order, the latest interval's stay."""
        for message in accounts:
            entry = (interval, Account.of(message))
            _keep_latest(self._latest, message.scenario, entry)
            if interval < self._judged_from:
                _keep_latest(self._before, message.scenario, entry)

    @property
    def latest(self) -> dict[str, Account]:
        return {scenario: account for scenario, (_, account) in self._latest.items()}

    @property
    def judged(self) -> dict[str, Account]:
        """What happened after warm-up."""
        return {
            scenario: account.since(self._before.get(scenario, (0, Account()))[1])
            for scenario, (_, account) in self._latest.items()
        }


def _keep_latest(
    entries: dict[str, tuple[int, Account]], scenario: str, entry: tuple[int, Account]
) -> None:
    known = entries.get(scenario)
    if known is None or entry[0] >= known[0]:
        entries[scenario] = entry


@dataclass(frozen=True, slots=True)
class Loss:
    """An agent that was declared lost, and how much of the plan was its own, per scenario.

    `owned`: planned for it, up to the boundary from which others took over, or to the end. `due`: of
    those, planned before the end of its lease, so that it may have started them. What it reports of
    them later still counts. `repeatable`: of counted iterations, those that moved to others, so that
    what it had done of them and not reported was done again. Not `is_gone`: an agent that ended
    well, but before it heard of what it was to take over.
    """

    incarnation: str
    agent: str
    reshared: bool = False
    is_gone: bool = True
    due: Mapping[str, int] = field(default_factory=dict[str, int])
    owned: Mapping[str, int] = field(default_factory=dict[str, int])
    repeatable: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class AgentAccounts:
    """An agent's latest accounts; `ended` once it has said that no interval follows."""

    incarnation: str
    accounts: Mapping[str, Account]
    ended: bool


@dataclass(frozen=True, slots=True)
class ScenarioTotals:
    """One scenario over all agents; executors without a plan have `planned` 0.

    Of the iterations at most `repeatable` may have run twice. `cut_off` were running when an agent
    that was lost was last heard: their requests may be missing in every count.
    """

    planned: int = 0
    fired: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])
    unknown: int = 0
    interrupted: int = 0
    repeatable: int = 0
    cut_off: int = 0

    @property
    def is_balanced(self) -> bool:
        decided = self.fired + sum(self.dropped.values()) + self.unknown
        return self.planned in (0, decided)

    @property
    def lost(self) -> int:
        """What nobody carried out, or nobody knows of, because an agent was lost."""
        return self.dropped.get(AGENT_LOST, 0) + self.unknown

    def __add__(self, other: ScenarioTotals) -> ScenarioTotals:
        return ScenarioTotals(
            planned=self.planned + other.planned,
            fired=self.fired + other.fired,
            dropped=dict(Counter(self.dropped) + Counter(other.dropped)),
            unknown=self.unknown + other.unknown,
            interrupted=self.interrupted + other.interrupted,
            repeatable=self.repeatable + other.repeatable,
            cut_off=self.cut_off + other.cut_off,
        )


def totals(
    agents: Iterable[AgentAccounts], losses: Iterable[Loss] = ()
) -> dict[str, ScenarioTotals]:
    """The accounts of the run so far, by scenario.

    Of an agent that has not ended, what is planned and undecided is unknown: while it runs, the few
    iterations of this moment; once it is gone, those nobody can know of.
    """
    lost = {loss.incarnation: loss for loss in losses}
    run: dict[str, ScenarioTotals] = {}
    for agent in agents:
        for scenario, own in _of_agent(agent, lost.get(agent.incarnation)).items():
            run[scenario] = run.get(scenario, ScenarioTotals()) + own
    return run


def _of_agent(agent: AgentAccounts, loss: Loss | None) -> dict[str, ScenarioTotals]:
    if loss is None:
        return {
            scenario: _totals(account, 0 if agent.ended else account.undecided)
            for scenario, account in agent.accounts.items()
        }
    # Also of an agent that was lost before its first report.
    scenarios = dict.fromkeys((*agent.accounts, *loss.owned))
    return {
        scenario: _of_lost(agent.accounts.get(scenario, Account()), scenario, loss, agent.ended)
        for scenario in scenarios
    }


def _of_lost(account: Account, scenario: str, loss: Loss, has_ended: bool) -> ScenarioTotals:
    """Once its last report is here all is known of it; before, it may have started what was due."""
    cut_off = 0 if has_ended else account.running
    if scenario not in loss.owned:
        without_plan = _totals(account, 0 if has_ended else account.undecided)
        return replace(without_plan, cut_off=cut_off)
    owned = max(loss.owned[scenario], account.planned)
    decided = account.planned
    unknown = 0
    if not has_ended:
        due = max(loss.due.get(scenario, 0), decided)
        unknown = due - decided + account.undecided
        decided = due
    gone = owned - decided
    dropped = Counter(account.dropped) + Counter({AGENT_LOST: gone})
    lost = _totals(replace(account, planned=owned, dropped=dict(dropped)), unknown)
    return replace(
        lost,
        repeatable=loss.repeatable.get(scenario, 0),
        cut_off=cut_off,
    )


def _totals(account: Account, unknown: int) -> ScenarioTotals:
    return ScenarioTotals(
        account.planned, account.fired, account.dropped, unknown, account.interrupted
    )
