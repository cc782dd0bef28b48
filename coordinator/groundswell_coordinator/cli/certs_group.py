"""`groundswell certs`: TLS for people without a certificate manager."""

from __future__ import annotations

import click

from groundswell_coordinator.cli.certs_init import init
from groundswell_coordinator.cli.certs_issue import issue
from groundswell_coordinator.cli.certs_list import list_
from groundswell_coordinator.cli.certs_rotate import rotate
from groundswell_coordinator.cli.certs_token import token


@click.group("certs")
def command() -> None:
    """Make an authority, and certificates for a coordinator and for all who come to it.

    Who has a certificate with a role may do what the role may: an agent attaches, a viewer reads, an
    operator runs tests, too.

    \b
    Examples:
      groundswell certs init
      groundswell certs issue coordinator --host load.internal
      groundswell certs issue agent
      groundswell certs issue operator --name alice
      groundswell certs rotate
    """


for _command in (init, issue, list_, rotate, token):
    command.add_command(_command)
