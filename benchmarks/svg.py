"""Plots as small SVG files, written by hand: lines and dots over two axes, each linear or logarithmic."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WIDTH, _HEIGHT = 760, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 20, 64, 52
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#333}.title{font-weight:600;font-size:15px}"
    ".grid{stroke:#ddd}.frame{fill:none;stroke:#999}"
)


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`; `ticks` are its marks, and what is written at them."""

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    is_logarithmic: bool = False

    def place(self, value: float) -> float:
        """0 to 1; what lies outside is put at the edge."""
        scale: Callable[[float], float] = math.log10 if self.is_logarithmic else float
        low, high = scale(self.low), scale(self.high)
        return (scale(min(max(value, self.low), self.high)) - low) / (high - low)


@dataclass(slots=True)
class Plot:
    title: str
    x: Axis
    y: Axis
    _parts: list[str] = field(default_factory=list[str], init=False)
    _names: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]], init=False)

    def line(self, name: str, color: str, points: Sequence[tuple[float, float]]) -> None:
        path = " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in points)
        self._parts.append(
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2.5"/>'
        )
        self._names.append((name, color))

    def dots(
        self, name: str, color: str, points: Sequence[tuple[float, float]], size: float = 3.5
    ) -> None:
        # One path for all of them: strokes without length, with round ends; one for each pixel.
        places = dict.fromkeys((round(self._x(x)), round(self._y(y))) for x, y in points)
        path = "".join(f"M{x} {y}h0" for x, y in places)
        self._parts.append(
            f'<path d="{path}" stroke="{color}" stroke-width="{size}" stroke-linecap="round"/>'
        )
        self._names.append((name, color))

    def span(self, name: str, begin: float, end: float) -> None:
        """A stretch of the x axis, shaded."""
        left, right = self._x(begin), self._x(end)
        self._parts.insert(
            0,
            f'<rect x="{left:.1f}" y="{_TOP}" width="{right - left:.1f}" '
            f'height="{_HEIGHT - _TOP - _BOTTOM}" fill="#f3e6c8"/>'
            f'<text x="{(left + right) / 2:.1f}" y="{_TOP + 16}" text-anchor="middle">'
            f"{escape(name)}</text>",
        )

    def to_svg(self) -> str:
        bottom = _HEIGHT - _BOTTOM
        rows = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            f'width="{_WIDTH}" height="{_HEIGHT}">',
            f'<style>{_STYLE}</style><rect width="100%" height="100%" fill="#fff"/>',
            f'<text class="title" x="{_LEFT}" y="24">{escape(self.title)}</text>',
            *self._grid(bottom),
            *self._parts,
            f'<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{_WIDTH - _LEFT - _RIGHT}" '
            f'height="{bottom - _TOP}"/>',
            *self._legend(),
            "</svg>",
        ]
        return "\n".join(rows) + "\n"

    def _grid(self, bottom: int) -> Sequence[str]:
        rows: list[str] = []
        for value, text in self.x.ticks:
            x = self._x(value)
            rows.append(
                f'<path class="grid" d="M{x:.1f} {_TOP}V{bottom}"/>'
                f'<text x="{x:.1f}" y="{bottom + 19}" text-anchor="middle">{escape(text)}</text>'
            )
        for value, text in self.y.ticks:
            y = self._y(value)
            rows.append(
                f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
                f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(text)}</text>'
            )
        middle = (_LEFT + _WIDTH - _RIGHT) / 2
        rows.append(
            f'<text x="{middle}" y="{_HEIGHT - 12}" text-anchor="middle">{escape(self.x.label)}</text>'
            f'<text transform="translate(16 {(_TOP + bottom) / 2}) rotate(-90)" '
            f'text-anchor="middle">{escape(self.y.label)}</text>'
        )
        return rows

    def _legend(self) -> Sequence[str]:
        apart = (_WIDTH - _LEFT - _RIGHT) / max(len(self._names), 1)
        return [
            f'<rect x="{_LEFT + apart * at:.0f}" y="{_TOP - 20}" width="14" height="6" fill="{color}"/>'
            f'<text x="{_LEFT + apart * at + 20:.0f}" y="{_TOP - 12}">{escape(name)}</text>'
            for at, (name, color) in enumerate(self._names)
        ]

    def _x(self, value: float) -> float:
        return _LEFT + self.x.place(value) * (_WIDTH - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - self.y.place(value) * (_HEIGHT - _TOP - _BOTTOM)
