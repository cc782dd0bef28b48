"""`groundswell agent`: attach to a coordinator and generate load for it.

What an agent itself needs is imported when it is clear that this process is one: it may also be the
parent of several.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell.address import Address, AddressOption
from groundswell.cores import usable_cores
from groundswell.credentials import Credentials, Remote, credential_options
from groundswell.exit_codes import ExitCode
from groundswell.key_values import key_values
from groundswell.load_guard import LoadGuard
from groundswell.logs import log_format_option, log_to_stderr
from groundswell.quantities import LIMITING_RATE
from groundswell.targets import checked_patterns
from groundswell_agent.engine.secrets import DIRECTORY_VARIABLE

if TYPE_CHECKING:
    from fractions import Fraction

_AUTO = "auto"
_MOST_WORKERS = 1000


class _Count(click.ParamType[int]):
    """A number of processes, or as many as there are cores for."""

    name = "N|auto"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        if value == _AUTO:
            return usable_cores()
        text = str(value)
        if not text.isdecimal() or not 1 <= int(text[:5]) <= _MOST_WORKERS:
            self.fail(f"{text!r} is neither {_AUTO} nor 1 to {_MOST_WORKERS}", param, ctx)
        return int(text)


def _labels(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    labels: dict[str, str] = {}
    for key, value in key_values(values):
        if key in labels:
            raise click.BadParameter(f"{key} is given twice")
        labels[key] = value
    return labels


@click.command(name="agent")
@click.option("--coordinator", type=AddressOption(dials=True), help="Where to attach.")
@credential_options(from_environment=False)
@click.option(
    "--workers",
    type=_Count(),
    default=_AUTO,
    show_default=True,
    help="Agents, one process and one core each; auto: as many as affinity and cgroup allow.",
)
@click.option(
    "--name",
    default=socket.gethostname,
    help="How reports call this agent; of several, NAME-1 and so on.  [default: the host's name]",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="K=V",
    callback=_labels,
    help="A label to select it by; may be repeated.",
)
@click.option("--weight", default=1, type=click.IntRange(1, 1000), help="Its part of a run.")
@click.option(
    "--secrets-dir",
    type=click.Path(exists=True, file_okay=False, resolve_path=True),
    envvar=DIRECTORY_VARIABLE,
    help="A folder with a file for each {{ secret.NAME }}; it goes before the environment.",
)
@click.option(
    "--allow-target",
    "allowed",
    multiple=True,
    metavar="PATTERN",
    callback=checked_patterns,
    help="What it may load: a host, *.domain, an address or a network, each also with :PORT; loopback, private, any. "
    "May be repeated.  [default: loopback and private]",
)
@click.option(
    "--max-rate",
    type=LIMITING_RATE,
    help="The most iterations that it starts, as 500/s: it takes no share of a run that is planned to need more.",
)
@click.option(
    "--max-vus",
    metavar="N",
    type=click.IntRange(1, 10_000_000),
    help="The most VUs that its share of a run may have.",
)
@click.option(
    "--no-scripts",
    is_flag=True,
    help="Run no tests in Python: they are code of whoever sends them.",
)
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that is there while this agent is attached, for a probe; of several, while all are.",
)
@click.option(
    "--one-run",
    is_flag=True,
    help="Of one run's own, as its Job starts it: load what the test names; exit with 105 when told to leave, so that "
    "the Job starts another.",
)
# Standard input is a pipe from the parent, and its end is the parent's. Without --coordinator its first line is that.
@click.option("--tethered", is_flag=True, hidden=True)
@log_format_option
def command(
    coordinator: Address | None,
    credentials: Credentials,
    workers: int,
    name: str,
    labels: dict[str, str],
    weight: int,
    secrets_dir: str | None,
    allowed: tuple[str, ...],
    max_rate: Fraction | None,
    max_vus: int | None,
    no_scripts: bool,
    ready_file: Path | None,
    one_run: bool,
    tethered: bool,
    log_format: str,
) -> int:
    """Attach to a coordinator and generate load for it, until told to stop.

    It may be started before its coordinator and survives it: it tries again until it is taken in.
    SIGTERM and Ctrl-C make it hand its share over and leave in order; a second signal ends it.

    \b
    Examples:
      groundswell agent --coordinator load.internal:9700 --label zone=a
      groundswell agent --coordinator load.internal:9700 --workers 2 --name big --weight 2
      groundswell agent --coordinator load.internal:9700 --ca ca.crt --cert tls.crt --key tls.key
      groundswell agent --coordinator load.internal:9700 --allow-target '*.staging.example.com'
      groundswell agent --coordinator load.internal:9700 --max-rate 500/s --max-vus 2000
    """
    if coordinator is None and not tethered:
        raise click.UsageError("--coordinator HOST:PORT is missing")
    remote = None
    if coordinator is not None:
        credentials.read()
        remote = Remote(coordinator.host, coordinator.port, credentials)
    if secrets_dir is not None:
        os.environ[DIRECTORY_VARIABLE] = secrets_dir
    # Under a client, which has a screen to keep tidy, an agent speaks only if something is wrong.
    level = logging.WARNING if coordinator is None else logging.INFO
    log_to_stderr(log_format, level=level, who=name)
    load_guard = LoadGuard(max_rate, max_vus)
    if workers == 1 or tethered:
        from groundswell_agent.process import serve_as_agent

        code = serve_as_agent(
            remote,
            name,
            labels,
            weight,
            tethered=tethered,
            scripts=not no_scripts,
            allowed=allowed,
            one_run=one_run,
            load_guard=load_guard,
            ready_file=ready_file,
        )
        return ExitCode.INTERRUPTED if one_run else code
    from groundswell_agent.workers import Workers, command_line

    assert remote is not None
    words = command_line(
        *(remote, labels, weight, log_format),
        scripts=not no_scripts,
        allowed=allowed,
        load_guard=load_guard,
        one_run=one_run,
    )
    code = asyncio.run(Workers(name, workers, words, ready_file).run())
    return ExitCode.INTERRUPTED if one_run else code
