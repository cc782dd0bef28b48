"""One request at a time: a VU has as many lanes as it awaits requests side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_agent.engine.virtual_user import VirtualUser

if TYPE_CHECKING:
    from groundswell.script.http import Response
    from groundswell_agent.http.request import PreparedRequest
    from groundswell_agent.script.vu import ScriptVu


class Lane(VirtualUser):
    """A VU's connections for one request at a time, with its cookies."""

    __slots__ = ("face", "request", "response")

    request: PreparedRequest
    response: Response

    def __init__(self, vu: VirtualUser, face: ScriptVu, *, is_first: bool) -> None:
        super().__init__(vu.number, vu.load)
        self.face = face
        self.jar = vu.jar
        if is_first:
            self.client = vu.client
        else:
            vu.adopt(self)
