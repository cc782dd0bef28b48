"""`groundswell export RUN FILE`: a run as a file."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell_coordinator.cli.past import ask, whose_option
from groundswell_coordinator.report import quantity
from groundswell_coordinator.whole_file import replacing

if TYPE_CHECKING:
    from groundswell.credentials import Remote
    from groundswell_coordinator.cli.past import Runs

_EPILOG = """\b
Example:
  groundswell export last checkout.groundswell
  groundswell export 20260304-05 nightly.groundswell --coordinator load.internal:9700
"""


@click.command("export", epilog=_EPILOG)
@click.argument("run")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@whose_option
def command(run: str, file: Path, coordinator: Remote | None) -> None:
    """Write RUN into FILE, whole: the test, every second's histograms, what befell it.

    `groundswell import-run` takes it in on another machine.
    """
    size = ask(coordinator, lambda runs: write_export(runs, run, file))
    click.echo(f"wrote {file} ({quantity.data(size)})", err=True)


async def write_export(runs: Runs, run: str, file: Path) -> int:
    """Its size in bytes. The file is there when it is whole, and not before."""
    size = 0
    with replacing(file) as half:
        async with aclosing(runs.export(run)) as chunks:
            async for chunk in chunks:
                size += half.write(chunk)
    return size
