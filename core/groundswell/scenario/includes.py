"""`include` of step files: their steps are put in the place of the step that names them.

The client reads the files and bundles them with the test; whoever loads the bundle reads no file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from groundswell.files.named import inner_path
from groundswell.scenario.nodes import Mapping, Node, Scalar, Sequence
from groundswell.scenario.problems import Problems
from groundswell.scenario.profiles import PROFILE_KEY, profile_paths
from groundswell.scenario.yaml_source import MAX_NODES, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell.scenario.bundle import Bundle

INCLUDE = "include"
_STEPS = ("steps", "then", "else", "setup", "teardown")
_DEEPEST = 10


def included_paths(text: bytes, including: str) -> Iterator[tuple[str, Scalar]]:
    """The files that a text includes, each with the value that names it. Nothing of a text that
    cannot be read: that is told when it is loaded.
    """
    if INCLUDE.encode() in text or PROFILE_KEY.encode() in text:
        root = parse(text, Problems(including))
        yield from _paths(root, including) if root is not None else ()
        if isinstance(root, Mapping):
            yield from ((inner_path(including, path.text), path) for path in profile_paths(root))


def _paths(node: Node, including: str) -> Iterator[tuple[str, Scalar]]:
    if isinstance(node, Sequence):
        for item in node.items:
            if (path := _named(item)) is not None:
                yield inner_path(including, path.text), path
            else:
                yield from _paths(item, including)
    elif isinstance(node, Mapping):
        for key, value in node.pairs:
            # What stands in a body is data, whatever it looks like.
            if key.text not in ("json", "form", "multipart", "query", "headers"):
                yield from _paths(value, including)


def _named(step: Node) -> Scalar | None:
    """The path, if the step is nothing but an include of one."""
    if not isinstance(step, Mapping) or len(step.pairs) != 1:
        return None
    key, path = step.pairs[0]
    if key.text != INCLUDE or not isinstance(path, Scalar):
        return None
    return path if path.text and "{{" not in path.text else None


def with_includes(root: Mapping, bundle: Bundle, problems: Problems) -> Mapping:
    """The test with the steps of its parts in place."""
    return _Splicer(bundle, problems).mapping(root, ("",)) if bundle.parts else root


class _Splicer:
    """`trail` holds the files on the way to where a node stands, the innermost last."""

    def __init__(self, bundle: Bundle, problems: Problems) -> None:
        self._bundle = bundle
        self._problems = problems
        self._read: dict[str, Sequence | None] = {}
        self._room = MAX_NODES

    def mapping(self, node: Mapping, trail: tuple[str, ...]) -> Mapping:
        pairs = tuple((key, self._value(key.text, value, trail)) for key, value in node.pairs)
        return replace(node, pairs=pairs)

    def _value(self, key: str, node: Node, trail: tuple[str, ...]) -> Node:
        if isinstance(node, Mapping):
            return self.mapping(node, trail)
        if not isinstance(node, Sequence):
            return node
        items: list[Node] = []
        for item in node.items:
            path = _named(item)
            if path is None or key not in (*_STEPS, "parallel"):
                items.append(self._value("steps", item, trail))
                continue
            steps = self._steps(path, trail)
            if steps is None:
                # It has been told; a problem more would only be a consequence.
                items.append(replace(path, unfilled=True))
            elif key == "parallel":
                items.append(steps)
            else:
                items += steps.items
        return replace(node, items=tuple(items))

    def _steps(self, path: Scalar, trail: tuple[str, ...]) -> Sequence | None:
        """The steps of an included file, with what it includes itself."""
        name = inner_path(trail[-1], path.text)
        if name in trail:
            self._problems.add(path, f"the file {path.shown} includes itself")
            return None
        if len(trail) > _DEEPEST:
            self._problems.add(path, f"includes are more than {_DEEPEST} levels deep")
            return None
        if name not in self._read:
            self._read[name] = self._parsed(name, path)
        steps = self._read[name]
        if steps is None:
            return None
        if self._room >= 0 > self._room - steps.size:
            self._problems.add(path, f"more than {MAX_NODES} values, included ones too")
        self._room -= steps.size
        if self._room < 0:
            return None
        spliced = self._value("steps", steps, (*trail, name))
        assert isinstance(spliced, Sequence)
        return spliced

    def _parsed(self, name: str, path: Scalar) -> Sequence | None:
        part = self._bundle.parts.get(name)
        if part is None:
            self._problems.add(path, f"the included file {path.shown} is not part of this test")
            return None
        node = parse(part.text, self._problems, part.first_line)
        if isinstance(node, Sequence):
            return node
        if node is not None:
            hint = "a file of steps starts with a step, such as `- get: /login`"
            self._problems.add(
                node, f"an included file holds a list of steps, not {node.shown}", hint
            )
        return None
