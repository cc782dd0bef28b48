"""`groundswell compare BASE CANDIDATE`: whether a build is worse than another, and how sure that is."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell.errors import GroundswellError, InvalidUnit
from groundswell.quantities import Quantity
from groundswell.units import parse_share
from groundswell_coordinator.cli.output import check_writable, printing, write_file
from groundswell_coordinator.cli.past import env_option, whose_option

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from groundswell.credentials import Remote
    from groundswell_coordinator.compare.comparison import Comparison

_EPILOG = """\b
Examples:
  groundswell compare v1.4 last
  groundswell compare v1.4 last --budget 'http_req_duration{name:cart} p(95) +5%' \\
      --budget 'http_req_failed rate +0.1pp' --junit junit.xml --html comparison.html
  groundswell compare release.groundswell nightly.groundswell --json
  groundswell compare 20260304-050607-1f3a9c last     # a group of `run --repeat 5`

\b
Exit codes:
  0   every budget was kept, or none was given
  99  a budget is broken beyond doubt
  96  none is, and of one it cannot be told
"""


def _share_up_to(most: str) -> Quantity[float]:
    """A share above 0 and at most `most`."""

    def parse(text: str) -> float:
        share = parse_share(text)
        if not 0 < share <= parse_share(most):
            raise InvalidUnit(f"{text} is not above 0% and at most {most}")
        return float(share)

    return Quantity("SHARE", parse)


def _writable(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    if path is not None:
        try:
            check_writable(path)
        except OSError as error:
            raise click.BadParameter(f"cannot write {path}: {error.strerror}") from error
    return path


_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("compare", epilog=_EPILOG)
@click.argument("base")
@click.argument("candidate")
@click.option(
    "--budget",
    "budgets",
    multiple=True,
    metavar="BUDGET",
    help="By how much a figure may get worse: +5%, +20ms, +0.1pp. May be repeated.",
)
@click.option(
    "--tolerance",
    type=_share_up_to("50%"),
    default="2%",
    show_default=True,
    help="A difference that is none, of times and rates.",
)
@click.option(
    "--confidence",
    type=_share_up_to("99.9%"),
    default="95%",
    show_default=True,
    help="Of the intervals, and of what is said by them.",
)
@env_option
@click.option(
    "--junit",
    type=_FILE,
    metavar="FILE",
    callback=_writable,
    help="Write JUnit XML, with a test case for each budget.",
)
@click.option(
    "--markdown",
    type=_FILE,
    metavar="FILE",
    callback=_writable,
    help="Write the comparison as Markdown, for a pull request.",
)
@click.option(
    "--html",
    type=_FILE,
    metavar="FILE",
    callback=_writable,
    help="Write a page with plots of both sides, complete in one file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Every metric.")
@whose_option
def command(
    base: str,
    candidate: str,
    coordinator: Remote | None,
    budgets: Sequence[str],
    tolerance: float,
    confidence: float,
    env: tuple[tuple[str, str], ...],
    junit: Path | None,
    markdown: Path | None,
    html: Path | None,
    as_json: bool,
    verbose: bool,
) -> int:
    """Compare CANDIDATE with BASE, figure by figure, over the seconds that are judged.

    Each is a run (its id, the start of it, `last`), a baseline, a group of `run --repeat`, a file that
    `groundswell export` wrote, a folder of such files, or the JSON of a summary. Of each percentile it
    says both values, the difference with its confidence interval, and one word: better, same, worse
    or unclear.
    """
    files = {"junit": junit, "markdown": markdown, "html": html}
    with _told_of_failure(files, f"{base} and {candidate}"):
        comparison = _compared(
            base,
            candidate,
            coordinator,
            budgets,
            tolerance=tolerance,
            confidence=confidence,
            env={**os.environ, **dict(env)},
            verbose=verbose,
        )
    _write(comparison, files)
    _print(comparison, as_json=as_json)
    return int(comparison.exit_code)


def _compared(
    base: str,
    candidate: str,
    coordinator: Remote | None,
    budgets: Sequence[str],
    *,
    tolerance: float,
    confidence: float,
    env: Mapping[str, str],
    verbose: bool,
) -> Comparison:
    # numpy and SQLAlchemy: not for --help.
    from groundswell_coordinator.cli.sides import find_parties
    from groundswell_coordinator.compare.budget import parse_budget
    from groundswell_coordinator.compare.comparability import warnings_of
    from groundswell_coordinator.compare.comparison import compare

    # An hour is a hundred thousand values that all stay: looking through them for rubbish, again and
    # again, takes a fifth of the time.
    gc.disable()
    one, other = find_parties(base, candidate, coordinator, env)
    catalog = {**one.catalog, **other.catalog}
    return compare(
        one,
        other,
        [parse_budget(budget, catalog) for budget in budgets],
        confidence=confidence,
        tolerance=tolerance,
        verbose=verbose,
        warnings=warnings_of(one, other),
    )


def _print(comparison: Comparison, *, as_json: bool) -> None:
    with printing():
        if as_json:
            from groundswell_coordinator.report.comparison_json import render

            click.echo(render(comparison))
        else:
            from groundswell_coordinator.report.comparison_console import print_comparison

            print_comparison(comparison)


def _write(comparison: Comparison, files: Mapping[str, Path | None]) -> None:
    from groundswell_coordinator.report import comparison_junit, comparison_markdown

    if (path := files["junit"]) is not None:
        write_file(path, comparison_junit.render(comparison))
    if (path := files["markdown"]) is not None:
        write_file(path, comparison_markdown.render(comparison))
    if (path := files["html"]) is not None:
        from groundswell_coordinator.report.html import comparison_page

        write_file(path, comparison_page.render(comparison))


@contextmanager
def _told_of_failure(files: Mapping[str, Path | None], name: str) -> Generator[None]:
    """CI is to find a file that says what went wrong, and not what an earlier comparison left."""
    try:
        yield
    except GroundswellError as error:
        from groundswell_coordinator.report import comparison_junit, comparison_markdown

        for form, module in (("junit", comparison_junit), ("markdown", comparison_markdown)):
            if (path := files[form]) is not None:
                with suppress(GroundswellError):
                    write_file(path, module.render_failure(name, error))
        raise
