"""The agents that a test is divided over without a run: how many, and their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groundswell_coordinator.launch.local import default_agents

if TYPE_CHECKING:
    from groundswell.schedule.shares import ShareEntry

# As `agents: int | None`, for `entries`.
agents_option = click.option(
    "--agents", type=click.IntRange(1, 10_000), help="How many agents.  [default: one a core]"
)


def entries(agents: int | None) -> list[ShareEntry]:
    """As `run` names them."""
    from groundswell.schedule.shares import ShareEntry

    count = agents or default_agents()
    return [ShareEntry(f"agent-{number}") for number in range(1, count + 1)]
