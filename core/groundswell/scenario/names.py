"""Whether every name that a template or a condition asks for is there when it is asked for.

The steps are walked in the order of the file, with what has been captured so far. A template may ask
for what an earlier step captures, be it in a branch that is not always taken, or for what the loop
around it captures; a condition for whatever its scenario captures: until then it is null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.scenario.conditions import expressions_in, parse_condition
from groundswell.scenario.expressions import BUILTIN_NAMES, ENV, FAKE, SECRET, SETUP, names_in
from groundswell.scenario.fake import refused_fake
from groundswell.scenario.nodes import Filled, Mapping, Node, Scalar, Sequence
from groundswell.scenario.requests import METHODS
from groundswell.scenario.suggest import did_you_mean
from groundswell.scenario.template import ENV_NAME
from groundswell.scenario.tokens import SyntaxRefusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Mapping as Map

    from groundswell.scenario.expressions import Expression, Name
    from groundswell.scenario.problems import Problems

# Where a request may have templates, before its response and after.
_SENT = (*METHODS, "query", "headers", "auth", "body", "json", "form", "multipart")
_INNER = ("steps", "then", "else", "parallel", "weighted")


def check_names(
    test: Mapping, problems: Problems, namespaces: Map[str, frozenset[str] | None] | None = None
) -> dict[str, set[str]]:
    """Note each name that stands for nothing. `namespaces` are names with fields of their own; None
    for one whose fields are not known. Which of them each scenario names is returned.
    """
    rows = dict(namespaces or {})
    every = _check_steps(test.get(SETUP), problems, {})
    found = {} if test.get(SETUP) is None else {SETUP: frozenset(every)}
    named: dict[str, set[str]] = {}
    scenarios = test.get("scenarios")
    for name, scenario in scenarios.pairs if isinstance(scenarios, Mapping) else ():
        steps = scenario.get("steps") if isinstance(scenario, Mapping) else None
        named[name.text] = _said(scenario, problems, rows)
        if steps is not None:
            captured = _first_captures(steps)
            for one in captured.keys() & rows.keys():
                hint = "capture it under another name"
                problems.add(captured[one], f"`{one}` is the name of a data source", hint)
            every |= captured
            walk = _Walk(captured, problems, rows | found)
            walk.steps(steps, set())
            named[name.text] |= walk.named
    # A row belongs to an iteration of a scenario.
    every |= _check_steps(test.get("teardown"), problems, found)
    defaults = test.get("defaults")
    if isinstance(defaults, Mapping):
        walk = _Walk(every, problems, rows | found)
        for key in ("headers", "auth"):
            walk.value(defaults.get(key), set(every))
        for names in named.values():
            names |= walk.named
    return named


def _said(scenario: Node, problems: Problems, rows: Map[str, frozenset[str] | None]) -> set[str]:
    """The sources that a scenario in Python says it uses: what its function asks for is not seen."""
    if not isinstance(scenario, Mapping) or scenario.get("function") is None:
        return set()
    said = scenario.get("data")
    found = {one.text: one for one in _items(said) if isinstance(one, Scalar)}
    for name in found.keys() - rows.keys():
        hint = did_you_mean(name, rows, "the test has no data" if not rows else None)
        problems.add(found[name], f"there is no data source `{name}`", hint)
    return set(found)


def _check_steps(
    steps: Node | None, problems: Problems, namespaces: Map[str, frozenset[str] | None]
) -> dict[str, Scalar]:
    """Returns where each name that these steps capture is captured first."""
    if steps is None:
        return {}
    captured = _first_captures(steps)
    _Walk(captured, problems, namespaces).steps(steps, set())
    return captured


def _first_captures(steps: Node) -> dict[str, Scalar]:
    """Where each name of a scenario is captured first."""
    places: dict[str, Scalar] = {}
    for name in _captures_in(steps):
        places.setdefault(name.text, name)
    return places


def _captures_in(node: Node) -> Iterator[Scalar]:
    """All names that steps capture, those inside others too."""
    if isinstance(node, Sequence):
        for item in node.items:
            yield from _captures_in(item)
    elif isinstance(node, Mapping):
        for key, value in node.pairs:
            if key.text == "capture" and isinstance(value, Mapping):
                yield from (name for name, _ in value.pairs)
            elif key.text in _INNER:
                yield from _captures_in(value)


class _Walk:
    """Through the steps of one scenario. `captured` is where each of its names is captured first,
    `known` what a step may ask for.
    """

    def __init__(
        self,
        captured: Map[str, Scalar],
        problems: Problems,
        namespaces: Map[str, frozenset[str] | None],
    ) -> None:
        self._captured = captured
        self._problems = problems
        self._namespaces = namespaces
        # Of these, what has been asked for.
        self.named: set[str] = set()

    def steps(self, node: Node | None, known: set[str]) -> None:
        """One after the other: `known` grows by what they capture."""
        for step in _items(node):
            if isinstance(step, Sequence):
                self.steps(step, known)
            elif isinstance(step, Mapping):
                self._step(step, known)

    def _step(self, step: Mapping, known: set[str]) -> None:
        for key in _SENT:
            self.value(step.get(key), known)
        self.value(step.get("repeat"), known)
        for key in ("if", "while"):
            self._condition(step.get(key))
        if step.get("repeat") is not None or step.get("while") is not None:
            # The second pass has what the first one captured.
            known |= {name.text for name in _captures_in(step)}
        self._branches(step, known)
        known |= {name.text for name in _captures_in(step)}
        self.value(step.get("check"), known)

    def _branches(self, step: Mapping, known: set[str]) -> None:
        """Each begins with what was known before: one of them knows nothing of another."""
        for key in ("steps", "then", "else"):
            self.steps(step.get(key), set(known))
        for branch in _items(step.get("weighted")):
            self.steps(branch.get("steps") if isinstance(branch, Mapping) else None, set(known))
        for branch in _items(step.get("parallel")):
            self.steps(Sequence(branch.line, branch.column, (branch,)), set(known))

    def value(self, node: Node | None, known: set[str]) -> None:
        """All templates in a value."""
        match node:
            case Scalar() if node.late:
                expressions = [p for p in node.parts if not isinstance(p, str | Filled)]
                self._check(node, expressions, known)
            case Sequence():
                for item in node.items:
                    self.value(item, known)
            case Mapping():
                for _, item in node.pairs:
                    self.value(item, known)
            case _:
                pass

    def _condition(self, node: Node | None) -> None:
        if not isinstance(node, Scalar) or node.unfilled:
            return
        try:
            condition = parse_condition(node.parts or (node.text,))
        except SyntaxRefusal:
            # The condition's own shape says so.
            return
        self._check(node, expressions_in(condition), set(self._captured))

    def _check(self, place: Scalar, expressions: Iterable[Expression], known: set[str]) -> None:
        for expression in expressions:
            for name in names_in(expression):
                if name.root not in known:
                    self._check_name(place, name, known)

    def _check_name(self, place: Scalar, name: Name, known: set[str]) -> None:
        root = name.root
        if root in self._namespaces:
            self.named.add(root)
            self._check_field(place, name, self._namespaces[root])
        elif root == FAKE:
            if refusal := refused_fake(name):
                self._problems.add(place, *refusal)
        elif root == SETUP:
            hint = "in `setup` itself, a capture has its own name: {{ token }}"
            self._problems.add(place, "there is no `setup` that has ended here", hint)
        elif root == SECRET:
            if len(name.path) != 1 or not ENV_NAME.fullmatch(str(name.path[0])):
                self._problems.add(place, "a secret has one name", "write {{ secret.NAME }}")
        elif root == ENV:
            # In a condition, where no brace says that the client is to send it.
            self._problems.add(place, f"`env` stands in braces: {{{{ env.{_path(name)} }}}}")
        elif root not in BUILTIN_NAMES:
            self._problems.add(place, *self._unknown(root, known))
        elif name.path:
            self._problems.add(place, f"`{root}` has nothing in it, no `{_path(name)}`")

    def _check_field(self, place: Scalar, name: Name, fields: frozenset[str] | None) -> None:
        if not name.path:
            what = "all that setup captures" if name.root == SETUP else "a row"
            self._problems.add(place, f"`{name.root}` is {what}: name a field of it")
        elif fields is not None and name.path[0] not in fields:
            there_are = (
                f"there are {', '.join(sorted(fields))}" if fields else "it captures nothing"
            )
            hint = did_you_mean(str(name.path[0]), fields, there_are)
            self._problems.add(place, f"`{name.root}` has no field `{name.path[0]}`", hint)

    def _unknown(self, root: str, known: set[str]) -> tuple[str, str | None]:
        later = self._captured.get(root)
        if later is not None:
            line = self._problems.line_of(later)
            return f"`{root}` is not captured yet here", f"it is on line {line}"
        names = (*known, *self._captured, *self._namespaces, *BUILTIN_NAMES, ENV, SECRET, FAKE)
        hint = did_you_mean(root, names, "capture it in a step before")
        return f"nothing is known here by the name `{root}`", hint


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Sequence) else ()


def _path(name: Name) -> str:
    return ".".join(map(str, name.path))
