"""A real Prometheus with a configuration of the test's own."""

from __future__ import annotations

import json
import subprocess
import urllib.parse
import urllib.request
from contextlib import contextmanager
from shutil import which
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.e2e.processes import eventually
from tests.free_port import free_port

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path


@contextmanager
def prometheus(folder: Path, settings: Mapping[str, Any], *flags: str) -> Generator[str]:
    """Its URL, once it answers. Skips the test, by name, where there is none."""
    program = which("prometheus")
    if program is None:
        pytest.skip("NOT TESTED: no Prometheus here: apt-get install prometheus")
    folder.mkdir()
    (folder / "config.yml").write_text(yaml.safe_dump(dict(settings)))
    url = f"http://127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [
            program,
            f"--config.file={folder}/config.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={url.removeprefix('http://')}",
            *flags,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: _is_ready(url), 30.0, "Prometheus is ready")
        yield url
    finally:
        process.kill()
        process.wait()


def asked(url: str, query: str) -> list[Any]:
    """The samples of an instant query."""
    words = urllib.parse.urlencode({"query": query})
    with urllib.request.urlopen(f"{url}/api/v1/query?{words}", timeout=10) as answer:
        said = json.load(answer)
    assert said["status"] == "success", said
    result: list[Any] = said["data"]["result"]
    return result


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
