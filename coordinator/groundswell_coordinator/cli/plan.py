"""`groundswell plan`: who would do what, without any load."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from groundswell_coordinator.cli.planned_agents import agents_option, entries
from groundswell_coordinator.cli.test_options import test_source_options

if TYPE_CHECKING:
    from groundswell.scenario.source import TestSource


@click.command(name="plan")
@agents_option
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
    from groundswell_coordinator.report.plan import print_plan

    table = plan_table(load(source), entries(agents), seed)
    if as_json:
        click.echo(json.dumps(asdict(table), indent=2))
    else:
        print_plan(table)
