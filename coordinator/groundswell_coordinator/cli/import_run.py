"""`groundswell import-run FILE`: a run that was exported elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell.errors import GroundswellError
from groundswell_coordinator.cli.past import ask, whose_option

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from groundswell.credentials import Remote

_EPILOG = """\b
Example:
  groundswell import-run checkout.groundswell
  groundswell show "$(groundswell import-run checkout.groundswell)"
"""

_CHUNK = 256 * 1024


@click.command("import-run", epilog=_EPILOG)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@whose_option
def command(file: Path, coordinator: Remote | None) -> None:
    """Take in the run that `groundswell export` wrote into FILE, and print its id."""
    click.echo(ask(coordinator, lambda runs: runs.import_run(_chunks(file))))


async def _chunks(path: Path) -> AsyncGenerator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise GroundswellError(f"cannot read {path}: {error.strerror}") from error
