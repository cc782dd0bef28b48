"""What a connection needs around it to be fed by hand."""

from __future__ import annotations


class Wire:
    """A transport that takes everything."""

    def __init__(self) -> None:
        self.closing = False

    def set_write_buffer_limits(self, high: int) -> None: ...

    def write(self, data: bytes) -> None: ...

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        self.closing = True

    def get_write_buffer_size(self) -> int:
        return 0


class NoSweeper:
    smallest = 0.0

    def add(self, connection: object) -> None: ...

    def discard(self, connection: object) -> None: ...
