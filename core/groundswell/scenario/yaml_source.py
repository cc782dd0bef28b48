"""YAML text to a tree of nodes with places; syntax only, nothing here knows what a test is.

libyaml's events are put together here instead of by `yaml.compose`, for three reasons: every key
and value keeps its place, a repeated key is a problem instead of a silent last-one-wins, and depth
and aliases are bounded while reading (`yaml.compose` goes as deep as the text says, and a few
hundred bytes of aliases of aliases stand for millions of nodes).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import yaml

from groundswell.scenario.decoding import LINE_BREAK, decoded
from groundswell.scenario.nodes import Mapping, Node, Scalar, Sequence
from groundswell.scenario.problems import Located, Place, Problems
from groundswell.scenario.traps import hint_for_syntax, hint_for_tag, hint_for_template_key

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 50
MAX_NODES = 200_000

_GLUED_COMMENT = re.compile(r"[ \t]+#([^\s#][^\r\n]*)")


class _Mark(Protocol):
    """A place as libyaml counts it, from 0."""

    line: int
    column: int
    index: int


class _Unreadable(Exception):
    """Reading cannot go on; the problem has been noted."""


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    start: Place
    is_mapping: bool
    anchor: str | None
    items: list[Node] = field(default_factory=list[Node])


def parse(data: bytes, problems: Problems, first_line: int = 1) -> Node | None:
    """The tree of the one document in `data`, or None, and then a problem says why. Lines count
    from `first_line`.
    """
    text = decoded(data, problems, first_line)
    try:
        return None if text is None else _Builder(text, problems, first_line).build()
    except _Unreadable:
        return None


class _Builder:
    def __init__(self, text: str, problems: Problems, first_line: int) -> None:
        # libyaml counts from the start of what it is given, so it is given that many empty lines.
        self._text = "\n" * (first_line - 1) + text
        self._first = Place(first_line, 1)
        self._problems = problems
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._root: Node | None = None
        self._documents = 0
        self._nodes = 0

    @cached_property
    def _lines(self) -> list[str]:
        return LINE_BREAK.split(self._text)

    def build(self) -> Node | None:
        for event in self._events():
            self._take(event)
        if self._root is None:
            self._problems.add(
                self._first, "the file is empty", "`groundswell validate --help` shows a test"
            )
        return self._root

    def _events(self) -> Iterator[yaml.Event]:
        try:
            yield from yaml.parse(self._text, Loader=yaml.CSafeLoader)
        except yaml.MarkedYAMLError as error:
            self._refuse_syntax(error)
        except yaml.YAMLError as error:
            self._problems.add(self._first, f"this is not YAML: {error}".splitlines()[0])
            raise _Unreadable from None

    def _refuse_syntax(self, error: yaml.MarkedYAMLError) -> None:
        what = ", ".join(part for part in (error.context, error.problem) if part)
        mark = error.problem_mark or error.context_mark
        place = _place(mark)
        # A quote that is never closed is noticed at the end of the file, far from the mistake.
        if error.context_mark and "unexpected end of stream" in (error.problem or ""):
            place = _place(error.context_mark)
        hint = hint_for_syntax(self._line(place.line))
        # What opened the trouble may stand above the place where it was noticed.
        hint = hint or hint_for_syntax(self._line(_place(error.context_mark).line))
        self._problems.add(place, f"this is not YAML: {what}", hint)
        raise _Unreadable from None

    def _take(self, event: yaml.Event) -> None:
        # In the order of how often they come.
        if isinstance(event, yaml.ScalarEvent):
            self._add(self._scalar(event), event.anchor)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            self._add_alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._start_document(event)

    def _start_document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            place = _place(event.start_mark)
            self._stop(
                place, "a second document starts here", "one file holds one test: remove the `---`"
            )

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        place = _place(event.start_mark)
        plain = not event.style  # libyaml says "", PyYAML itself None
        if event.tag is not None:
            self._refuse_tag(place, event.tag, event.value)
        comment = _GLUED_COMMENT.match(self._text, _index(event.end_mark)) if plain else None
        text = event.value
        return Scalar(*place, text, plain, text, comment[1] if comment else None)

    def _refuse_tag(self, place: Place, tag: str, text: str = "") -> None:
        short = tag.replace("tag:yaml.org,2002:", "!!")
        what = f"the YAML tag `{short}` has no meaning here"
        self._problems.add(place, what, hint_for_tag(short, text))

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        place = _place(event.start_mark)
        if event.tag is not None:
            self._refuse_tag(place, event.tag)
        self._check_depth(place, 1)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._stack.append(_Open(place, is_mapping, event.anchor))
        if event.anchor:
            # An inner alias to it is one to itself, also where an older anchor has the same name.
            self._anchors.pop(event.anchor, None)

    def _close(self) -> None:
        done = self._stack.pop()
        size = 1 + sum(item.size for item in done.items)
        height = 1 + max((item.height for item in done.items), default=0)
        node: Node
        if done.is_mapping and len(done.items) == 2 and not isinstance(done.items[0], Scalar):
            self._refuse_key(done.items[0])
            # The likes of `sku: {{ x }}`: nothing more is to be said about the value.
            node = Scalar(*done.start, "", plain=True, written="", unfilled=True)
        elif done.is_mapping:
            node = Mapping(*done.start, tuple(self._pairs(done)), size, height)
        else:
            node = Sequence(*done.start, tuple(done.items), size, height)
        self._place_in_parent(node, done.anchor)

    def _add(self, node: Node, anchor: str | None) -> None:
        self._count(1, node)
        self._place_in_parent(node, anchor)

    def _add_alias(self, event: yaml.AliasEvent) -> None:
        place = _place(event.start_mark)
        node = self._anchors.get(event.anchor or "")
        if node is None:
            around = any(each.anchor == event.anchor for each in self._stack)
            what = "stands inside what it stands for" if around else "has no anchor before it"
            self._stop(place, f"the alias `*{event.anchor}` {what}")
        else:
            self._check_depth(place, node.height)
            self._count(node.size, place)
            self._place_in_parent(node, None)

    def _place_in_parent(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if self._stack:
            self._stack[-1].items.append(node)
        else:
            self._root = node

    def _check_depth(self, place: Located, levels: int) -> None:
        if len(self._stack) + levels > MAX_DEPTH:
            self._stop(place, f"more than {MAX_DEPTH} levels deep")

    def _count(self, more: int, place: Located) -> None:
        self._nodes += more
        if self._nodes > MAX_NODES:
            self._stop(place, f"more than {MAX_NODES} values, aliases written out")

    def _pairs(self, mapping: _Open) -> Iterator[tuple[Scalar, Node]]:
        """The pairs by their first keys; those of a merge (`<<: *base`) where the mapping has no
        such key itself.
        """
        own: dict[str, tuple[Scalar, Node]] = {}
        merged: dict[str, tuple[Scalar, Node]] = {}
        for key, value in zip(mapping.items[::2], mapping.items[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._refuse_key(key)
            elif key.unfilled:
                pass
            elif key.plain and key.text == "<<":
                self._merge(value, merged)
            elif key.plain and not key.text:
                self._problems.add(key, "a key is missing before the colon")
            elif key.text in own:
                first = self._problems.line_of(own[key.text][0])
                self._problems.add(key, f"`{key.text}` is given twice", f"first on line {first}")
            else:
                own[key.text] = (key, value)
        return iter({**merged, **own}.values())

    def _refuse_key(self, key: Node) -> None:
        hint = hint_for_template_key(self._text_at(key))
        self._problems.add(key, f"{key.shown} cannot be a key", hint)

    def _merge(self, value: Node, into: dict[str, tuple[Scalar, Node]]) -> None:
        bases = value.items if isinstance(value, Sequence) else (value,)
        for base in bases:
            if not isinstance(base, Mapping):
                self._problems.add(base, f"`<<` merges mappings, not {base.shown}")
                continue
            for key, each in base.pairs:
                into.setdefault(key.text, (key, each))

    def _line(self, number: int) -> str:
        return self._lines[number - 1] if number <= len(self._lines) else ""

    def _text_at(self, node: Node) -> str:
        return self._line(node.line)[node.column - 1 :]

    def _stop(self, place: Located, message: str, hint: str | None = None) -> None:
        self._problems.add(place, message, hint)
        raise _Unreadable


def _place(mark: _Mark | None) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


def _index(mark: _Mark | None) -> int:
    return mark.index if mark else 0
