"""`groundswell demo-target`: something to load that may be loaded."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click
import uvloop

from groundswell_coordinator.demo.target import DemoTarget

if TYPE_CHECKING:
    from collections.abc import Generator

_EPILOG = """\b
Example:
  groundswell demo-target --listen 127.0.0.1:8080
  groundswell run examples/demo.yaml --target http://127.0.0.1:8080
"""


class _Address(click.ParamType[tuple[str, int]]):
    name = "HOST:PORT"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        try:
            parts = urlsplit(f"//{value}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or port is None:
            self.fail(f"{value!r} is no HOST:PORT, such as 127.0.0.1:8080 or [::1]:0", param, ctx)
        return host, port


@click.command("demo-target", epilog=_EPILOG)
@click.option(
    "--listen",
    type=_Address(),
    default="127.0.0.1:8080",
    show_default=True,
    help="Where to listen; port 0 takes a free one.",
)
@click.option(
    "--port-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the port into this file once the target listens; removed at the end.",
)
def command(listen: tuple[str, int], port_file: Path | None) -> None:
    """Serve a small HTTP service to try tests on.

    \b
    /, /fast               a few bytes, at once
    /slow?ms=200           after a wait, at most 60000 ms
    /flaky?rate=0.1        503 at that rate, the same ones every time
    /products, /products/7 JSON
    /echo                  what was sent (POST, PUT, PATCH)
    /large?kib=1024        many bytes, streamed, at most 64 MiB
    /status/404            any status from 200 to 599
    /stats                 the target's own count of requests, as JSON
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(*listen, port_file))


async def _serve(host: str, port: int, port_file: Path | None) -> None:
    ended = _ended_by_signal()
    async with DemoTarget().listening(host, port) as url:
        with _written(port_file, f"{urlsplit(url).port}\n"):
            click.echo(f"demo target listens on {url} (Ctrl-C ends it)")
            await ended.wait()


def _ended_by_signal() -> asyncio.Event:
    """A signal the parent ignores stays ignored: Ctrl-C on a script ends its run, then this."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            continue
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    return ended


@contextmanager
def _written(path: Path | None, text: str) -> Generator[None]:
    """Whole or not there at all: whoever waits for the file must never read half a number."""
    if path is None:
        yield
        return
    half = path.with_name(f"{path.name}.{os.getpid()}")
    half.write_text(text)
    half.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
