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
from groundswell.scenario.source import sealed
from groundswell_coordinator.cli.files import lend_files
from groundswell_coordinator.cli.output import printing
from groundswell_coordinator.cli.planned_agents import agents_option, entries
from groundswell_coordinator.cli.test_options import test_source_options
from groundswell_coordinator.counted import counted
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
@agents_option
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

    test = load(source)
    source = sealed(source, test.files)
    lend_files(source)
    shares = entries(agents)
    checks = (*_of_plan(test, shares), *_of_agent(source, shares))
    examination = Examination(test.test, len(shares), checks)
    errors = examination.count("error")
    with printing():
        if as_json:
            click.echo(json.dumps({"ok": not errors, **asdict(examination)}, indent=2))
        else:
            print_examination(examination)
    return ExitCode.ERROR if errors else ExitCode.OK


def _of_plan(test: Test, shares: Sequence[ShareEntry]) -> Iterable[CheckLine]:
    from groundswell.schedule.plan import plan_table

    scenarios = counted(len(test.scenarios), "scenario")
    thresholds = counted(sum(map(len, test.thresholds.values())), "threshold")
    yield CheckLine("test", "ok", f"{scenarios}, {thresholds}")
    table = plan_table(test, shares, 0)
    warnings = [(outline.name, outline.warnings) for outline in table.scenarios]
    warnings += [(outline.name, outline.warnings) for outline in table.data]
    for name, texts in warnings:
        for text in texts:
            yield CheckLine("plan", "warning", f"{name}: {text}", "plan")


def _of_agent(source: TestSource, shares: Sequence[ShareEntry]) -> Sequence[CheckLine]:
    """A real agent's process looks for itself; the first one's share is the largest."""
    from groundswell.schedule.division import table_to_wire
    from groundswell.schedule.shares import ShareTable
    from groundswell.v1 import agent_pb2
    from groundswell_coordinator.run.submission import source_to_wire

    prepare = agent_pb2.Prepare(
        run_id="doctor",
        source=source_to_wire(source),
        shares=table_to_wire(ShareTable(tuple(shares))),
        agent=shares[0].agent,
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
