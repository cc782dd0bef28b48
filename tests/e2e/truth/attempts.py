"""Runs until one claims that its numbers are good, and then whether they are.

Timings decide these tests only where the product promises them: a run that PASSes must be right. One that
calls itself INCONCLUSIVE, because this machine was too busy for it, is not wrong; it is tried again, and if
the machine does not calm down, nothing was tested and the test is skipped. A PASS that is off is tried again
as well, because no generator can see how long an answer lay in its kernel while something else had its core;
but who is wrong in every attempt is wrong, unless others took the machine's time in all of them. Even that
does not excuse a median.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from groundswell.exit_codes import ExitCode
from tests.e2e.commands import Ran
from tests.e2e.truth.cores import Times, machine_s, own_cpu_s, pin_run
from tests.e2e.truth.reckoning import START_WITHIN_MS, differences, start_is_off_by, start_of
from tests.e2e.truth.target import truthful_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from tests.e2e.commands import Finished, Groundswell
    from tests.e2e.truth.reckoning import Difference, Truth
    from tests.e2e.truth.server import Behaviour
    from tests.e2e.truth.target import Log, TruthfulTarget

_ATTEMPTS = 3
# After so many runs that make no claim, the machine will not calm down for the next.
_UNUSABLE_ATTEMPTS = 2
# Shares of the machine's time.
_OTHERS_MAY_TAKE = 0.05
_HOST_MAY_STEAL = 0.005


@dataclass(frozen=True, slots=True)
class Case:
    """`write` makes the test for a target's URL; `truth` reckons, from T, what its numbers should be.

    `planned` are the moments of open arrivals, in the order of the log. `meanwhile` happens from the first
    request on.
    """

    write: Callable[[Path, str], Path]
    truth: Callable[[Log, int], Mapping[str, Truth]]
    planned: Callable[[Log, int], NDArray[np.int64]] | None = None
    behaviour: Behaviour | None = None
    meanwhile: Callable[[TruthfulTarget], object] | None = None
    agents: int = 1


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run; `others` and `stolen` are the shares of the machine's time that were not ours.

    `unusable` says why this run tells nothing about the truth of its numbers; it is empty where it does.
    """

    ended: Finished
    log: Log
    differences: tuple[Difference, ...]
    unusable: str
    others: float
    stolen: float

    @property
    def ran(self) -> Ran:
        assert isinstance(self.ended, Ran), self.ended
        return self.ended

    @property
    def is_right(self) -> bool:
        return not self.unusable and all(one.is_bearable for one in self.differences)

    @property
    def is_excused(self) -> bool:
        """Others were at work on this machine, and only what few requests decide is off."""
        was_disturbed = self.others > _OTHERS_MAY_TAKE or self.stolen > _HOST_MAY_STEAL
        return was_disturbed and all(
            one.is_bearable for one in self.differences if one.statistic == "med"
        )

    def __str__(self) -> str:
        lines = [self.unusable] if self.unusable else [str(one) for one in self.differences]
        lines.append(f"others had {self.others:.1%} of the machine, the host {self.stolen:.1%}")
        return "\n".join((*lines, str(self.ended)))


def assert_true(groundswell: Groundswell, case: Case) -> Attempt:
    """The attempt that was right."""
    attempts: list[Attempt] = []
    for number in range(_ATTEMPTS):
        attempt = _attempt(groundswell, case, groundswell.folder / f"attempt-{number}")
        if attempt.is_right:
            return attempt
        attempts.append(attempt)
        if sum(bool(one.unusable) for one in attempts) == _UNUSABLE_ATTEMPTS:
            break
    wrong = [one for one in attempts if not one.unusable]
    if not wrong:
        pytest.skip(f"this machine is too busy: {attempts[-1].unusable}")
    if all(one.is_excused for one in wrong):
        pytest.skip(f"others are at work on this machine: {wrong[-1].others:.0%} of it")
    raise AssertionError("\n\n".join(map(str, wrong)))


def _attempt(groundswell: Groundswell, case: Case, folder: Path) -> Attempt:
    folder.mkdir()
    before, own, begin = Times.now(), own_cpu_s(), time.monotonic()
    with truthful_target(folder / "target", case.behaviour) as target:
        ended = _run(groundswell, case, folder, target)
        log = target.log()
    now, own, whole = Times.now(), own_cpu_s() - own, machine_s(time.monotonic() - begin)
    others, stolen = now.busy - before.busy - own, now.stolen - before.stolen
    found: tuple[Difference, ...] = ()
    if not isinstance(ended, Ran):
        unusable = f"there was no run: {ended}"
    elif not (unusable := _unusable(ended, log, case)):
        found = differences(ended.summary, case.truth(log, start_of(ended.summary)))
    return Attempt(ended, log, found, unusable, max(others, 0.0) / whole, stolen / whole)


def _run(groundswell: Groundswell, case: Case, folder: Path, target: TruthfulTarget) -> Finished:
    """A `Ran`, but where the agents could not be started together."""
    test = case.write(folder, target.url)
    with groundswell.starting_run(test, agents=case.agents) as running:
        pin_run(groundswell, running, case.agents)
        if case.meanwhile is not None:
            target.wait_for_load()
            case.meanwhile(target)
        ended = running.end()
        return ended if ended.exit_code == ExitCode.NO_AGENTS else running.end_of_run()


def _unusable(ran: Ran, log: Log, case: Case) -> str:
    summary = ran.summary
    assert summary.verdict != "FAIL", ran
    if summary.verdict != "PASS":
        return "; ".join(reason.message for reason in summary.reasons)
    if failed := round(summary.metrics["http_req_failed"].values["passes"]):
        # One that finds its connection ended at that very moment is lost: true, and no answer to time.
        return f"{failed} requests were not answered"
    if case.planned is None:
        return ""
    planned = sum(one.planned or 0 for one in summary.scenarios.values())
    if planned != len(log):
        return f"{planned} requests were planned, {len(log)} came"
    off = start_is_off_by(summary, log, case.planned(log, start_of(summary)))
    if abs(off) > START_WITHIN_MS:
        return f"the run began {off:.3f} ms off the moment that it names"
    return ""
