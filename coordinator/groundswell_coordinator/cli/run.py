"""`groundswell run`: run a test and print its verdict.

The imports at the top are light. What is heavy is imported once the agents are starting up, so that all processes of a
run come up side by side.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell.errors import GroundswellError
from groundswell.exit_codes import ExitCode
from groundswell.units import parse_duration
from groundswell_coordinator.cli.output import printing, write_file
from groundswell_coordinator.cli.test_options import test_source_options
from groundswell_coordinator.launch.local import LocalAgents, default_agents

if TYPE_CHECKING:
    from groundswell.scenario.source import TestSource


def _labels(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    pairs = [value.partition("=") for value in values]
    for key, equals, value in pairs:
        if not (key and equals):
            raise click.BadParameter(f"{key + value!r} is not K=V")
    return {key: value for key, _, value in pairs}


def _seconds(context: click.Context, parameter: click.Parameter, value: str) -> float:
    try:
        return float(parse_duration(value))
    except GroundswellError as error:
        raise click.BadParameter(str(error)) from error


def _writable(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Find out before the run, not after it, that a file cannot be written."""
    if path is not None:
        try:
            path.open("a").close()
        except OSError as error:
            raise click.BadParameter(f"cannot write {path}: {error.strerror}") from error
    return path


@click.command(name="run")
@click.option(
    "--agents", type=click.IntRange(1, 1000), help="Agent processes.  [default: one a core]"
)
@click.option(
    "--label", "labels", multiple=True, metavar="K=V", callback=_labels, help="Label the run."
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Repeat a run's random draws.")
@click.option(
    "--wait",
    "wait_s",
    default="1m",
    show_default=True,
    metavar="TIME",
    callback=_seconds,
    help="How long agents may take to attach.",
)
@click.option(
    "--summary-json",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_writable,
    help="Write the summary there as JSON.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON, no progress.")
@click.option(
    "--inconclusive",
    type=click.Choice(["fail", "warn"]),
    default="fail",
    show_default=True,
    help="Whether INCONCLUSIVE exits 96 or 0.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Print every metric.")
@test_source_options
def command(
    source: TestSource,
    agents: int | None,
    labels: dict[str, str],
    seed: int | None,
    wait_s: float,
    summary_json: Path | None,
    as_json: bool,
    inconclusive: str,
    quiet: bool,
    verbose: bool,
) -> int:
    """Run TEST and print its verdict; `-` reads the test from standard input.

    Starts a coordinator and agents on this machine and takes them down at the end. Ctrl-C stops the
    run gracefully, a second one at once.

    \b
    Examples:
      groundswell run checkout.yaml
      groundswell run checkout.yaml --agents 4 --summary-json summary.json
      groundswell run checkout.yaml -e BASE_URL=http://127.0.0.1:8080
    """
    count = agents or default_agents()
    with LocalAgents(count) as processes:
        from groundswell.scenario.loader import load
        from groundswell_coordinator.cli.session import Order, run_embedded

        order = Order(
            source=source,
            title=load(source).test,
            agents=count,
            labels=labels,
            seed=secrets.randbits(63) if seed is None else seed,
            wait_s=wait_s,
            quiet=quiet or as_json,
        )
        ended = run_embedded(order, processes)
    with printing():
        if as_json:
            click.echo(ended.summary_json)
        elif not quiet:
            _print(ended.summary_json, verbose=verbose)
    if summary_json is not None:
        write_file(summary_json, ended.summary_json)
    if inconclusive == "warn" and ended.exit_code == ExitCode.INCONCLUSIVE:
        return ExitCode.OK
    return int(ended.exit_code)


def _print(summary_json: str, *, verbose: bool) -> None:
    from groundswell_coordinator.report.console import print_summary
    from groundswell_coordinator.report.summary import Summary

    print_summary(Summary.from_json(summary_json), verbose=verbose)
