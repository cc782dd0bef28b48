"""The argument and options of every command that reads a test: TEST, -e, --target and --profile."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, TypeVar

import click

from groundswell.scenario.scenarios import SCENARIO_NAME
from groundswell.scenario.source import TestSource, asked_env, read_source
from groundswell.scenario.template import ENV_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R")


class Assignment(click.ParamType[tuple[str, str]]):
    """`NAME=value`; the value may hold anything, another `=` too."""

    name = "NAME=VALUE"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        name, equals, content = str(value).partition("=")
        if not equals or not ENV_NAME.fullmatch(name):
            # Only the name is shown: the value may be a secret.
            self.fail(f"{name!r} is not NAME=VALUE, as in -e BASE_URL=https://…", param, ctx)
        return name, content


class GivenProfile(click.ParamType[tuple[str, str]]):
    """`day.csv`, or `browse=day.csv`: a scenario, or "", and a path."""

    name = "[NAME=]CSV"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        name, equals, path = str(value).partition("=")
        if equals and SCENARIO_NAME.fullmatch(name):
            return name, path
        return "", str(value)


def test_source_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command its test as `source: TestSource`, read and with its environment, but not yet
    loaded.
    """

    @click.argument("test", type=click.Path(allow_dash=True), metavar="TEST")
    @click.option(
        *("-e", "--env", "env"),
        type=Assignment(),
        multiple=True,
        help="Set a variable for {{ env.NAME }}; goes before the environment. May be repeated.",
    )
    @click.option("--target", metavar="URL", help="Load this address instead of the test's own.")
    @click.option(
        "--profile",
        "profiles",
        type=GivenProfile(),
        multiple=True,
        help="Let the scenario with arrivals, or NAME, follow this curve: columns time and rate.",
    )
    @functools.wraps(command)
    def wrapper(
        *,
        test: str,
        env: tuple[tuple[str, str], ...],
        target: str | None,
        profiles: tuple[tuple[str, str], ...],
        **kwargs: object,
    ) -> R:
        given = dict(env)
        curves = dict(profiles)
        if len(curves) < len(profiles):
            raise click.UsageError("--profile: one scenario follows one curve: NAME=CSV for each")
        source = read_source(test, {**os.environ, **given}, target, curves)
        _warn_of_unused(given, source)
        return command(source=source, **kwargs)

    return wrapper


# pytest takes every function called test_… for one of its own.
test_source_options.__dict__["__test__"] = False


def _warn_of_unused(given: dict[str, str], source: TestSource) -> None:
    """A slip in a name would silently load whatever the default says."""
    for name in sorted(given.keys() - asked_env(source.name, source.text)):
        click.echo(f"warning: -e {name}: {source.name} does not mention env.{name}", err=True)
