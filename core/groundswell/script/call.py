"""Where a call stands in a test's file, kept as it is made and looked up when a place is asked for."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Call:
    """`span` is (line, end line, column, end column) as Python counts: columns from 0, in bytes of
    UTF-8. `positional` names the arguments that have no keyword, in order.
    """

    file: str
    span: tuple[int | None, int | None, int | None, int | None]
    positional: tuple[str, ...] = ()

    @classmethod
    def here(cls, depth: int, *positional: str) -> Call:
        """The call that is being made `depth` functions further out."""
        frame = inspect.currentframe()
        for _ in range(depth + 1):
            frame = frame.f_back if frame is not None else None
        assert frame is not None
        positions = frame.f_code.co_positions()
        span = next(islice(positions, frame.f_lasti // 2, None), None)
        line = frame.f_lineno
        return cls(frame.f_code.co_filename, span or (line, line, 0, 0), positional)

    def arguments(self, tree: ast.AST | None) -> Mapping[str, ast.expr]:
        """The arguments as they are written, by name; nothing where the call cannot be found."""
        call = self._node(tree) if tree is not None else None
        if call is None:
            return {}
        named = dict(zip(self.positional, call.args, strict=False))
        return named | {one.arg: one.value for one in call.keywords if one.arg is not None}

    def _node(self, tree: ast.AST) -> ast.Call | None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                span = node.lineno, node.end_lineno, node.col_offset, node.end_col_offset
                if span == self.span:
                    return node
        return None
