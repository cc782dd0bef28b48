"""Where YAML itself surprises the writer of a test: what libyaml says there helps nobody, so these
hints do.

Each is found by its look in the line at which reading failed, which is a guess; so it is a hint and
never the problem.
"""

from __future__ import annotations

import re

# What stands between quotes cannot be the trap.
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'")

_JSON_PATH = re.compile(r"\$[\w.]*\[[^\s,}]*")
_TEMPLATE = re.compile(r"(?:^|:|-|\[|,)\s*(\{\{.*)")
_SELECTION = re.compile(r"(\w+)\{\s*(\w+)\s*:\s*([^\s},]*)")
_COMPARISON = re.compile(r"(?:[:\[,]|-\s)\s*([<>]=?|[=!]=|[>|])\s*(-?[\w.]+)")
_RESERVED = re.compile(r"(?::|-|\[|,)\s+([@`%][^,}\]]*)")
_COMMENT = re.compile(r"\s#[^\s#]")
_COLON = re.compile(r"^\s*(?:- )?[^:]*:\s+([^\"'{\[].*: .*)$")


def hint_for_syntax(line: str) -> str | None:
    """What the writer of a line that is no YAML may have meant."""
    bare = _QUOTED.sub(lambda quoted: "x" * len(quoted[0]), line)
    if re.match(r"[ ]*\t", bare):
        return "indent with spaces, not with tabs"
    if path := _JSON_PATH.search(bare):
        return f'quote a path that holds brackets: "{path[0]}"'
    if selection := _SELECTION.search(bare):
        metric, tag, value = selection.groups()
        whole = f'"{metric}{{{tag}:{value}}}"'
        return f"write a selection of tags without spaces, or quote it: {whole}"
    if template := _TEMPLATE.search(bare):
        start = template.start(1)
        return f'quote a value that starts with a template: "{line[start:].rstrip(" ,")}"'
    if comparison := _COMPARISON.search(bare):
        return f'quote a comparison: "{comparison[1]} {comparison[2]}"'
    if _COMMENT.search(bare):
        return "a space and # start a comment: quote a value that holds them"
    if reserved := _RESERVED.search(bare):
        return f'quote a value that starts with {reserved[1][0]}: "{reserved[1].strip()}"'
    if colon := _COLON.match(bare):
        value = line[colon.start(1) :].strip()
        return (
            f"quote a value that holds a colon and a space: '{value}'" if "'" not in value else None
        )
    return None


def hint_for_tag(tag: str, text: str) -> str:
    if tag.startswith("!="):
        return f'quote a comparison: "{tag} {text}"'
    return "quote a text that starts with `!`, and leave types to groundswell"


def hint_for_template_key(text: str) -> str:
    """For `sku: {{ x }}`, YAML for a mapping whose key is a mapping; `text` starts at the second
    brace.
    """
    if template := re.match(r"\{.*?\}\}", text):
        return f'quote a template: "{{{template[0]}"'
    return "a key is one word or a quoted text"
