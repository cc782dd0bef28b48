"""The end of a run that was followed: its summary on standard output and in files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groundswell_coordinator.cli.output import printing

if TYPE_CHECKING:
    from groundswell.credentials import Remote
    from groundswell.v1.control_pb2 import Ended
    from groundswell_coordinator.cli.report_files import ReportFiles


def tell_ended(
    ended: Ended,
    files: ReportFiles,
    coordinator: Remote | None,
    *,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    # Not before the agents have been started: rich is heavy.
    from groundswell_coordinator.report.summary import Summary

    summary = Summary.from_json(ended.summary_json)
    with files.written(summary, coordinator), printing():
        if as_json:
            click.echo(ended.summary_json)
        elif not quiet:
            from groundswell_coordinator.report.console import print_summary

            print_summary(summary, verbose=verbose)
