"""A page as one file: style, plots and the library that draws them are in it, and nothing is fetched."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from groundswell import __version__
from groundswell_coordinator.report.html.figure import as_script_data
from groundswell_coordinator.report.html.markup import Markup, element, escaped, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell_coordinator.report.html.figure import Figure

# Whatever a browser may be talked into, this page speaks to nobody.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)


def document(title: str, parts: Sequence[Markup], figures: Sequence[Figure]) -> str:
    """`parts` are the page from top to bottom, with the places of the `figures`."""
    body = joined([*parts, element("footer", f"groundswell {__version__}")])
    plots = _plots(figures) if figures else ""
    return _PAGE.format(
        title=escaped(title),
        policy=_POLICY,
        style=_own("style.css"),
        body=body,
        plots=plots,
    )


def _plots(figures: Sequence[Figure]) -> str:
    data = as_script_data([figure.as_json() for figure in figures])
    return "\n".join(
        (
            f'<script type="application/json" id="figures">{data}</script>',
            f"<script>{_plotly()}</script>",
            f"<script>{_own('script.js')}</script>",
        )
    )


def _own(name: str) -> str:
    return files(__package__ or "").joinpath(name).read_text(encoding="utf-8")


def _plotly() -> str:
    # Not by importing plotly, which takes longer than to write the page.
    return files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")


_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{body}
{plots}
</body>
</html>"""
