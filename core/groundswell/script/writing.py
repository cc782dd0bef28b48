"""From what a module has put together to its declaration: values become nodes at the place where they
are written, or at that of the call that was given them.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence as SequenceOf
from datetime import timedelta
from typing import TYPE_CHECKING

from groundswell.errors import InvalidTest, Problem
from groundswell.metrics.catalog import Kind, Unit
from groundswell.scenario.nodes import Mapping, Node, Scalar, Sequence
from groundswell.scenario.own_metrics import refuse_metric, written
from groundswell.script.modules import timers
from groundswell.units import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from groundswell.script.call import Call
    from groundswell.script.metrics import OwnMetric
    from groundswell.script.test import ScriptPhase, ScriptScenario, Test

# A shorter value of the environment may be a part of anything.
_SHORTEST_WITHIN = 8
_DEEPEST = 50
_NO_SCENARIO = (
    "the test has no scenario",
    "write @test.scenario(…) before an async def function",
)
_VALUES = "a test is declared in text, numbers, lists and mappings"


class Writer:
    """`first_lines` says where each file begins in the bundle; `read` is what the module has read of
    its environment: what of it is declared may be a secret, and is declared as a template.
    """

    def __init__(
        self,
        files: MappingOf[str, bytes],
        first_lines: MappingOf[str, int],
        read: MappingOf[str, str],
    ) -> None:
        self._lines = {name: text.splitlines() for name, text in files.items()}
        self._trees: dict[str, ast.Module] = {name: ast.parse(files[name]) for name in files}
        self._first_lines = first_lines
        # The longest first: another may be a part of it.
        self._read = sorted(read.items(), key=lambda one: -len(one[1]))

    def test(self, test: Test, made: Iterable[OwnMetric]) -> Node:
        """The whole declaration; `made` are the metrics of the test's own."""
        at = _Site(self, test.call)
        if not test.scenarios:
            raise at.refused(*_NO_SCENARIO)
        pairs = at.pairs({key: value for key, value in test.keys.items() if value is not None})
        for phase, one in test.phases.items():
            pairs += self._phase(phase, one)
        scenarios = tuple(
            (_Site(self, one.call).key(one.name), self._scenario(one))
            for one in test.scenarios.values()
        )
        pairs.append((at.key("scenarios"), Mapping(at.line, at.column, scenarios)))
        metrics = tuple(self._metrics(made))
        pairs.append((at.key("metrics"), Mapping(at.line, at.column, metrics)))
        return Mapping(at.line, at.column, tuple(pairs))

    def _phase(self, phase: str, declared: ScriptPhase) -> Iterator[tuple[Scalar, Node]]:
        at = _Site(self, declared.call)
        yield at.key(phase), at.value(declared.function.__name__)
        if declared.timeout is not None:
            (pair,) = at.pairs({"timeout": declared.timeout})
            yield at.key(f"{phase}_timeout"), pair[1]

    def _scenario(self, scenario: ScriptScenario) -> Node:
        at = _Site(self, scenario.executor.call)
        own = {"executor": scenario.executor.name, "function": scenario.function.__name__}
        given = {
            key: value for key, value in scenario.executor.options.items() if value is not None
        }
        return Mapping(at.line, at.column, tuple(at.pairs({**own, **given})))

    def _metrics(self, made: Iterable[OwnMetric]) -> Iterator[tuple[Scalar, Node]]:
        """Those that were made, then timers that the code names: a threshold may be on either."""
        kinds: dict[str, str] = {}
        for metric in made:
            at = _Site(self, metric.call)
            kind = written(metric.kind, metric.unit)
            if kinds.setdefault(metric.name, kind) != kind:
                hint = "choose another name"
                raise at.refused(f"`{metric.name}` is a {kinds[metric.name]} already", hint)
            yield at.key(metric.name), at.value(kind)
        for tree in self._trees.values():
            for name in timers(tree):
                if name not in kinds and refuse_metric(name) is None:
                    kinds[name] = written(Kind.TREND, Unit.TIME)
                    yield Scalar(1, 1, name, False, name), Scalar(1, 1, kinds[name], False, "")

    def tree(self, file: str) -> ast.AST | None:
        return self._trees.get(file)

    def line(self, file: str, line: int) -> int:
        """As the bundle counts."""
        return line + self._first_lines.get(file, 1) - 1

    def column(self, file: str, line: int, offset: int) -> int:
        """From 1, in letters."""
        lines = self._lines.get(file, [])
        text = lines[line - 1] if 0 < line <= len(lines) else b""
        return len(text[:offset].decode("utf-8", "replace")) + 1

    def declared(self, text: str) -> str:
        for name, value in self._read:
            if text == value and value:
                return _template(name)
            if len(value) >= _SHORTEST_WITHIN:
                text = text.replace(value, _template(name))
        return text


