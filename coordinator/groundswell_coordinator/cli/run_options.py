"""What the options of `run` may be, alone and together; found out before the run, not after it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from groundswell.key_values import key_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from groundswell.credentials import Remote
    from groundswell_coordinator.outputs.destination import Destination

_MOST_PROCESSES = 1000


def key_value_map(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> dict[str, str]:
    """Of a key that is there twice, the last value."""
    return dict(key_values(texts))


def folder(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Made where it is not there."""
    if path is not None:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise click.BadParameter(f"cannot make {path}: {error.strerror}") from error
        if not os.access(path, os.W_OK | os.X_OK):
            raise click.BadParameter(f"cannot write into {path}")
    return path


def check_together(
    coordinator: Remote | None,
    *,
    agents: int | None,
    selector: Mapping[str, str],
    detach: bool,
    outputs: Sequence[Destination],
    results: Mapping[str, object],
) -> None:
    """Raises UsageError for options that need a coordinator, or that --detach leaves without use."""
    if coordinator is None:
        if selector:
            raise click.UsageError("--selector chooses among a coordinator's agents: name one.")
        if detach:
            raise click.UsageError(
                "--detach needs a --coordinator: our own ends with this command."
            )
        if (agents or 0) > _MOST_PROCESSES:
            raise click.UsageError(
                f"--agents: at most {_MOST_PROCESSES} processes are started here."
            )
    elif any(one.is_file for one in outputs):
        raise click.UsageError(
            "--out jsonl would be written on the coordinator's machine: send it to a URL, or run the "
            "test here."
        )
    wanted = [option for option, value in results.items() if value]
    if detach and wanted:
        raise click.UsageError(f"--detach does not wait for what {wanted[0]} asks for.")
