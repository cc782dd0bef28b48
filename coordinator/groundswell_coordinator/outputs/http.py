"""POST to a receiver of metrics: one session for a run, and what an answer means."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

import aiohttp

from groundswell import __version__
from groundswell_coordinator.outputs.sink import OutputFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

_MOST_ANSWER = 64 * 1024
_SHOWN = 200
# A receiver that is too busy says so with these; it may take the same thing later.
_LATER = (408, 425, 429)


class Receiver:
    """A user and password in the URL are for basic authentication."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self._url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        self._headers = {"User-Agent": f"groundswell/{__version__}", **_basic(parts), **headers}
        self._session: aiohttp.ClientSession | None = None

    async def post(self, body: bytes) -> bytes:
        """What was answered; raises OutputFailed. Proxies are taken from the environment."""
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self._headers, trust_env=True)
        try:
            async with self._session.post(self._url, data=body, allow_redirects=False) as answer:
                said = await answer.content.read(_MOST_ANSWER)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise OutputFailed(_why(error)) from error
        if answer.status // 100 != 2:
            is_final = answer.status < 500 and answer.status not in _LATER
            raise OutputFailed(_status(answer.status, said), is_final=is_final)
        return said

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _basic(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _why(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        # The loop's own words repeat the address.
        reason = os.strerror(number) if number and number > 0 else str(error.os_error)
        return f"cannot connect to {error.host}:{error.port}: {reason}"
    return str(error) or type(error).__name__


def _status(status: int, said: bytes) -> str:
    text = said.decode("utf-8", "replace")
    line = "".join(one if one.isprintable() else " " for one in text[:_SHOWN]).strip()
    return f"it answered {status}" + (f": {line}" if line else "")
