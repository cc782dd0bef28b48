"""HTML whose texts are escaped: what is not `Markup` is text, whatever it looks like."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# What neither HTML nor a reader has any use for.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Markup(str):
    """HTML as it is."""

    __slots__ = ()


def escaped(content: str) -> str:
    """For an element's content or a quoted attribute; Markup stays as it is."""
    return content if isinstance(content, Markup) else escape(_CONTROL.sub("\ufffd", content))


def element(tag: str, *contents: str, **attributes: str) -> Markup:
    """`element("p", "1 < 2", id="x")`; `class_` is `class`."""
    pairs = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escaped(value)}"'
        for name, value in attributes.items()
    )
    return Markup(f"<{tag}{pairs}>{''.join(map(escaped, contents))}</{tag}>")


def joined(parts: Iterable[str]) -> Markup:
    return Markup("\n".join(escaped(part) for part in parts if part))


def table(
    titles: Iterable[str], rows: Iterable[Iterable[str]], *, texts: int = 1, caption: str = ""
) -> Markup:
    """The first `texts` columns are words, the others numbers. No table where there are no rows."""
    titles, bodies = list(titles), [list(row) for row in rows]
    if not bodies:
        return Markup()

    def row(tag: str, cells: Iterable[str]) -> Markup:
        return element(
            "tr",
            *(
                element(tag, cell, class_="text" if at < texts else "number")
                for at, cell in enumerate(cells)
            ),
        )

    head = element("thead", row("th", titles))
    body = element("tbody", *(row("td", cells) for cells in bodies))
    named = element("caption", caption) if caption else Markup()
    # On a phone a wide table scrolls within the page, and the page stays.
    return element("div", element("table", named, head, body), class_="wide")


def section(title: str, *contents: str, about: str = "") -> Markup:
    """Nothing where there is nothing in it."""
    if not any(contents):
        return Markup()
    told = element("p", about, class_="about") if about else Markup()
    return element("section", element("h2", title), told, *contents)
