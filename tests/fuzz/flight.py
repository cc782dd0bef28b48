"""The input that a decoder was given last, where it is still to be read after its process has died."""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
from pathlib import Path
from typing import Self

from tests.fuzz.mutation import LONGEST

_LENGTH = struct.Struct("<I")
# A run's file is longer than what is made of one.
_SIZE = _LENGTH.size + 16 * LONGEST


class Flight:
    """A file in memory, which two processes have mapped."""

    def __init__(self, path: Path | None = None) -> None:
        if path is None:
            descriptor, name = tempfile.mkstemp(prefix="flight-")
            os.ftruncate(descriptor, _SIZE)
            self.path = Path(name)
        else:
            descriptor = os.open(path, os.O_RDWR)
            self.path = path
        self._memory = mmap.mmap(descriptor, _SIZE)
        os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.close()
        self.path.unlink(missing_ok=True)

    def note(self, data: bytes) -> None:
        whole = _LENGTH.pack(len(data)) + data[: _SIZE - _LENGTH.size]
        self._memory[: len(whole)] = whole

    def last(self) -> bytes:
        (length,) = _LENGTH.unpack(self._memory[: _LENGTH.size])
        return self._memory[_LENGTH.size : _LENGTH.size + length]
