"""`groundswell capacity`: the highest rate at which a target still holds a test's thresholds."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import click

from groundswell.capacity.settings import SearchSettings
from groundswell.quantities import RATE, SECONDS, SHARE
from groundswell_coordinator.cli.carry_out import carry_out
from groundswell_coordinator.cli.ended import tell_ended
from groundswell_coordinator.cli.inconclusive import as_asked, inconclusive_option
from groundswell_coordinator.cli.order import Order
from groundswell_coordinator.cli.out_option import out_option
from groundswell_coordinator.cli.placement_options import Placement, placement_options
from groundswell_coordinator.cli.report_files import report_options
from groundswell_coordinator.cli.run_options import key_value_map
from groundswell_coordinator.cli.test_options import test_source_options

if TYPE_CHECKING:
    from fractions import Fraction

    from groundswell.scenario.source import TestSource
    from groundswell_coordinator.cli.report_files import ReportFiles
    from groundswell_coordinator.outputs.destination import Destination

_LONGEST_SETTLE_S = 10


@click.command(name="capacity")
@click.option("--from", "first", type=RATE, required=True, help="The rate to begin with.")
@click.option("--to", "last", type=RATE, required=True, help="The highest rate to try.")
@click.option(
    "--hold", type=SECONDS, default="30s", show_default=True, help="How long a level is judged."
)
@click.option(
    "--settle",
    type=SECONDS,
    help="How long it has to settle before.  [default: a third of --hold, at most 10s]",
)
@click.option(
    "--tolerance",
    type=SHARE,
    default="2%",
    show_default=True,
    help="How near the rate that passes and the one that fails are to be.",
)
@click.option("--require", "required", type=RATE, help="Exit with 99 below this rate.")
@click.option("--normal", type=RATE, help="The rate of a usual day: say how much margin there is.")
@click.option("--scenario", metavar="NAME", help="Raise this one alone.  [default: all open ones]")
@placement_options
@click.option(
    "--label", "labels", multiple=True, metavar="K=V", callback=key_value_map, help="Label the run."
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Repeat a run's random draws.")
@out_option
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON, no progress.")
@inconclusive_option
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Print every metric.")
@report_options("test", is_step=True)
@test_source_options
def command(
    source: TestSource,
    first: Fraction,
    last: Fraction,
    hold: int,
    settle: int | None,
    tolerance: Fraction,
    required: Fraction | None,
    normal: Fraction | None,
    scenario: str | None,
    placement: Placement,
    labels: dict[str, str],
    seed: int | None,
    files: ReportFiles,
    outputs: tuple[Destination, ...],
    as_json: bool,
    inconclusive: str,
    quiet: bool,
    verbose: bool,
) -> int:
    """Find the highest rate at which TEST still holds its thresholds.

    Raises the arrival rate of the test's open scenarios within one run: twice as much until a level
    fails, then between what passed and what failed until they are within the tolerance. Rates are
    iterations per second, of all scenarios that are raised, and `max_vus` scales along. Closed
    scenarios stay as they are.

    Each level settles, then is held and judged by the test's thresholds, but by the agents' own health
    first: where these do not keep up the search ends as INCONCLUSIVE, and more agents are needed.
    After a level that fails the rate falls back until the target has recovered.

    Exits with 0 where there is an answer, 99 where it is below --require or below --from, 96 for
    INCONCLUSIVE; 104 for a test without thresholds.

    \b
    Examples:
      groundswell capacity checkout.yaml --from 100/s --to 20000/s
      groundswell capacity checkout.yaml --from 100/s --to 5000/s --normal 400/s --agents 4
      groundswell capacity checkout.yaml --from 100/s --to 2500/s --require 2000/s --junit out.xml
    """
    placement.check(detach=False, outputs=outputs, results={})
    search = SearchSettings(
        first=first,
        last=last,
        hold=hold,
        settle=settle or max(1, min(_LONGEST_SETTLE_S, hold // 3)),
        tolerance=tolerance,
        scenario=scenario,
        required=required,
        normal=normal,
    )
    if not (quiet or as_json):
        click.echo(_in_advance(search), err=True)
    order = Order(
        source=source,
        agents=placement.agents,
        labels=labels,
        seed=secrets.randbits(63) if seed is None else seed,
        wait_s=placement.wait_s,
        quiet=quiet or as_json,
        selector=placement.selector,
        on_agent_loss=placement.on_agent_loss,
        allowed=placement.allowed,
        confirmation=placement.confirmation,
        search=search,
        outputs=outputs,
    )
    ended = carry_out(order, placement.coordinator)
    tell_ended(ended, files, placement.coordinator, as_json=as_json, quiet=quiet, verbose=verbose)
    return files.exit_code(as_asked(inconclusive, ended.exit_code))


def _in_advance(search: SearchSettings) -> str:
    minutes = max(1, round(search.usual_s / 60))
    return f"levels of {search.level_s} s from {float(search.first):g}/s on, mostly less than {minutes} min in all"
