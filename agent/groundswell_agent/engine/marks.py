"""Marks that stand for values in a text which other code puts together, and is then cut at them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from groundswell.scenario.values import as_text, url_encoded
from groundswell_agent.engine.texts import compile_pieces, join_pieces

if TYPE_CHECKING:
    from groundswell.scenario.expressions import Text
    from groundswell_agent.engine.texts import Fit, TextOf
    from groundswell_agent.engine.values import Names


class Marks:
    """Of one text; `around` is all that may stand in it, so that no mark does."""

    def __init__(self, names: Names, around: object) -> None:
        self._names = names
        self._functions: dict[str, TextOf] = {}
        # Letters and digits pass through every encoding as they are.
        self._stem = "VaLuE"
        while self._stem in repr(around):
            self._stem += "x"
        self._pattern = re.compile(f"({self._stem}[0-9]+e)")

    def text(self, text: Text, fit: Fit, fit_constant: Fit | None = None) -> str:
        """The text itself, or one with a mark for each of its values."""
        if isinstance(text, str):
            return text
        return "".join(
            piece if isinstance(piece, str) else self.mark(piece)
            for piece in compile_pieces(text, self._names, fit, fit_constant)
        )

    def query(self, text: Text) -> str:
        """What is constant is encoded later, with the names."""
        return self.text(text, url_encoded, as_text)

    def mark(self, function: TextOf) -> str:
        mark = f"{self._stem}{len(self._functions)}e"
        self._functions[mark] = function
        return mark

    @property
    def unused(self) -> bool:
        return not self._functions

    def cut(self, text: str) -> TextOf:
        """The text, with each mark's value in its place."""
        pieces = [piece for piece in self._pattern.split(text) if piece]
        return join_pieces([self._functions.get(piece, piece) for piece in pieces])
