"""Ask a coordinator about what goes on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from groundswell.credentials import Remote
    from groundswell_coordinator.client import ControlClient

T = TypeVar("T")


def ask_coordinator(
    coordinator: Remote, question: Callable[[ControlClient], Coroutine[Any, Any, T]]
) -> T:
    """`ask_coordinator(address, lambda client: client.agents())`."""
    return asyncio.run(_ask(coordinator, question))


async def _ask(
    coordinator: Remote, question: Callable[[ControlClient], Coroutine[Any, Any, T]]
) -> T:
    # grpc takes a third of a second to import: not for --help.
    from groundswell_coordinator.client import ControlClient

    async with ControlClient(coordinator) as client:
        return await question(client)
