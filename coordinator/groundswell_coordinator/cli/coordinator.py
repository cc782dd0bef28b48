"""`groundswell coordinator`: the long-lived one, that a pool of agents attaches to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from groundswell.address import Address, AddressOption
from groundswell.logs import log_format_option, log_to_stderr
from groundswell_coordinator.cli.times import Time

_EPILOG = """\b
Examples:
  groundswell coordinator
  groundswell coordinator --listen 0.0.0.0:9700 --insecure --http 0.0.0.0:9701
  groundswell coordinator --store postgresql://load@db/groundswell --retain 30d
"""

_OFF = "off"


def _http(context: click.Context, parameter: click.Parameter, value: str) -> Address | None:
    return None if value == _OFF else AddressOption().convert(value, parameter, context)


@click.command("coordinator", epilog=_EPILOG)
@click.option(
    "--listen",
    type=AddressOption(),
    default="127.0.0.1:9700",
    show_default=True,
    help="Where agents and clients come; port 0 takes a free one.",
)
@click.option(
    "--http",
    default="127.0.0.1:9701",
    show_default=True,
    metavar="HOST:PORT|off",
    callback=_http,
    help="Where /healthz, /readyz and /metrics are served.",
)
@click.option(
    "--store",
    metavar="URL",
    envvar="GROUNDSWELL_STORE",
    help="The database, as SQLAlchemy writes it; a URL with a password is better given as GROUNDSWELL_STORE.  "
    "[default: SQLite in GROUNDSWELL_HOME]",
)
@click.option(
    "--retain",
    type=Time(("1m", "366d")),
    help="Forget runs that ended longer ago, such as 30d; no baseline.",
)
@click.option(
    "--lease",
    type=Time(("1s", "1h")),
    default="5s",
    show_default=True,
    help="How long agents load without hearing from us.",
)
@click.option("--insecure", is_flag=True, help="Serve other machines without TLS and tokens.")
@click.option(
    "--port-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the ports into this file once all listen, gRPC first; removed at the end.",
)
@log_format_option
def command(
    listen: Address,
    http: Address | None,
    store: str | None,
    retain: float | None,
    lease: float,
    insecure: bool,
    port_file: Path | None,
    log_format: str,
) -> None:
    """Serve a pool of agents and the people who run tests on it.

    SIGTERM and Ctrl-C end the coordinator, not its runs: the next one on the same store takes them
    up again, as long as the agents' lease allows. A second signal ends it at once.

    Off loopback it serves only with --insecure: whoever reaches the port may then run a test.
    /healthz, /readyz and /metrics hold nothing secret and may be served anywhere.
    """
    log_to_stderr(log_format)
    # Imported here, as what is heavy is not needed to say that an option is wrong.
    from groundswell_coordinator.launch.service import ServiceSettings, run_service

    run_service(
        ServiceSettings(
            listen=listen,
            http=http,
            store=store,
            retain=None if retain is None else timedelta(seconds=retain),
            lease_s=lease,
            is_insecure=insecure,
            port_file=port_file,
        )
    )
