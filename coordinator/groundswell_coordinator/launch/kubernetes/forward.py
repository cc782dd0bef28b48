"""The coordinator's port on this machine, by a child `kubectl port-forward` that is started again when it breaks."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import re
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import TYPE_CHECKING

from groundswell.errors import InvalidConfiguration
from groundswell_coordinator.launch.kubernetes.errors import ClusterUnreachable
from groundswell_coordinator.launch.kubernetes.settings import GRPC_PORT

if TYPE_CHECKING:
    from collections.abc import Callable

_HOST = "127.0.0.1"
_FORWARDING = re.compile(rb"Forwarding from 127\.0\.0\.1:(\d+) ->")
_FIRST_S = 30.0
_AGAIN_S = 0.5
_LEAVE_S = 2.0
_PR_SET_PDEATHSIG = 1


def kubectl() -> str:
    """Raises InvalidConfiguration."""
    found = shutil.which("kubectl")
    if found is None:
        raise InvalidConfiguration(
            "there is no kubectl on PATH, which forwards the coordinator's port",
            hint="install it, or give --coordinator HOST:PORT where the cluster makes it reachable",
        )
    return found


class PortForward:
    """`async with PortForward(pod, …) as (host, port):`; the port stays the same while children come and go."""

    def __init__(
        self, pod: str, namespace: str, context: str | None, tell: Callable[[str], None]
    ) -> None:
        self._words = [kubectl(), "port-forward", f"--namespace={namespace}", f"--address={_HOST}"]
        if context is not None:
            self._words.append(f"--context={context}")
        self._words.append(f"pod/{pod}")
        self._tell = tell
        self._process: Process | None = None
        self._last_line = ""
        self._keeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> tuple[str, int]:
        """Raises ClusterUnreachable where nothing is forwarded."""
        try:
            async with asyncio.timeout(_FIRST_S):
                port = await self._start(0)
        except TimeoutError:
            port = None
        except BaseException:
            await self._end()
            raise
        if port is None:
            await self._end()
            raise ClusterUnreachable(
                f"kubectl port-forward forwards nothing: {self._last_line or 'no answer'}",
                hint="it needs `create` and `get` of pods/portforward; --coordinator HOST:PORT goes without it",
            )
        self._keeping = asyncio.create_task(self._keep(port))
        return _HOST, port

    async def __aexit__(self, *exception: object) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        await self._end()

    async def _keep(self, port: int) -> None:
        told = False
        while True:
            assert self._process is not None
            await self._drained(self._process)
            if not told:
                # Once: whoever uses it says that the coordinator is gone, and that it is back.
                self._tell(
                    f"kubectl port-forward has ended ({self._last_line or 'no word'}); again…"
                )
                told = True
            await asyncio.sleep(_AGAIN_S)
            told = await self._start(port) is None

    async def _start(self, port: int) -> int | None:
        """The port it listens on; None where it ends without. With 0 it takes a free one."""
        self._process = await asyncio.create_subprocess_exec(
            *self._words,
            f"{port or ''}:{GRPC_PORT}",
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Ctrl-C in the terminal is for us: the forward is needed to stop the run.
            start_new_session=True,
            preexec_fn=_end_with_parent(),
        )
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            if match := _FORWARDING.search(line):
                return int(match[1])
            self._note(line)
        return None

    async def _drained(self, process: Process) -> None:
        """Read what it says, until its end."""
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self._note(line)
        await process.wait()

    def _note(self, line: bytes) -> None:
        text = " ".join(line.decode(errors="replace").split())
        # It says this for each connection.
        if text and not text.startswith("Handling connection"):
            self._last_line = text

    async def _end(self) -> None:
        process = self._process
        if process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LEAVE_S):
                    await self._drained(process)
                    return


def _end_with_parent() -> Callable[[], None] | None:
    """Run in the child: it is not to outlive a client that is killed. Linux alone has that."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