def _template(name: str) -> str:
    return f"{{{{ env.{name} }}}}"


class _Site:
    """A call, and what stands in it."""

    def __init__(self, writer: Writer, call: Call) -> None:
        self._writer = writer
        self._call = call
        line, _, offset, _ = call.span
        self._file = call.file
        self._own_line = line or 1
        self.line = writer.line(call.file, self._own_line)
        self.column = writer.column(call.file, self._own_line, offset or 0)
        self._arguments = call.arguments(writer.tree(call.file))

    def key(self, text: str) -> Scalar:
        return Scalar(self.line, self.column, text, True, text)

    def value(self, text: str) -> Scalar:
        return Scalar(self.line, self.column, text, False, text)

    def pairs(self, values: MappingOf[str, object]) -> list[tuple[Scalar, Node]]:
        return [
            (self.key(key), self._node(value, self._arguments.get(key), (self.line, self.column)))
            for key, value in values.items()
        ]

    def _node(
        self, value: object, written: ast.expr | None, around: tuple[int, int], depth: int = 0
    ) -> Node:
        line, column = around if written is None else self._place(written)
        if depth > _DEEPEST:
            raise self.refused("a value of this call is too deep", _VALUES, line, column)
        if isinstance(value, MappingOf):
            return self._mapping(value, written, (line, column), depth)  # pyright: ignore
        if isinstance(value, SequenceOf) and not isinstance(value, str | bytes):
            return self._sequence(value, written, (line, column), depth)  # pyright: ignore
        return self._scalar(value, line, column)

    def _mapping(
        self,
        value: MappingOf[object, object],
        written: ast.expr | None,
        place: tuple[int, int],
        depth: int,
    ) -> Mapping:
        inner: dict[object, tuple[ast.expr, ast.expr]] = {}
        if isinstance(written, ast.Dict):
            inner = {
                key.value: (key, content)
                for key, content in zip(written.keys, written.values, strict=True)
                if isinstance(key, ast.Constant)
            }
        pairs: list[tuple[Scalar, Node]] = []
        for key, content in value.items():
            at, of = inner.get(key, (None, None))
            line, column = place if at is None else self._place(at)
            if not isinstance(key, str):
                message = f"a value of this call has the key {key!r}, which is no text"
                raise self.refused(message, _VALUES, line, column)
            pairs.append(
                (Scalar(line, column, key, False, key), self._node(content, of, place, depth + 1))
            )
        return Mapping(*place, tuple(pairs))

    def _sequence(
        self,
        value: SequenceOf[object],
        written: ast.expr | None,
        place: tuple[int, int],
        depth: int,
    ) -> Sequence:
        inner: list[ast.expr | None] = [None] * len(value)
        if isinstance(written, ast.List | ast.Tuple) and len(written.elts) == len(value):
            inner = list(written.elts)
        items = (
            self._node(item, of, place, depth + 1) for item, of in zip(value, inner, strict=True)
        )
        return Sequence(*place, tuple(items))

    def _scalar(self, value: object, line: int, column: int) -> Scalar:
        match value:
            case str():
                text = self._writer.declared(value)
                return Scalar(line, column, text, False, text)
            case None:
                text = "null"
            case bool():
                text = str(value).lower()
            case int() | float():
                text = repr(value)
            case timedelta():
                # Exact: a float of seconds would not be.
                text = f"{value // timedelta(microseconds=1)}us"
            case _:
                kind = shown(type(value).__name__)
                raise self.refused(f"a value of this call is {kind}", _VALUES, line, column)
        return Scalar(line, column, text, True, text)

    def _place(self, written: ast.expr) -> tuple[int, int]:
        line = written.lineno
        return (
            self._writer.line(self._file, line),
            self._writer.column(self._file, line, written.col_offset),
        )

    def refused(
        self, message: str, hint: str, line: int | None = None, column: int | None = None
    ) -> InvalidTest:
        """Of the call, or of a value in it."""
        # Back from the bundle's line to that of the file.
        own = (line or self.line) - self._writer.line(self._file, 1) + 1
        return InvalidTest([Problem(self._file, own, column or self.column, message, hint)])
