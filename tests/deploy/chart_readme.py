"""The table in the chart's README, out of the comments in its values.

`python -m tests.deploy.chart_readme` writes it anew.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, cast

import yaml

from tests.deploy.renders import CHART

if TYPE_CHECKING:
    from collections.abc import Iterator

README = CHART / "README.md"
_BEGIN = "<!-- values -->\n"
_END = "<!-- /values -->\n"


def with_table(text: str) -> str:
    """The README, its table as the values say."""
    head, rest = text.split(_BEGIN)
    tail = rest.split(_END)[1]
    rows = "".join(f"| `{key}` | `{value}` | {comment} |\n" for key, value, comment in values())
    return f"{head}{_BEGIN}| value | default | |\n|---|---|---|\n{rows}{_END}{tail}"


def values() -> Iterator[tuple[str, str, str]]:
    """Key, default as JSON, and comment of each value that has one, in their order."""
    lines = (CHART / "values.yaml").read_text().splitlines()
    defaults = yaml.safe_load("\n".join(lines))
    path: list[str] = []
    comment: list[str] = []
    for line in lines:
        text = line.strip()
        if text.startswith("# -- "):
            comment = [text.removeprefix("# -- ")]
        elif text.startswith("#") and comment:
            comment.append(text.removeprefix("# "))
        elif found := re.match(r"( *)([\w]+):", line):
            path = [*path[: len(found[1]) // 2], found[2]]
            if comment:
                yield ".".join(path), json.dumps(_at(defaults, path)), " ".join(comment)
            comment = []


def undocumented(tree: object, documented: frozenset[str], path: str = "") -> Iterator[str]:
    """Values that no comment is about, their own or one of what they are in."""
    if path in documented:
        return
    if isinstance(tree, dict) and tree:
        branch = cast("dict[str, object]", tree)
        for key, value in branch.items():
            yield from undocumented(value, documented, f"{path}.{key}".lstrip("."))
    else:
        yield path


def _at(tree: object, path: list[str]) -> object:
    for key in path:
        tree = cast("dict[str, object]", tree)[key]
    return tree


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
