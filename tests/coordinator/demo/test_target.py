"""`groundswell demo-target` as a process: how it starts, says where it is, and ends."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import GroundswellError
from groundswell_coordinator.demo.target import DemoTarget
from tests.nginx_server import machine_has_ipv6

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_COMMAND = (sys.executable, "-m", "groundswell", "demo-target")


@contextmanager
def _started(*arguments: str) -> Generator[subprocess.Popen[str]]:
    with subprocess.Popen([*_COMMAND, *arguments], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_cleanly(ending: signal.Signals) -> None:
    with _started("--listen", "127.0.0.1:0") as process:
        line = _first_line(process)
        found = re.fullmatch(r"demo target listens on (http://127\.0\.0\.1:\d+) .*\n", line)
        assert found is not None
        with urllib.request.urlopen(found[1], timeout=10) as answer:
            assert answer.status == 200

        process.send_signal(ending)

        assert process.wait(10) == 0


def test_the_port_file_is_there_while_it_listens(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    with _started("--listen", "127.0.0.1:0", "--port-file", str(port_file)) as process:
        line = _first_line(process)

        assert f":{int(port_file.read_text())} " in line

        process.terminate()
        process.wait(10)
        assert list(tmp_path.iterdir()) == []


def test_a_ctrl_c_that_its_parent_ignores_does_not_end_it(tmp_path: Path) -> None:
    arguments = ["--listen", "127.0.0.1:0", "--port-file", str(tmp_path / "port")]
    shell = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *_COMMAND, *arguments]
    with subprocess.Popen(shell, stdout=subprocess.PIPE, text=True) as process:
        url = _first_line(process).split()[4]

        process.send_signal(signal.SIGINT)

        with urllib.request.urlopen(f"{url}/slow?ms=100", timeout=10) as answer:
            assert answer.status == 200
        process.terminate()
        assert process.wait(10) == 0


def test_it_ends_soon_although_a_request_is_in_progress() -> None:
    with _started("--listen", "127.0.0.1:0") as process:
        port = int(re.findall(r":(\d+) ", _first_line(process))[0])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /slow?ms=60000 HTTP/1.1\r\nHost: x\r\n\r\n")

            process.terminate()

            assert process.wait(10) == 0


async def test_a_taken_port_is_an_error_with_a_hint() -> None:
    async with DemoTarget().listening("127.0.0.1", 0) as url:
        port = int(url.rpartition(":")[2])

        with pytest.raises(GroundswellError, match="in use") as caught:
            async with DemoTarget().listening("127.0.0.1", port):
                pass

    assert "--listen 127.0.0.1:0" in (caught.value.hint or "")


def test_an_address_without_a_port_is_refused() -> None:
    refused = subprocess.run(
        [*_COMMAND, "--listen", "localhost"], capture_output=True, text=True, check=False
    )

    assert refused.returncode == 2
    assert "HOST:PORT" in refused.stderr


# A container often has no IPv6, not even on loopback. What is asked here is the form of such a URL
# alone: listening, answering and a taken port are tried above on 127.0.0.1, which is always there.
@pytest.mark.skipif(not machine_has_ipv6(), reason="this machine has no [::1]")
async def test_it_listens_on_ipv6_too() -> None:
    async with DemoTarget().listening("::1", 0) as url:
        assert re.fullmatch(r"http://\[::1\]:\d+", url)
