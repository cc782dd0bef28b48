"""GitHub's page of a job: what is appended to the file that GITHUB_STEP_SUMMARY names is shown there."""

from __future__ import annotations

import os
from pathlib import Path

import click

VARIABLE = "GITHUB_STEP_SUMMARY"


def append_step_summary(markdown: str) -> None:
    """Nothing, where there is no such page. A page that takes nothing costs no verdict: it is only said."""
    name = os.environ.get(VARIABLE)
    if not name:
        return
    try:
        with Path(name).open("a", encoding="utf-8") as page:
            page.write(f"{markdown}\n\n")
    except OSError as error:
        click.echo(f"warning: {VARIABLE}: cannot write {name}: {error.strerror}", err=True)
