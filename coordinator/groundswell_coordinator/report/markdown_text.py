"""Text of a test as Markdown that says no more than the text: no link, no table cell, no mention.

    code("p(95) < 300ms")    `p(95) < 300ms`
    prose("1 < 2 * 3")       1 &lt; 2 \\* 3

A name in a test is its author's; in a comment on a pull request it must not call `@everybody`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# GitHub and GitLab look for mentions and references after the Markdown was read: escapes are no help.
_CALLS = re.compile(r"([@#!~%&$])(?=\w)")
_NOTHING_SEEN = "\u2060"
# An underscore within a word means nothing.
_MARKS = re.compile(r"([\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_]))")
# A text may begin a line of its own.
_BEGINS_LIST = re.compile(r"^(\s*\d*)([-+#.)])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LINK = re.compile(r"(?i)(https?|ftp)(://)|(www)(\.)")


def code(text: str) -> str:
    """In a table as well as outside of one."""
    text = _CONTROL.sub("\ufffd", text) or " "
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    # Blanks beside a backtick are taken away again.
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text.replace('|', chr(92) + '|')}{pad}{fence}"


def prose(text: str) -> str:
    text = _CONTROL.sub("\ufffd", text)
    text = _BEGINS_LIST.sub(r"\1\\\2", _MARKS.sub(r"\\\1", text))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _LINK.sub(lambda found: _NOTHING_SEEN.join(filter(None, found.groups())), text)
    return _CALLS.sub(_unless_entity, text)


def table(titles: Iterable[str], rows: Iterable[Iterable[str]], numbers_from: int = 0) -> list[str]:
    """Lines of a table; columns from `numbers_from` on, if there is one, stand to the right."""
    titles = list(titles)
    rule = [
        "--:" if numbers_from and column >= numbers_from else "---" for column in range(len(titles))
    ]
    return [f"| {' | '.join(cells)} |" for cells in (titles, rule, *rows)]


def _unless_entity(found: re.Match[str]) -> str:
    is_entity = found[1] == "&" and re.match(r"(amp|lt|gt);", found.string[found.end() :])
    return found[1] if is_entity else f"{found[1]}{_NOTHING_SEEN}"
