"""`groundswell coordinator`: the long-lived one, that a pool of agents attaches to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell.address import Address, AddressOption
from groundswell.credentials import check_pair
from groundswell.logs import log_format_option, log_to_stderr
from groundswell_coordinator.cli.times import Time

if TYPE_CHECKING:
    from groundswell_coordinator.access.access import AccessFiles

_EPILOG = """\b
Examples:
  groundswell coordinator
  groundswell coordinator --listen 0.0.0.0:9700 --ca ca.crt --cert tls.crt --key tls.key
  groundswell coordinator --listen 0.0.0.0:9700 --insecure --http 0.0.0.0:9701
  groundswell coordinator --store postgresql://load@db/groundswell --retain 30d
"""

_OFF = "off"
_FILE = click.Path(dir_okay=False, path_type=Path)


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
@click.option("--cert", type=_FILE, metavar="FILE", help="Serve TLS with this certificate.")
@click.option("--key", type=_FILE, metavar="FILE", help="Its key.")
@click.option(
    "--ca",
    type=_FILE,
    metavar="FILE",
    help="Ask everybody for a certificate of this authority, with a role in it.",
)
@click.option(
    "--tokens",
    type=_FILE,
    metavar="FILE",
    help="A list of tokens, each with a role; beside --ca, another way to a role.",
)
@click.option("--insecure", is_flag=True, help="Serve other machines though anybody may come in.")
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
    cert: Path | None,
    key: Path | None,
    ca: Path | None,
    tokens: Path | None,
    insecure: bool,
    port_file: Path | None,
    log_format: str,
) -> None:
    """Serve a pool of agents and the people who run tests on it.

    SIGTERM and Ctrl-C end the coordinator, not its runs: the next one on the same store takes them
    up again, as long as the agents' lease allows. A second signal ends it at once.

    Off loopback it serves with TLS only, and asks who comes for a certificate (--ca) or a token
    (--tokens): each has a role, agent, viewer or operator. All of these files are read anew when they
    change. With --cert, /healthz, /readyz and /metrics are served over TLS, too; the first two to anybody.
    """
    log_to_stderr(log_format)
    access = _access(cert, key, ca, tokens)
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
            access=access,
            port_file=port_file,
        )
    )


def _access(
    cert: Path | None, key: Path | None, ca: Path | None, tokens: Path | None
) -> AccessFiles | None:
    check_pair(cert, key)
    if cert is None or key is None:
        if ca is not None or tokens is not None:
            raise click.UsageError("--ca and --tokens need TLS: give --cert and --key, too.")
        return None
    from groundswell_coordinator.access.access import AccessFiles
    from groundswell_coordinator.access.server_tls import ServerFiles

    return AccessFiles(ServerFiles(cert, key, ca), tokens)
