"""The options that write a run into files: one for each of `report.forms`.

    @report_options("run")
    def command(..., files: ReportFiles) -> int:
        ...
        with files.written(summary, coordinator):
            print_summary(summary)
        return files.exit_code(summary.exit_code)

Where the command fails before that, those files that can say why do.
"""

from __future__ import annotations

import functools
import shlex
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from groundswell.errors import GroundswellError
from groundswell.exit_codes import ExitCode
from groundswell_coordinator.cli.output import check_writable, write_file
from groundswell_coordinator.cli.step_summary import append_step_summary
from groundswell_coordinator.report.forms import FORMS, MARKDOWN, Form

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from groundswell.credentials import Remote
    from groundswell_coordinator.report.summary import Summary

R = TypeVar("R")

_STORE_FAILED = "store_failed"


class ReportFiles:
    """What is to be written, and whether it was. `is_step` where the command is a step of a CI job."""

    def __init__(self, paths: Mapping[Form, Path], *, is_step: bool) -> None:
        self._paths = paths
        self._is_step = is_step
        self._is_complete = True
        self.is_over = False

    @property
    def asked(self) -> dict[str, Path]:
        """By option."""
        return {form.option: path for form, path in self._paths.items()}

    def refuse_part(self) -> None:
        """Raises UsageError for what there is only of a whole run."""
        for form in self._paths:
            if form.of_whole:
                raise click.UsageError(f"{form.option} is of a whole run, not of a part of one.")

    def exit_code(self, verdict: int) -> int:
        """That of the verdict; ERROR instead of OK where a file is missing."""
        return verdict if verdict or self._is_complete else ExitCode.ERROR

    def numbered(self, number: int) -> ReportFiles:
        """The same of one run of several: `junit.xml` becomes `junit-2.xml`."""
        paths = {
            form: path.with_name(f"{path.stem}-{number}{path.suffix}")
            for form, path in self._paths.items()
        }
        return ReportFiles(paths, is_step=self._is_step)

    @contextmanager
    def written(self, summary: Summary, coordinator: Remote | None) -> Generator[None]:
        """Around printing the summary, which comes first and must not cost the files."""
        self.is_over = True
        try:
            yield
        finally:
            self._write(summary, coordinator)

    def tell_failure(self, name: str, error: GroundswellError) -> None:
        """What an earlier run wrote must not pass for this one's: what cannot tell is removed."""
        for form, path in self._paths.items():
            if form.told_of_failure:
                self._try(path, partial(form.render_failure, name, error))
            elif path.is_file():
                with suppress(OSError):
                    path.unlink()
        if self._is_step:
            append_step_summary(MARKDOWN.render_failure(name, error))

    def _write(self, summary: Summary, coordinator: Remote | None) -> None:
        from groundswell_coordinator.cli.stored import opened
        from groundswell_coordinator.report.material import Material

        material = Material(summary, partial(opened, summary.run, coordinator))
        again = [
            word
            for form, path in self._paths.items()
            if not self._try(path, partial(form.render, material))
            for word in (form.option, str(path))
        ]
        if again:
            self._is_complete = False
            click.echo(f"hint: {_how_again(summary, coordinator, again)}", err=True)
        if self._is_step:
            append_step_summary(MARKDOWN.render(material))

    def _try(self, path: Path, render: Callable[[], str]) -> bool:
        try:
            write_file(path, render())
        except GroundswellError as error:
            click.echo(f"error: {error.message}", err=True)
            return False
        return True


def report_options(
    name: str, *, is_step: bool = False
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command `files: ReportFiles`. `name` is the parameter that says what it was about."""

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(command)
        def wrapper(**kwargs: Any) -> R:  # noqa: ANN401 # whatever the other options are
            paths = {form: kwargs.pop(form.name) for form in FORMS}
            files = ReportFiles(_checked(paths), is_step=is_step)
            try:
                return command(files=files, **kwargs)
            except (GroundswellError, KeyboardInterrupt) as error:
                if not files.is_over:
                    files.tell_failure(str(kwargs[name]), _as_error(error))
                raise

        decorated: Callable[..., R] = wrapper
        # click lists options from the last decorator to the first.
        for form in reversed(FORMS):
            decorated = _with_option(decorated, form)
        return decorated

    return decorate


def _with_option(command: Callable[..., R], form: Form) -> Callable[..., R]:
    return click.option(
        form.option,
        form.name,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        callback=_writable,
        help=f"Write {form.help}.",
    )(command)


def _writable(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Found out before the run, not after it."""
    if path is not None:
        try:
            check_writable(path)
        except OSError as error:
            raise click.BadParameter(f"cannot write {path}: {error.strerror}") from error
    return path


def _checked(paths: Mapping[Form, Path | None]) -> dict[Form, Path]:
    asked = {form: path for form, path in paths.items() if path is not None}
    whose: dict[Path, Form] = {}
    for form, path in asked.items():
        other = whose.setdefault(path.resolve(), form)
        if other is not form and path.is_file() | (not path.exists()):
            raise click.UsageError(f"{other.option} and {form.option} are the same file: {path}")
    return asked


def _as_error(error: GroundswellError | KeyboardInterrupt) -> GroundswellError:
    if isinstance(error, GroundswellError):
        return error
    return GroundswellError("interrupted before there was a verdict")


def _how_again(summary: Summary, coordinator: Remote | None, options: list[str]) -> str:
    if any(reason.code == _STORE_FAILED for reason in summary.reasons):
        return "the store failed, too: what was printed is all there is"
    whose = [] if coordinator is None else coordinator.words()
    command = shlex.join(["groundswell", "show", summary.run, *whose, *options])
    return f"nothing is lost, the run is stored: `{command}` writes it again"
