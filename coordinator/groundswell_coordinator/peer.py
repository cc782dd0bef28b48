"""Whom a call comes from, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    import grpc


def peer_of(context: grpc.aio.ServicerContext[Any, Any]) -> str:
    """`127.0.0.1:40000` or `[::1]:40000`, and not how gRPC writes it."""
    kind, _, address = unquote(context.peer()).partition(":")
    return address if kind in ("ipv4", "ipv6") else f"{kind}:{address}"
