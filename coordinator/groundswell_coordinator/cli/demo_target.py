"""`groundswell demo-target`: something to load that may be loaded."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import click
import uvloop

from groundswell.address import Address, AddressOption
from groundswell.ending import when_told_to_end
from groundswell_coordinator.demo.target import DemoTarget
from groundswell_coordinator.launch.port_file import written

_EPILOG = """\b
Example:
  groundswell demo-target --listen 127.0.0.1:8080
  groundswell run examples/demo.yaml --target http://127.0.0.1:8080
"""


@click.command("demo-target", epilog=_EPILOG)
@click.option(
    "--listen",
    type=AddressOption(),
    default="127.0.0.1:8080",
    show_default=True,
    help="Where to listen; port 0 takes a free one.",
)
@click.option(
    "--port-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the port into this file once the target listens; removed at the end.",
)
def command(listen: Address, port_file: Path | None) -> None:
    """Serve a small HTTP service to try tests on.

    \b
    /, /fast               a few bytes, at once
    /slow?ms=200           after a wait, at most 60000 ms
    /flaky?rate=0.1        503 at that rate, the same ones every time
    /products, /products/7 JSON
    /echo                  what was sent (POST, PUT, PATCH)
    /ws                    a WebSocket that sends every message back
    /large?kib=1024        many bytes, streamed, at most 64 MiB
    /status/404            any status from 200 to 599
    /stats                 the target's own count of requests, as JSON
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(listen, port_file))


async def _serve(listen: Address, port_file: Path | None) -> None:
    ended = asyncio.Event()
    when_told_to_end(ended.set)
    async with DemoTarget().listening(listen.host, listen.port) as url:
        with written(port_file, urlsplit(url).port or 0):
            click.echo(f"demo target listens on {url} (Ctrl-C ends it)")
            await ended.wait()
