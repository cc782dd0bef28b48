"""Templates of a test: `{{ env.X }}` is filled in before anything is checked, all others are parsed
for the iterations that fill them in.

It works on the tree and not on the text: whatever a variable holds stays one value, so no
environment can add a step, or a template. What it fills in may be a secret; messages therefore show
the template and never its value.
"""

from __future__ import annotations

import operator
import re
from collections import ChainMap
from dataclasses import replace
from typing import TYPE_CHECKING

from groundswell.scenario.expressions import ENV, Expression, Filtered, Name, folded, names_in
from groundswell.scenario.nodes import Filled, Mapping, Node, Scalar, Sequence
from groundswell.scenario.template_syntax import end_of_template, parse_expression
from groundswell.scenario.tokens import SyntaxRefusal
from groundswell.scenario.values import as_text
from groundswell.units import shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Map

    from groundswell.scenario.problems import Problems

ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_MENTIONED = re.compile(rf"\{{\{{\s*env\s*(?:\.\s*|\[\s*['\"])({ENV_NAME.pattern})".encode())

_DEFAULTED = re.compile(_MENTIONED.pattern + rb"(?:\s*['\"]\s*\])?\s*\|\s*default\b")

Part = str | Filled | Expression


def mentioned_env(text: bytes) -> set[str]:
    """The variables a test asks for: all of the client's environment that has to travel with it."""
    return {name.decode() for name in _MENTIONED.findall(text)}


def needed_env(text: bytes) -> set[str]:
    """Those of them that have no default wherever they stand."""
    defaulted = {name.decode() for name in _DEFAULTED.findall(text)}
    return mentioned_env(text) - defaulted


def fill_test(test: Mapping, env: Map[str, str], problems: Problems) -> Mapping:
    """The test with its environment filled in; a scenario's own `env` goes before that of the
    client.
    """
    outer = _Filler(env, problems)
    pairs: list[tuple[Scalar, Node]] = []
    for key, value in test.pairs:
        if key.text == "scenarios" and isinstance(value, Mapping):
            pairs.append((outer.key(key), _fill_scenarios(value, outer)))
        else:
            pairs.append((outer.key(key), outer.node(value)))
    return replace(test, pairs=tuple(pairs))


def _fill_scenarios(scenarios: Mapping, outer: _Filler) -> Mapping:
    pairs = tuple((outer.key(name), _fill_scenario(each, outer)) for name, each in scenarios.pairs)
    return replace(scenarios, pairs=pairs)


def _fill_scenario(scenario: Node, outer: _Filler) -> Node:
    own = scenario.get("env") if isinstance(scenario, Mapping) else None
    if not isinstance(own, Mapping):
        return outer.node(scenario)
    filled = outer.node(own)
    assert isinstance(filled, Mapping)
    values = {key.text: value.text for key, value in filled.pairs if isinstance(value, Scalar)}
    inner = _Filler(ChainMap(values, dict(outer.env)), outer.problems)
    # Its own values were filled from outside: `env: {X: "{{ env.X }}"}` is no circle.
    inner.known[id(own)] = filled
    return inner.node(scenario)


class _Filler:
    """Fills one environment into nodes, each once: an alias makes one node stand in many places."""

    def __init__(self, env: Map[str, str], problems: Problems) -> None:
        self.env = env
        self.problems = problems
        self.known: dict[int, Node] = {}

    def node(self, node: Node) -> Node:
        filled = self.known.get(id(node))
        if filled is None:
            filled = self.known[id(node)] = self._fill(node)
        return filled

    def key(self, key: Scalar) -> Scalar:
        if "{{" in key.text:
            self.problems.add(key, "a template cannot stand in a key", "templates work in values")
        return key

    def _fill(self, node: Node) -> Node:
        match node:
            case Scalar():
                return self._scalar(node) if "{{" in node.text else node
            case Sequence():
                items = tuple(map(self.node, node.items))
                return node if _same(items, node.items) else replace(node, items=items)
            case Mapping():
                return self._mapping(node)

    def _mapping(self, node: Mapping) -> Mapping:
        for key, _ in node.pairs:
            self.key(key)
        before = [value for _, value in node.pairs]
        after = [self.node(value) for value in before]
        if _same(after, before):
            return node
        pairs = ((key, value) for (key, _), value in zip(node.pairs, after, strict=True))
        return replace(node, pairs=tuple(pairs))

    def _scalar(self, scalar: Scalar) -> Scalar:
        text, parts, end, before = scalar.text, list[Part](), 0, len(self.problems)
        while (start := text.find("{{", end)) >= 0:
            if start > end:
                parts.append(text[end:start])
            close = end_of_template(text, start)
            if close is None:
                self.problems.add(scalar, "a template is opened with {{ and never closed")
                break
            end = close + 2
            self._template(scalar, text[start:end], parts)
        if text[end:]:
            parts.append(text[end:])
        return replace(
            scalar,
            text="".join(map(_as_it_is, parts)),
            templated=True,
            unfilled=len(self.problems) > before,
            parts=tuple(parts),
            late=any(not isinstance(part, str | Filled) for part in parts),
        )

    def _template(self, scalar: Scalar, template: str, parts: list[Part]) -> None:
        """Add what one template is, or say why it is nothing."""
        try:
            expression = parse_expression(template[2:-2])
            root = next(names_in(expression), None)
            if root is not None and root.root == ENV:
                assert isinstance(expression, Name | Filtered)
                parts.append(Filled(self._variable(scalar, expression, root)))
            else:
                parts.append(expression)
        except SyntaxRefusal as refusal:
            message = f"the template {shown(template)} {refusal.message}"
            self.problems.add(scalar, message, refusal.hint)

    def _variable(self, scalar: Scalar, expression: Name | Filtered, root: Name) -> str:
        if len(root.path) != 1 or not isinstance(root.path[0], str):
            raise SyntaxRefusal("names no variable", "write {{ env.NAME }}")
        name = root.path[0]
        value = self.env.get(name)
        filled = folded(expression, value)
        if filled is None:
            hint = f"pass -e {name}=…, set it, or write {{{{ env.{name} | default('…') }}}}"
            self.problems.add(scalar, f"the environment variable {name} is not set", hint)
        elif value is not None and not _is_text(value):
            self.problems.add(scalar, f"the environment variable {name} is not UTF-8 text")
        else:
            return as_text(filled)
        return ""


def _as_it_is(part: Part) -> str:
    """What an iteration fills in has no text yet."""
    return part if isinstance(part, str) else part.text if isinstance(part, Filled) else "{{…}}"


def _same(after: Iterable[Node], before: Iterable[Node]) -> bool:
    """Most of a test holds no template and need not be made anew."""
    return all(map(operator.is_, after, before))


def _is_text(value: str) -> bool:
    # What is not UTF-8 in the real environment arrives as lone surrogates.
    return not any("\ud800" <= char <= "\udfff" for char in value)
