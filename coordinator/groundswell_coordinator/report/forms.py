"""The files that a run can be written as: a table, as text, so that only what is asked for is imported.

A module here has `render(material)`; one that is `told_of_failure`, `render_failure(name, error)`,
too: CI is to find a file that says what went wrong, also where there was no run.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from groundswell.errors import GroundswellError
    from groundswell_coordinator.report.material import Material


@dataclass(frozen=True, slots=True)
class Form:
    """`option` is what asks for it. Of a part of a run there are only those that are not `of_whole`."""

    option: str
    module: str
    help: str
    told_of_failure: bool = False
    of_whole: bool = False

    @property
    def name(self) -> str:
        return self.option.removeprefix("--").replace("-", "_")

    def render(self, material: Material) -> str:
        return cast("str", importlib.import_module(self.module).render(material))

    def render_failure(self, name: str, error: GroundswellError) -> str:
        return cast("str", importlib.import_module(self.module).render_failure(name, error))


MARKDOWN = Form(
    "--markdown",
    "groundswell_coordinator.report.markdown",
    "the verdict and a table as Markdown, for a pull request",
    told_of_failure=True,
)
FORMS = (
    Form("--summary-json", "groundswell_coordinator.report.json_summary", "the summary as JSON"),
    Form(
        "--junit",
        "groundswell_coordinator.report.junit",
        "JUnit XML, with a test case for each threshold",
        told_of_failure=True,
        of_whole=True,
    ),
    MARKDOWN,
    Form("--csv", "groundswell_coordinator.report.csv_table", "all metrics as a table"),
    Form(
        "--html",
        "groundswell_coordinator.report.html.run_page",
        "a page with plots, complete in one file",
        of_whole=True,
    ),
)
