"""One door for all methods: who calls is asked here, and held against the table of `methods`, before a
service hears of the call.
"""

from __future__ import annotations

import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

import grpc

from groundswell.errors import CoordinatorRefuses, NotAuthenticated
from groundswell_coordinator.access.caller import CALLER, CERTIFICATE, caller_of
from groundswell_coordinator.access.methods import ANYBODY, ATTACH, METHODS
from groundswell_coordinator.failure import abort, let_write
from groundswell_coordinator.peer import peer_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping

    from groundswell_coordinator.access.caller import Caller
    from groundswell_coordinator.access.tokens import Tokens
    from groundswell_coordinator.failure import Context

_log = logging.getLogger(__name__)


class Admission(grpc.aio.ServerInterceptor):
    """`tokens` is asked at every call: what it answers may change; None where there are to be none.

    `attaches` hears whose certificate, in PEM, an agent comes with. With `by_token_alone`, TLS has let
    anybody in, and a call without a good token ends before a byte of its message is read.
    """

    def __init__(
        self,
        tokens: Callable[[], Tokens | None],
        attaches: Callable[[Caller, bytes], None],
        *,
        by_token_alone: bool,
    ) -> None:
        self._tokens = tokens
        self._attaches = attaches
        self._by_token_alone = by_token_alone

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:  # noqa: ANN401
        handler = await continuation(handler_call_details)
        if handler is None or METHODS.get(handler_call_details.method) is ANYBODY:
            return handler
        if self._by_token_alone:
            try:
                self._caller({}, handler_call_details.invocation_metadata)
            except NotAuthenticated:
                # It is refused as a stream, whatever it is: grpc itself reads the message of any other call.
                handler = _UNREAD
        return self._guarded(handler, handler_call_details.method)

    def _caller(
        self, peer: Mapping[str, Iterable[bytes]], metadata: Iterable[Any] | None
    ) -> Caller:
        return caller_of(peer, {key: str(value) for key, value in metadata or ()}, self._tokens())

    def _guarded(self, handler: Any, method: str) -> Any:  # noqa: ANN401
        serve = (
            handler.unary_unary
            or handler.unary_stream
            or handler.stream_unary
            or handler.stream_stream
        )

        async def answer(request: object, context: Context) -> object:
            await self._admit(method, context, writes=handler.request_streaming)
            return await serve(request, context)

        async def stream(request: object, context: Context) -> AsyncIterator[object]:
            await self._admit(method, context, writes=handler.request_streaming)
            messages = serve(request, context)
            if not hasattr(messages, "__aiter__"):
                # One that writes by itself.
                await messages
                return
            async with aclosing(messages):
                async for message in messages:
                    yield message

        kind = _KINDS[handler.request_streaming, handler.response_streaming]
        return kind(
            stream if handler.response_streaming else answer,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    async def _admit(self, method: str, context: Context, *, writes: bool) -> None:
        """Ends the call of whoever may not; `writes` is whether that one sends a stream."""
        try:
            CALLER.set(self._admitted(method, context))
        except CoordinatorRefuses as refusal:
            _log.warning("%s: %s: %s", peer_of(context), method, refusal.message)
            if writes:
                await let_write()
            await abort(context, refusal)

    def _admitted(self, method: str, context: Context) -> Caller:
        peer = context.auth_context()
        caller = self._caller(peer, context.invocation_metadata())
        roles = METHODS.get(method, frozenset())
        if not caller.may(roles):
            needed = " or ".join(sorted(roles)) or "nobody"
            raise CoordinatorRefuses(
                f"{caller} may not call {method.rpartition('/')[2]}", hint=f"{needed} may"
            )
        if method == ATTACH:
            self._attaches(caller, b"".join(peer.get(CERTIFICATE, ())))
        return caller


async def _unread(requests: object, context: Context) -> None:
    raise AssertionError("whoever may not is refused before")


_UNREAD = cast("Any", grpc.stream_stream_rpc_method_handler(_unread))
_KINDS = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}
