"""`python -m benchmarks.wolf_target PORT_FILE`: a target whose service times are known, and wander as real ones do.

They are lognormal around 20 ms. Every second has a level, ±1 %, that is like the one before. `/x1.05` takes 5 % longer
than `/`: a build that is slower, at the same moment.
"""

from __future__ import annotations

import asyncio
import math
import sys
from pathlib import Path
from random import Random

import uvloop

_MEDIAN_S, _SIGMA = 0.020, 0.3
_LIKENESS, _SPREAD = 0.7, 0.01
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Target:
    def __init__(self) -> None:
        self._random = Random()  # nothing is hidden by it
        self._level = 0.0

    async def wander(self) -> None:
        while True:
            news = math.sqrt(1 - _LIKENESS**2) * self._random.gauss(0.0, 1.0)
            self._level = _LIKENESS * self._level + news
            await asyncio.sleep(1.0)

    def service_time(self, path: str) -> float:
        """In seconds."""
        build = float(path.removeprefix("/x") or 1.0) if path.startswith("/x") else 1.0
        level = math.exp(_SPREAD * self._level)
        return build * level * self._random.lognormvariate(math.log(_MEDIAN_S), _SIGMA)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode()
                await asyncio.sleep(self.service_time(path))
                writer.write(_ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            # Whoever asked has gone.
            pass
        finally:
            writer.close()


async def _main(port_file: Path) -> None:
    target = Target()
    server = await asyncio.start_server(target.serve, "127.0.0.1", 0)
    _write_port(port_file, server.sockets[0].getsockname()[1])
    async with server:
        await target.wander()


def _write_port(port_file: Path, port: int) -> None:
    port_file.write_text(str(port))


if __name__ == "__main__":
    uvloop.run(_main(Path(sys.argv[1])))
