"""`groundswell baseline`: names for runs to compare with."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC
from typing import TYPE_CHECKING

import click

from groundswell.errors import GroundswellError, UnknownRun
from groundswell_coordinator.cli.output import printing
from groundswell_coordinator.cli.past import ask, whose_option
from groundswell_coordinator.cli.table import table
from groundswell_coordinator.counted import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.credentials import Remote
    from groundswell_coordinator.cli.past import Runs
    from groundswell_coordinator.store.records import Baseline

_EPILOG = """\b
Examples:
  groundswell baseline set v1.4 last
  groundswell baseline set v1.4 20260304-050607-1f3a9c     # the runs of a --repeat
  groundswell compare v1.4 last --budget 'http_req_duration p(95) +5%'
"""

_TITLES = ("BASELINE", "RUN", "SET (UTC)")


@click.group("baseline", epilog=_EPILOG)
def command() -> None:
    """Give runs a name to compare with. A run that has one is never forgotten.

    A baseline is one run, or all runs of a `run --repeat`.
    """


@command.command("set")
@click.argument("name")
@click.argument("run")
@whose_option
def set_(name: str, run: str, coordinator: Remote | None) -> None:
    """Call RUN, or a group of runs, NAME. The name moves if another run has it.

    \b
    Example:
      groundswell baseline set v1.4 last
    """
    _check_name(name, run)
    run_ids = ask(coordinator, lambda runs: _put(runs, name, run))
    what = run_ids[0] if len(run_ids) == 1 else counted(len(run_ids), "run")
    click.echo(f"baseline {name}: {what}", err=True)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as a JSON list.")
@whose_option
def list_(coordinator: Remote | None, as_json: bool) -> None:
    """List all baselines, by name.

    \b
    Example:
      groundswell baseline list --json | jq -r '.[].name'
    """
    found = _by_name(ask(coordinator, lambda runs: runs.baselines()))
    with printing():
        if as_json:
            click.echo(_as_text([_as_json(name, runs) for name, runs in found.items()]))
        elif found:
            click.echo(table(_TITLES, [_cells(name, runs) for name, runs in found.items()]))
        else:
            click.echo("No baselines yet: `groundswell baseline set NAME RUN` makes one.", err=True)


@command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@whose_option
def show(name: str, coordinator: Remote | None, as_json: bool) -> None:
    """Print which runs NAME stands for, one a line.

    \b
    Example:
      groundswell show "$(groundswell baseline show v1.4)"
    """
    found = _by_name(ask(coordinator, lambda runs: runs.baselines())).get(name)
    if found is None:
        raise UnknownRun(
            f"there is no baseline {name!r}",
            hint="`groundswell baseline list` shows those there are",
        )
    with printing():
        if as_json:
            click.echo(_as_text(_as_json(name, found)))
        else:
            click.echo("\n".join(one.run_id for one in found))


@command.command("remove")
@click.argument("name")
@whose_option
def remove(name: str, coordinator: Remote | None) -> None:
    """Remove NAME; the runs stay.

    \b
    Example:
      groundswell baseline remove v1.3
    """
    ask(coordinator, lambda runs: runs.remove_baseline(name))
    click.echo(f"removed baseline {name}", err=True)


async def _put(runs: Runs, name: str, run: str) -> Sequence[str]:
    from groundswell_coordinator.cli.sides import find_members

    return await runs.set_baseline(name, await find_members(runs, run) or [run])


def _check_name(name: str, run: str) -> None:
    # numpy and protobuf: not for --help.
    from groundswell_coordinator.services.limits import check_baseline

    try:
        check_baseline(name, [run])
    except GroundswellError as error:
        raise click.UsageError(error.message) from error


def _by_name(baselines: Sequence[Baseline]) -> dict[str, list[Baseline]]:
    found: defaultdict[str, list[Baseline]] = defaultdict(list)
    for one in baselines:
        found[one.name].append(one)
    return dict(found)


def _cells(name: str, runs: Sequence[Baseline]) -> tuple[str, ...]:
    more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
    return name, f"{runs[0].run_id}{more}", f"{runs[0].set_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _as_json(name: str, runs: Sequence[Baseline]) -> dict[str, object]:
    return {
        "name": name,
        "runs": [one.run_id for one in runs],
        "set_at": runs[0].set_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }


def _as_text(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
