"""`groundswell run`: run a test and print its verdict.

The imports at the top are light. What is heavy is imported once the agents are starting up, so that all processes of a
run come up side by side.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell.exit_codes import ExitCode
from groundswell_coordinator.cli.carry_out import carry_out, loaded
from groundswell_coordinator.cli.ended import tell_ended
from groundswell_coordinator.cli.histograms import write_histograms
from groundswell_coordinator.cli.inconclusive import as_asked, inconclusive_option
from groundswell_coordinator.cli.kubernetes_options import ClusterPlace, kubernetes_options
from groundswell_coordinator.cli.once import check_once, is_typed, once_options
from groundswell_coordinator.cli.order import Order
from groundswell_coordinator.cli.out_option import out_option
from groundswell_coordinator.cli.output import printing
from groundswell_coordinator.cli.placement_options import Placement, placement_options
from groundswell_coordinator.cli.repeat import Group
from groundswell_coordinator.cli.report_files import report_options
from groundswell_coordinator.cli.run_options import folder, key_value_map
from groundswell_coordinator.cli.test_options import test_source_options

if TYPE_CHECKING:
    from groundswell.credentials import Remote
    from groundswell.scenario.source import TestSource
    from groundswell_coordinator.cli.report_files import ReportFiles
    from groundswell_coordinator.outputs.destination import Destination


@click.command(name="run")
@placement_options
@kubernetes_options
@click.option(
    "-d", "--detach", is_flag=True, help="Hand the run in, print its id, and do not follow it."
)
@click.option(
    "--label", "labels", multiple=True, metavar="K=V", callback=key_value_map, help="Label the run."
)
@click.option(
    "--repeat",
    type=click.IntRange(2, 1000),
    metavar="N",
    help="Run it N times, as a group to compare with: files are numbered, junit-1.xml.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Repeat a run's random draws.")
@click.option(
    "--hdr",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    callback=folder,
    help="Write HdrHistogram logs there: of all agents together, and of each.",
)
@out_option
@click.option(
    *("--json", "as_json"),
    is_flag=True,
    help="Print the summary as JSON, no progress; with --once, an event a line.",
)
@inconclusive_option
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Print every metric; with --once, whole bodies."
)
@once_options
@report_options("test", is_step=True)
@test_source_options
def command(
    source: TestSource,
    placement: Placement,
    cluster: ClusterPlace | None,
    detach: bool,
    labels: dict[str, str],
    repeat: int | None,
    seed: int | None,
    files: ReportFiles,
    hdr: Path | None,
    outputs: tuple[Destination, ...],
    as_json: bool,
    inconclusive: str,
    quiet: bool,
    verbose: bool,
    once: bool,
    scenario: str | None,
    pauses: bool,
) -> int:
    """Run TEST, a YAML or a Python file, and print its verdict; `-` reads YAML from standard input.

    Starts a coordinator and agents on this machine and takes them down at the end, or does so in a
    cluster (--kubernetes), or has the test run by those of a pool (--coordinator). Ctrl-C stops the run
    gracefully, a second one at once.

    Exits with 0 for PASS, 99 for FAIL, 96 for INCONCLUSIVE; `groundswell --help` lists all codes.
    A file that can say so (JUnit, Markdown) is also written where there was no run.

    \b
    Examples:
      groundswell run checkout.yaml
      groundswell run checkout.yaml --agents 4 --junit junit.xml --markdown summary.md
      groundswell run checkout.yaml -e BASE_URL=http://127.0.0.1:8080
      groundswell run checkout.yaml --once
      groundswell run checkout.yaml --repeat 5 --label build=1.4
      groundswell run checkout.yaml --coordinator load.internal:9700 --agents 20 -l zone=a
      groundswell run checkout.yaml --kubernetes --namespace load --agents 50
    """
    check_once(
        once=once,
        scenario=scenario,
        pauses=pauses,
        others={
            "--coordinator": is_typed("coordinator"),
            "--kubernetes": cluster,
            "--agents": placement.agents,
            "--detach": detach,
            "--label": labels,
            "--hdr": hdr,
            "--out": outputs,
            "--repeat": repeat,
            **files.asked,
        },
    )
    if once:
        from groundswell_coordinator.cli.once_process import run_once

        seed = secrets.randbits(63) if seed is None else seed
        return run_once(
            source,
            seed=seed,
            scenario=scenario,
            pauses=pauses,
            allowed=placement.allowed,
            confirmation=placement.confirmation,
            as_json=as_json,
            quiet=quiet,
            verbose=verbose,
        )
    if cluster is not None:
        cluster = cluster.of(placement, detach=detach, outputs=outputs)
    else:
        placement.check(
            detach=detach,
            outputs=outputs,
            results={**files.asked, "--hdr": hdr, "--json": as_json, "--repeat": repeat},
        )
    # A run in a cluster is kept in this user's own store.
    coordinator = None if cluster is not None else placement.coordinator
    order = Order(
        source=source,
        agents=placement.agents,
        labels=labels,
        seed=secrets.randbits(63) if seed is None else seed,
        wait_s=placement.wait_s if cluster is None else cluster.wait_s,
        quiet=quiet or as_json,
        selector=placement.selector,
        on_agent_loss=placement.on_agent_loss,
        allowed=placement.allowed,
        confirmation=placement.confirmation,
        agent_histograms=hdr is not None,
        outputs=outputs,
    )
    if detach and coordinator is not None:
        return _hand_in(order, coordinator)
    if repeat is not None:
        group = Group(order, repeat)
        group.run(lambda one: carry_out(one, coordinator, cluster), files, coordinator, hdr)
        group.tell(coordinator, as_json=as_json, quiet=quiet)
        return group.exit_code(inconclusive)
    ended = carry_out(order, coordinator, cluster)
    tell_ended(ended, files, coordinator, as_json=as_json, quiet=quiet, verbose=verbose)
    if hdr is not None:
        write_histograms(order.run_id, coordinator, hdr)
    return files.exit_code(as_asked(inconclusive, ended.exit_code))


def _hand_in(order: Order, coordinator: Remote) -> int:
    from groundswell_coordinator.cli.follow import how_to_watch
    from groundswell_coordinator.cli.remote_session import hand_in

    ready, _ = loaded(order)
    hand_in(ready, coordinator)
    with printing():
        click.echo(order.run_id)
    if not order.quiet:
        click.echo(f"follow it: {how_to_watch(order.run_id, coordinator)}", err=True)
    return ExitCode.OK
