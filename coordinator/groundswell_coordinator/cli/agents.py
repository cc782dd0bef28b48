"""`groundswell agents`: who is attached to a coordinator."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING

import click

from groundswell.load_guard import rate_text
from groundswell_coordinator.cli.coordinator_options import needed_coordinator_option
from groundswell_coordinator.cli.output import printing
from groundswell_coordinator.cli.pool import ask_coordinator
from groundswell_coordinator.cli.table import table
from groundswell_coordinator.report import quantity

if TYPE_CHECKING:
    from groundswell.credentials import Remote
    from groundswell.v1.control_pb2 import AgentLine

_EPILOG = """\b
Example:
  groundswell agents --coordinator load.internal:9700
  groundswell agents --json | jq -r '.[] | select(.state == "free").name'
"""

_TITLES = ("AGENT", "STATE", "RUN", "WEIGHT", "AT MOST", "HEARD", "LABELS")


@click.command("agents", epilog=_EPILOG)
@click.option("--json", "as_json", is_flag=True, help="Print them as a JSON list.")
@needed_coordinator_option
def command(coordinator: Remote, as_json: bool) -> None:
    """List the agents of a coordinator's pool.

    \b
    free  waits for a run
    busy  serves the run that is named
    away  serves a run, and its connection is lost: it has its lease's time to come back

    AT MOST is what an agent was started with by --max-rate and --max-vus.
    """
    agents = ask_coordinator(coordinator, lambda client: client.agents())
    with printing():
        if as_json:
            click.echo(json.dumps([_as_json(one) for one in agents], indent=2, ensure_ascii=False))
        elif agents:
            click.echo(table(_TITLES, [_cells(agent) for agent in agents]))
        else:
            join = f"`groundswell agent --coordinator {coordinator}` attaches one"
            click.echo(f"No agents yet: {join}.", err=True)


def _cells(agent: AgentLine) -> tuple[str, ...]:
    labels = ",".join(f"{key}={value}" for key, value in sorted(agent.labels.items()))
    heard = f"{quantity.clock(agent.silent_ms // 1000)} ago"
    run, weight = agent.run_id or "-", str(agent.weight)
    return (agent.name, agent.state, run, weight, _guard(agent), heard, labels)


def _guard(agent: AgentLine) -> str:
    rate = rate_text(Fraction(agent.max_rate)) if agent.max_rate else ""
    vus = f"{agent.max_vus} VUs" if agent.max_vus else ""
    return ", ".join(filter(None, (rate, vus))) or "-"


def _as_json(agent: AgentLine) -> dict[str, object]:
    return {
        "name": agent.name,
        "state": agent.state,
        "run": agent.run_id or None,
        "weight": agent.weight,
        "max_rate": float(Fraction(agent.max_rate)) if agent.max_rate else None,
        "max_vus": agent.max_vus or None,
        "labels": dict(agent.labels),
        "silent_s": agent.silent_ms / 1000,
        "version": agent.version or None,
        "incarnation": agent.incarnation,
    }
