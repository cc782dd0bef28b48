"""Ask for past runs, of a coordinator or of the user's own store: the commands see no difference."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, TypeVar

import click

from groundswell_coordinator.cli.coordinator_options import coordinator_option
from groundswell_coordinator.cli.pool import ask_coordinator
from groundswell_coordinator.cli.test_options import Assignment

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from groundswell.credentials import Remote
    from groundswell_coordinator.client import ControlClient
    from groundswell_coordinator.history.past_runs import PastRuns
    from groundswell_coordinator.report.summary import Summary

    Runs = PastRuns | ControlClient

MOST_RUNS = 10_000

T = TypeVar("T")
R = TypeVar("R")
F = TypeVar("F", bound="Callable[..., Any]")


def whose_option(command: Callable[..., R]) -> Callable[..., R]:
    """Whose runs: `coordinator: Remote | None`."""
    return coordinator_option("the runs of this user on this machine")(command)


def env_option(command: F) -> F:
    """`-e NAME=VALUE`, as `env: tuple[tuple[str, str], ...]`."""
    return click.option(
        *("-e", "--env", "env"),
        type=Assignment(),
        multiple=True,
        help="A variable that the test was run with: their values are never stored.",
    )(command)


def environment(coordinator: Remote | None, env: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """What a stored test is read with. Our own environment is nobody else's business."""
    given = dict(env)
    return given if coordinator is not None else {**os.environ, **given}


def ask(coordinator: Remote | None, question: Callable[[Runs], Coroutine[Any, Any, T]]) -> T:
    """`ask(coordinator, lambda runs: runs.lines(5))`."""
    if coordinator is not None:
        return ask_coordinator(coordinator, question)
    return asyncio.run(_ask_here(question))


async def _ask_here(question: Callable[[PastRuns], Coroutine[Any, Any, T]]) -> T:
    # SQLAlchemy takes a third of a second to import: not for --help.
    from groundswell_coordinator.history.past_runs import PastRuns

    async with PastRuns() as past:
        return await question(past)


async def ended_summaries(runs: Runs, test: str, limit: int) -> list[Summary]:
    """Of a test by its name, the newest, the oldest of them first. A run without a verdict measured
    nothing, and a search for capacity as many rates as it had levels.
    """
    lines = await runs.lines(MOST_RUNS)
    ended = [line for line in lines if line.test == test and line.verdict and line.ended_at_us]
    newest: list[Summary] = []
    for line in ended:
        summary = await runs.summary(line.run_id)
        if summary.capacity is None:
            newest.append(summary)
        if len(newest) == limit:
            break
    return newest[::-1]
