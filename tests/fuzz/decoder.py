"""What takes bytes that others have made, as a function that a fuzzer can call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


@dataclass(frozen=True, slots=True)
class Decoder:
    """`take` returns, or raises one of `refusals`; everything else is a bug, and so is a hang.

    `seeds` are good inputs, which the mutator changes; `words` mean something to the decoder.
    `grow` makes an input from scratch, for those that random changes would hardly ever get into.
    """

    name: str
    take: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()
    grow: Callable[[Random], bytes] | None = None
    refusals: tuple[type[Exception], ...] = (GroundswellError,)

    def refuses(self, data: bytes) -> bool:
        """Give it one input; whether it was refused in words."""
        try:
            self.take(data)
        except self.refusals:
            return True
        return False
