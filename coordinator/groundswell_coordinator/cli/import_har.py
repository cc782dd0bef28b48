"""`groundswell import har`: what a browser recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groundswell_coordinator.cli.import_output import import_options

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell_coordinator.importers.draft import Draft


@click.command("har")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Keep requests to this host, too, and to what is below it. May be repeated.",
)
@click.option("--all-hosts", is_flag=True, help="Keep the requests to every host.")
@click.option("--no-static", is_flag=True, help="Leave out images, fonts, styles and scripts.")
@click.option("--think-time", is_flag=True, help="Make pauses of the time between requests.")
@import_options
def command(
    file: str,
    hosts: tuple[str, ...],
    all_hosts: bool,
    no_static: bool,
    think_time: bool,
    output: Path | None,
) -> Draft:
    """Make a test of a HAR file, as browsers save it, - is standard input: one iteration does what was
    recorded.

    Kept are the requests to the host of the first one, and to hosts below it. What a response brought
    and a later request sent back (tokens, ids) is captured. Redirects are followed by the step that
    met them.

    \b
    Examples:
      groundswell import har shop.har -o shop.yaml
      groundswell import har shop.har --no-static --think-time --host cdn.example -o shop.yaml
    """
    from groundswell_coordinator.importers.har.importer import import_har
    from groundswell_coordinator.importers.har.selection import HarOptions

    return import_har(file, HarOptions(hosts, all_hosts, no_static, think_time))
