"""The head of requests that differ in their values only: written once, by the code that writes every
head, and then filled in.

What is plainly harmless goes in as it is; for anything else the frame says no, and the request is
written, and checked, the long way.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from groundswell.scenario.values import as_text
from groundswell_agent.http.request import METHODS_WITH_LENGTH, TARGET_KEEPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell_agent.engine.steps.scope import CompiledStep
    from groundswell_agent.http.request import PreparedRequest

_plain = re.compile(rf"/[A-Za-z0-9{re.escape(TARGET_KEEPS)}]*").fullmatch
_END = "\r\n"


class Frame:
    """Of one site, one origin, and one set of header names. `stored` counts the requests that are kept
    of it whole.
    """

    __slots__ = ("_after", "_before", "_has_length", "_model", "site", "stored")

    def __init__(
        self, site: CompiledStep, model: PreparedRequest, base: str, own: Mapping[str, object]
    ) -> None:
        """`model` is one of its requests, `base` what stands before the path, `own` the headers that
        each request has its own value for.
        """
        self.site = site
        self.stored = 0
        self._model = model
        head = model.payload.partition(b"\r\n\r\n")[0].decode("latin-1")
        first, *lines = head.split(_END)
        # The length is that of each body.
        names = {"content-length", *(name.lower() for name in own)}
        kept = [line for line in lines if line.partition(":")[0].lower() not in names]
        self._before = f"{first.partition(' ')[0]} {base}"
        self._after = "".join([f" HTTP/1.1{_END}", *(line + _END for line in kept)])
        self._has_length = model.method in METHODS_WITH_LENGTH

    def request(self, path: str, own: Mapping[str, object], body: bytes) -> PreparedRequest | None:
        """None where a value has to be looked at. A path with its query, encoded."""
        if not _plain(path):
            return None
        head = f"{self._before}{path}{self._after}"
        for name, value in own.items():
            text = value if type(value) is str else as_text(value)
            # Blanks at either end are no part of a header.
            if not (text.isascii() and text.isprintable()) or text != text.strip():
                return None
            head += f"{name}: {text}{_END}"
        if body or self._has_length:
            head += f"Content-Length: {len(body)}{_END}"
        return self._model.with_payload(f"{head}{_END}".encode("latin-1") + body)
