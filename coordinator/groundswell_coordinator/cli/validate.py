"""`groundswell validate`: is this a test that can be run?"""

from __future__ import annotations

import functools
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from groundswell.errors import InvalidTest
from groundswell.scenario.loader import load
from groundswell.scenario.model import all_steps
from groundswell_coordinator.cli.test_options import test_source_options
from groundswell_coordinator.counted import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from groundswell.scenario.model import Test
    from groundswell.scenario.source import TestSource


def _problems_as_json(command: Callable[..., None]) -> Callable[..., None]:
    """With --json, print the problems to stdout; else they escape as every error does."""

    @functools.wraps(command)
    def wrapper(*, as_json: bool, **kwargs: object) -> None:
        try:
            command(as_json=as_json, **kwargs)
        except InvalidTest as error:
            if not as_json:
                raise
            problems = [asdict(problem) for problem in error.problems]
            click.echo(json.dumps({"valid": False, "problems": problems}, indent=2))
            click.get_current_context().exit(int(error.exit_code))

    return wrapper


@click.command(name="validate")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@_problems_as_json
@test_source_options
def command(source: TestSource, as_json: bool) -> None:
    """Check a test without running it.

    Prints every problem with its place and exits with 104, or says in one line what the test holds.
    TEST is a YAML or a Python file, or - for YAML on standard input.

    \b
    Example:
      groundswell validate checkout.yaml -e BASE_URL=https://shop.staging.internal

    \b
    A test to start from:
      test: hello
      target: http://127.0.0.1:8080
      scenarios:
        browse:
          executor: constant-arrival-rate
          rate: 100/s
          duration: 30s
          max_vus: 50
          steps:
            - get: /
              check: {status: 200}
      thresholds:
        http_req_duration: [p(95) < 300ms]
    """
    test = load(source)
    warnings = list(_warnings(test))
    if as_json:
        answer = {"valid": True, "problems": [], "warnings": warnings, **_counts(test)}
        click.echo(json.dumps(answer, indent=2))
    else:
        counts = ", ".join(
            counted(count, nouns.removesuffix("s")) for nouns, count in _counts(test).items()
        )
        click.echo(f"{source.name}: valid: {counts}")
        for warning in warnings:
            click.echo(f"warning: {source.name}: {warning}", err=True)


def _warnings(test: Test) -> Iterator[str]:
    """What is no mistake and will surprise all the same."""
    if not test.data:
        return
    from groundswell.schedule.division import Division
    from groundswell.schedule.row_plan import data_outlines
    from groundswell.schedule.shares import ShareEntry, ShareTable

    for source in data_outlines(test, Division(ShareTable((ShareEntry("all"),))), 0):
        for warning in source.warnings:
            yield f"data {source.name}: {warning}"


def _counts(test: Test) -> dict[str, int]:
    steps = sum(len(list(all_steps(scenario.steps))) for scenario in test.scenarios.values())
    return {
        "scenarios": len(test.scenarios),
        # A test in Python has functions in their place, one a scenario.
        **({"steps": steps} if steps else {}),
        "thresholds": sum(map(len, test.thresholds.values())),
    }
