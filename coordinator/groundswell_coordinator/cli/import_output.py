"""Where an imported test goes, and what is said of it."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell.errors import GroundswellError
from groundswell_coordinator.cli.new_file import new_file, refuse_existing
from groundswell_coordinator.cli.output import printing
from groundswell_coordinator.counted import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell_coordinator.importers.draft import Draft


def import_options(command: Callable[..., Draft]) -> Callable[..., None]:
    """Give an importer, which returns a draft, `-o` and `--name`; it gets the former as `output`."""

    @click.option(
        *("-o", "--output"),
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the test there, and not to standard output.",
    )
    @click.option("--name", help="The name of the test.")
    @functools.wraps(command)
    def wrapper(*, output: Path | None, name: str | None, **kwargs: object) -> None:
        # Imported here, as what reads and writes tests is: --help needs nothing of it.
        from groundswell_coordinator.importers.draft import literal
        from groundswell_coordinator.importers.written import written

        refuse_existing(output)
        draft = command(output=output, **kwargs)
        if name is not None:
            draft.test = literal(name)
        text = written(draft)
        if output is None:
            with printing():
                click.echo(text, nl=False)
        else:
            _write(draft, text, output)
        _tell(draft, output)

    return wrapper


def _write(draft: Draft, text: str, output: Path) -> None:
    """The files beside the test first: with the test there, all is there."""
    for name, content in draft.files.items():
        new_file(output.with_name(name), content)
    new_file(output, text)


def _tell(draft: Draft, output: Path | None) -> None:
    from groundswell_coordinator.importers.draft import requests_in
    from groundswell_coordinator.importers.yaml_text import printable

    count = counted(len(requests_in(draft.steps)), "request")
    lines = [f"wrote {output}: {count}"] if output is not None else []
    for title, notes in (
        ("look at", draft.edit),
        ("set with -e or in the environment", draft.secrets),
        ("not carried over", draft.lost),
    ):
        if notes:
            lines += [f"{title}:", *(f"  {printable(note)}" for note in notes)]
    if output is not None:
        lines.append(f"next: groundswell run {output} --once")
    for line in lines:
        click.echo(line, err=True)


def needs_output(output: Path | None, option: str) -> Path:
    """Raises GroundswellError where a second file would have no place."""
    if output is None:
        raise GroundswellError(
            f"{option} writes a file beside the test", hint="name the test's: -o day.yaml"
        )
    return output
