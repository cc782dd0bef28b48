"""`K=V`, as the value of an option that may be repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def key_values(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each key with its value, which may be empty; BadParameter for what is not K=V."""
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise click.BadParameter(f"{text!r} is not K=V")
        yield key, value
