"""`kubectl port-forward`, and nothing else of kubectl: a real TCP forwarder to where a pod's process listens.

The real one speaks SPDY or WebSockets with a kubelet, which nothing here does. Words and ends are the real one's.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import yaml

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

_SCRIPT = """#!{python}
import sys
sys.path.insert(0, {root!r})
from tests.kubernetes.kubectl import main
main(sys.argv[1:])
"""


def install(folder: Path) -> None:
    """As an executable in a folder for PATH."""
    folder.mkdir()
    root = str(Path(__file__).parents[2])
    (folder / "kubectl").write_text(_SCRIPT.format(python=sys.executable, root=root))
    (folder / "kubectl").chmod(0o755)


def main(words: list[str]) -> NoReturn:
    assert words[0] == "port-forward", words
    options = dict(word[2:].split("=", 1) for word in words if word.startswith("--"))
    target, ports = (word for word in words[1:] if not word.startswith("--"))
    kind, _, name = target.partition("/")
    assert (kind, options["address"]) == ("pod", "127.0.0.1"), words
    own, _, there = ports.partition(":")
    pods = f"{_server()}/api/v1/namespaces/{options['namespace']}/pods"
    _asked(f"{pods}/{name}")
    port = json.loads(_asked(f"{pods}/{name}/portforward"))["port"]
    sys.exit(asyncio.run(_forward(int(own or 0), port, there)))


def _server() -> str:
    config = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())
    return str(config["clusters"][0]["cluster"]["server"])


def _asked(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            sys.exit(f"Error from server: {json.load(error)['message']}")


async def _forward(own: int, port: int, there: str) -> str:
    lost = asyncio.Event()

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        print(f"Handling connection for {port}", flush=True)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            lost.set()
            return
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", own)
    print(f"Forwarding from 127.0.0.1:{server.sockets[0].getsockname()[1]} -> {there}", flush=True)
    await lost.wait()
    return "error: lost connection to pod"


async def _pump(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
