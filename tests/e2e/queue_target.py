"""A target whose capacity is known: so many workers, each busy for so long with a request; the rest waits.

python -m tests.e2e.queue_target WORKERS SERVICE_S PORT_FILE
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.processes import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_ROOT = Path(__file__).parents[2]


async def serve(workers: int, service_s: float, listening: Callable[[int], object]) -> None:
    """`listening` is told the port.

    A worker is free again when its service time is over, however late its loop hears of that.
    """
    loop = asyncio.get_running_loop()
    free_at = [0.0] * workers

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                first = min(range(workers), key=free_at.__getitem__)
                free_at[first] = max(loop.time(), free_at[first]) + service_s
                await asyncio.sleep(free_at[first] - loop.time())
                writer.write(_ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1000)
    listening(server.sockets[0].getsockname()[1])
    await server.serve_forever()


@contextmanager
def queue_target(folder: Path, workers: int, service_s: float) -> Generator[str]:
    """Its address. It carries `workers / service_s` requests a second, and no more."""
    port_file = folder / "port"
    arguments = [sys.executable, "-m", __name__, str(workers), str(service_s), str(port_file)]
    process = subprocess.Popen(arguments, cwd=_ROOT)
    try:
        eventually(lambda: port_file.exists() and port_file.read_text() != "", 20.0, "the target")
        yield f"http://127.0.0.1:{port_file.read_text()}"
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    file = Path(sys.argv[3])
    asyncio.run(
        serve(int(sys.argv[1]), float(sys.argv[2]), lambda port: file.write_text(str(port)))
    )
