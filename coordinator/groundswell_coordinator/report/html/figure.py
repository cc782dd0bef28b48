"""A plot: its traces and layout as Plotly takes them, without a colour scheme, which is the page's.

Colours are names, `good`, `bad`, `a` … `f`, that the page's script looks up for light and for dark.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from groundswell_coordinator.report.html.markup import Markup, element

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_DIGITS = 4
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True, slots=True)
class Figure:
    """`id` is that of its place in the page; `described` is for whoever cannot see it."""

    id: str
    described: str
    traces: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]
    height: int = 320

    def place(self) -> Markup:
        return element(
            "div",
            id=self.id,
            class_="plot",
            style=f"height:{self.height}px",
            role="img",
            aria_label=self.described,
        )

    def as_json(self) -> dict[str, object]:
        return {"id": self.id, "data": list(self.traces), "layout": dict(self.layout)}


def log_axis(title: str, ticks: int = 4) -> dict[str, Any]:
    """By the logarithm, with about so many whole numbers: left alone, Plotly writes 100, then a small 2."""
    return {"title": {"text": title}, "type": "log", "nticks": ticks, "tickformat": ",.6~r"}


def right_axis(title: str) -> dict[str, Any]:
    """A second one, from nothing on, with ticks of its own and not where the left one has some."""
    return {
        "title": {"text": title},
        "overlaying": "y",
        "side": "right",
        "rangemode": "tozero",
        "tickmode": "auto",
        "showgrid": False,
    }


def plain(text: str) -> str:
    """A text for a legend or a label: Plotly reads some HTML in them."""
    return text.translate(_HTML)


def rounded(values: Iterable[float | None]) -> list[float | int | None]:
    """Four digits are more than a screen has; what is not finite is a gap."""
    return [
        None if value is None or not math.isfinite(value) else _short(value) for value in values
    ]


def as_script_data(content: object) -> Markup:
    """JSON that ends no script element, whatever is in it."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)


def _short(value: float) -> float | int:
    short = float(f"{value:.{_DIGITS}g}")
    return int(short) if short.is_integer() else short
