"""`groundswell plan`: who would do what, without any load."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from groundswell_coordinator.cli.test_options import test_source_options
from groundswell_coordinator.launch.local import default_agents

if TYPE_CHECKING:
    from groundswell.scenario.source import TestSource


@click.command(name="plan")
@click.option(
    "--agents", type=click.IntRange(1, 10_000), help="How many agents.  [default: one a core]"
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, help="For poisson arrivals.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@test_source_options
def command(source: TestSource, agents: int | None, seed: int, as_json: bool) -> None:
    """Divide TEST over agents and print each one's part, the planned curve, and what looks wrong.

    \b
    Example:
      groundswell plan checkout.yaml --agents 20
    """
    from groundswell.scenario.loader import load
    from groundswell.schedule.plan import plan_table
    from groundswell.schedule.shares import ShareEntry
    from groundswell_coordinator.report.plan import print_plan

    test = load(source)
    count = agents or default_agents()
    entries = [ShareEntry(f"agent-{number}") for number in range(1, count + 1)]
    table = plan_table(test, entries, seed)
    if as_json:
        click.echo(json.dumps(asdict(table), indent=2))
    else:
        print_plan(table)
