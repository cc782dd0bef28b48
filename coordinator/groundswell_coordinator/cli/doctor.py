"""`groundswell doctor`: will this test work on this machine? Asked without any load."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
import msgspec

from groundswell.errors import GroundswellError
from groundswell.exit_codes import ExitCode
from groundswell_coordinator.cli.output import printing
from groundswell_coordinator.cli.test_options import test_source_options
from groundswell_coordinator.launch.local import default_agents
from groundswell_coordinator.report.doctor import CheckLine, Examination, print_examination

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groundswell.scenario.model import Test
    from groundswell.scenario.source import TestSource
    from groundswell.schedule.shares import ShareEntry

_PROGRAM = ("-m", "groundswell_agent.preflight")


class _Failure(msgspec.Struct):
    message: str
    hint: str | None
    exit_code: int


class _Answer(msgspec.Struct):
    """What an agent's own checks print."""

    checks: tuple[CheckLine, ...] = ()
    error: _Failure | None = None


class _Unpreparable(GroundswellError):
    """No agent would take its share."""

    def __init__(self, failure: _Failure) -> None:
        super().__init__(failure.message, hint=failure.hint)
        self.exit_code = ExitCode(failure.exit_code)  # type: ignore[misc]  # an instance's own


@click.command(name="doctor")
@click.option(
    "--agents", type=click.IntRange(1, 10_000), help="How many agents.  [default: one a core]"
)
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
@test_source_options
def command(source: TestSource, agents: int | None, as_json: bool) -> int:
    """Check TEST, this machine and the target, as agents do before every run; no request is sent.

    Files and ports against the plan, one connection to wherever requests go (name, TCP, TLS), and
    the planned rate against what an agent makes here. Exits with 0 where at most warnings are
    found, 104 for errors in the test, 1 where something will not work.

    \b
    Examples:
      groundswell doctor checkout.yaml
      groundswell doctor checkout.yaml --agents 8 --target https://shop.staging.internal
    """
    from groundswell.scenario.loader import load
    from groundswell.schedule.shares import ShareEntry

    test = load(source)
    count = agents or default_agents()
    entries = [ShareEntry(f"agent-{number}") for number in range(1, count + 1)]
    checks = (*_of_plan(test, entries), *_of_agent(source, entries))
    examination = Examination(test.test, count, checks)
    errors = examination.count("error")
    with printing():
        if as_json:
            click.echo(json.dumps({"ok": not errors, **asdict(examination)}, indent=2))
        else:
            print_examination(examination)
    return ExitCode.ERROR if errors else ExitCode.OK


def _of_plan(test: Test, entries: Sequence[ShareEntry]) -> Iterable[CheckLine]:
    from groundswell.schedule.plan import plan_table

    scenarios, thresholds = len(test.scenarios), sum(map(len, test.thresholds.values()))
    noun = "scenario" if scenarios == 1 else "scenarios"
    limits = "threshold" if thresholds == 1 else "thresholds"
    yield CheckLine("test", "ok", f"{scenarios} {noun}, {thresholds} {limits}")
    for outline in plan_table(test, entries, 0).scenarios:
        for text in outline.warnings:
            yield CheckLine("plan", "warning", f"{outline.name}: {text}", "plan")


def _of_agent(source: TestSource, entries: Sequence[ShareEntry]) -> Sequence[CheckLine]:
    """A real agent's process looks for itself; the first one's share is the largest."""
    from groundswell.schedule.division import table_to_wire
    from groundswell.schedule.shares import ShareTable
    from groundswell.v1 import agent_pb2
    from groundswell_coordinator.run.submission import source_to_wire

    prepare = agent_pb2.Prepare(
        run_id="doctor",
        source=source_to_wire(source),
        shares=table_to_wire(ShareTable(tuple(entries))),
        agent=entries[0].agent,
    )
    done = subprocess.run(
        [sys.executable, *_PROGRAM],
        input=prepare.SerializeToString(),
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        raise GroundswellError("the checks of an agent failed", hint="what it said is above")
    answer = msgspec.json.decode(done.stdout, type=_Answer)
    if answer.error is not None:
        raise _Unpreparable(answer.error)
    return answer.checks
