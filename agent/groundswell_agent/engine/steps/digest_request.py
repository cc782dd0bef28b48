"""A request to a server that asks for a digest. What it answers to one without is a request of its
own, as a redirect is; the nonce in it is kept by the VU, so that later requests bring their digest.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from groundswell.scenario.expressions import Template
from groundswell_agent.engine.redirects import repeated, take_cookies, target_of
from groundswell_agent.engine.steps.request import Request
from groundswell_agent.engine.texts import compile_text
from groundswell_agent.engine.values import compile_presence
from groundswell_agent.http.digest import Credentials, asked_for
from groundswell_agent.http.head import header_values, lower_head
from groundswell_agent.http.request import InvalidRequest

if TYPE_CHECKING:
    from groundswell.scenario.expressions import Text
    from groundswell.scenario.step_model import Digest, RequestStep
    from groundswell_agent.engine.outgoing import Outgoing
    from groundswell_agent.engine.reading import Reads
    from groundswell_agent.engine.steps.scope import Scope
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.http.exchange import Exchange
    from groundswell_agent.http.request import Origin, PreparedRequest

_UNAUTHORIZED = 401
# The first challenge, and a second one that calls the nonce of the first stale.
_MOST_CHALLENGES = 2


class DigestRequest(Request):
    __slots__ = ("_is_there", "_password", "_user")

    def __init__(
        self,
        step: RequestStep,
        scope: Scope,
        digest: Digest,
        reading: Reads | None = None,
        outgoing: Outgoing | None = None,
    ) -> None:
        super().__init__(step, scope, reading, outgoing)
        names = scope.load
        self._user = compile_text(_template(digest.user), names)
        self._password = compile_text(_template(digest.password), names)
        both = Template((*_template(digest.user).parts, *_template(digest.password).parts))
        self._is_there = compile_presence(both, names) if digest.optional else None

    async def __call__(self, vu: VirtualUser) -> None:
        request = self._constant
        if request is None or vu.jar.cookies:
            try:
                request = self._outgoing.build(vu)
            except InvalidRequest:
                await self._refuse(vu)
                return
        exchange = vu.client.last
        try:
            await self._send(vu, request, request.origin)
        except asyncio.CancelledError:
            self._cut_off(vu, request, exchange)
            raise
        if not exchange.status:
            await self._failed(vu, exchange)
        elif exchange.status in self._follows:
            await self._follow(vu, request, exchange)
        else:
            self._samples.record(vu.due, exchange)
            self._answered(vu, request, exchange)

    async def _send(self, vu: VirtualUser, request: PreparedRequest, first: Origin) -> None:
        """With a digest at the first origin, to no other."""
        if request.origin != first or not self._says_who(vu, request):
            await vu.client.exchange(request)
            return
        user, password = self._user(vu), self._password(vu)
        kept = vu.digests.get(first) if vu.digests is not None else None
        credentials = kept if kept is not None and kept.are_of(user, password) else None
        exchange = await vu.client.exchange(_signed(request, credentials))
        is_asked = False
        for _ in range(_MOST_CHALLENGES):
            if exchange.status != _UNAUTHORIZED:
                return
            challenge = asked_for(header_values(exchange.raw, b"www-authenticate"))
            if challenge is None or (is_asked and not challenge.stale):
                return
            is_asked = True
            request = self._challenged(vu, request, exchange)
            credentials = Credentials(challenge, user, password)
            vu.digests = {**(vu.digests or {}), first: credentials}
            await vu.client.exchange(_signed(request, credentials))

    def _says_who(self, vu: VirtualUser, request: PreparedRequest) -> bool:
        """Not where a value of the defaults is not there yet, or a request has a header of its own."""
        if self._is_there is None:
            return True
        head = request.payload[: request.payload.find(b"\r\n\r\n")]
        return self._is_there(vu) and head.lower().find(b"\r\nauthorization:") < 0

    def _challenged(
        self, vu: VirtualUser, request: PreparedRequest, exchange: Exchange
    ) -> PreparedRequest:
        """Record the challenge; a cookie that it set goes with the answer."""
        self._samples.record_hop(vu.due, exchange, request.method)
        vu.due = exchange.end
        if not self._takes_cookies:
            return request
        take_cookies(vu.jar, request, exchange, lower_head(exchange.raw))
        return repeated(request, vu.jar)


def _template(text: Text) -> Template:
    return Template((text,)) if isinstance(text, str) else text


def _signed(request: PreparedRequest, credentials: Credentials | None) -> PreparedRequest:
    if credentials is None:
        return request
    line, end, rest = request.payload.partition(b"\r\n")
    answer = credentials.answer(request.method, target_of(request)).encode("latin-1", "replace")
    return request.with_payload(b"%b%bAuthorization: %b\r\n%b" % (line, end, answer, rest))
