"""The end of a run that was followed: its summary on standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groundswell_coordinator.cli.output import printing

if TYPE_CHECKING:
    from groundswell.v1.control_pb2 import Ended


def print_ended(ended: Ended, *, as_json: bool, quiet: bool, verbose: bool) -> None:
    with printing():
        if as_json:
            click.echo(ended.summary_json)
        elif not quiet:
            _print(ended.summary_json, verbose=verbose)


def _print(summary_json: str, *, verbose: bool) -> None:
    # Not before the agents have been started: rich is heavy.
    from groundswell_coordinator.report.console import print_summary
    from groundswell_coordinator.report.summary import Summary

    print_summary(Summary.from_json(summary_json), verbose=verbose)
