"""The image by itself: what is in it, what is not, and that every role runs in it."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from signal import SIGTERM, Signals
from typing import TYPE_CHECKING

import pytest

from groundswell import __version__
from groundswell.cli import COMMANDS
from tests.e2e.processes import eventually

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.containers.image import Image
    from tests.containers.podman import Podman

_MOST_BYTES = 150_000_000
_LOCKED_IN = ("--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL", "--network=none")

_TEST = """\
test: inside
target: http://127.0.0.1:8080
scenarios:
  load:
    executor: constant-arrival-rate
    rate: 50/s
    duration: 2s
    max_vus: 50
    steps:
      - post: /echo
        json: {email: "{{ fake.email }}"}
        check: {$.json.email: "contains @"}
generator_limits: {send_lag: 10s}
thresholds:
  http_req_failed: [rate == 0]
"""


class Box:
    """A container that waits, with nobody's rights and nothing to write to but its two folders."""

    def __init__(self, podman: Podman, image: Image, folder: Path) -> None:
        self.podman = podman
        self.name = f"gswt-{folder.name}-{time.time_ns()}"
        words: list[str] = [f"--name={self.name}", *_LOCKED_IN, "--entrypoint=sleep"]
        for inside in ("tmp", "var/lib/groundswell"):
            outside = folder / inside
            outside.mkdir(parents=True)
            outside.chmod(0o777)
            words.append(f"--volume={outside}:/{inside}")
        podman("run", "--detach", "--init", *words, image.name, "infinity")

    def __call__(self, script: str) -> str:
        return self.podman("exec", self.name, "sh", "-c", script)


@pytest.fixture
def box(podman: Podman, image: Image, tmp_path: Path) -> Generator[Box]:
    made = Box(podman, image, tmp_path)
    try:
        yield made
    finally:
        podman.attempt("rm", "--force", "--time=0", made.name)


def test_it_weighs_what_its_readme_allows(
    podman: Podman, image: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, base = (podman.inspect(one, "image")["Size"] for one in (image.name, image.base))
    with capsys.disabled():
        print(f"\nthe image is {(whole - base) / 1e6:.0f} MB above its base")
    assert whole - base <= _MOST_BYTES


def test_it_says_what_it_is(podman: Podman, image: Image) -> None:
    found = podman.inspect(image.name, "image")["Config"]
    labels = {key.rpartition(".")[2]: value for key, value in found["Labels"].items()}
    assert labels["title"] == "groundswell"
    assert labels["version"] == __version__
    assert labels["revision"] == "tested"
    assert labels["licenses"] == "Apache-2.0"
    assert found["User"] == "65532:65532"
    assert found["StopSignal"] in ("SIGTERM", "15")
    assert found["Entrypoint"] == ["groundswell"]


def test_every_command_starts_without_rights_and_on_a_root_that_is_read_only(box: Box) -> None:
    assert box("id -u") == "65532"
    assert box("groundswell --version") == f"groundswell, version {__version__}"
    names = " ".join(COMMANDS)
    box(f'for name in {names}; do groundswell "$name" --help > /tmp/help || exit 1; done')


def test_what_builds_is_not_in_it(box: Box) -> None:
    tools = "gcc cc ld strip make pip"
    assert box(f"command -v {tools} || true") == ""
    # The base has a Python of its own, and what that has is its affair.
    assert box("python -c 'import pip' 2>&1 || true").endswith("No module named 'pip'")


def test_all_of_it_is_compiled_already(box: Box) -> None:
    places = "/opt/groundswell/lib/python3*/site-packages/groundswell*"
    sources = int(box(f"find {places} -name '*.py' | wc -l"))
    assert sources > 100
    assert int(box(f"find {places} -name '*.pyc' | wc -l")) == sources
    assert box("find /opt/groundswell -newer /etc/passwd -name '*.pyc' -writable | wc -l") == "0"


def test_a_run_with_its_own_coordinator_and_agents(box: Box) -> None:
    box("groundswell demo-target > /tmp/target.log 2>&1 & echo $! > /tmp/target.pid")
    box(f"cat > /tmp/test.yaml <<'END'\n{_TEST}END")
    eventually(lambda: "listens" in box("cat /tmp/target.log"), 30, "a target")
    box("groundswell run /tmp/test.yaml --agents 2 --summary-json /tmp/s.json --html /tmp/r.html")
    summary = json.loads(box("cat /tmp/s.json"))
    asked = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8080/stats').read().decode())"
    stats = json.loads(box(f'python -c "{asked}"'))
    box("kill $(cat /tmp/target.pid)")

    assert summary["verdict"] == "PASS"
    assert summary["metrics"]["http_reqs"]["values"]["count"] == 100
    assert stats["routes"]["/echo"]["requests"] == 100, stats
    assert "Plotly" in box("grep -o -m1 Plotly /tmp/r.html | head -1")


_ROLES = {
    "coordinator": ("coordinator", "listening on"),
    "agent": ("agent --coordinator 127.0.0.1:9 --workers 1", "no stream to"),
    "agents": ("agent --coordinator 127.0.0.1:9 --workers 2", "no stream to"),
    "demo-target": ("demo-target", "listens on"),
}


@pytest.mark.parametrize("role", _ROLES)
@pytest.mark.parametrize("is_up", [True, False], ids=["up", "starting"])
def test_process_1_ends_when_it_is_told_to(
    podman: Podman, image: Image, role: str, *, is_up: bool
) -> None:
    """A kernel gives process 1 no signal that it has no handler for: first of all it gets one."""
    words, says = _ROLES[role]
    name = f"gswt-{role}-{time.time_ns()}"
    options = (f"--name={name}", *_LOCKED_IN, "--volume=/var/lib/groundswell", "--tmpfs=/tmp")
    podman("run", "--detach", *options, image.name, *words.split())
    try:
        if is_up:
            eventually(lambda: says in podman.logs(name), 60, "it is up")
        else:
            eventually(lambda: _hears(podman, name, SIGTERM), 60, "it hears")
        podman("stop", "--time=50", name)
        code = int(podman("wait", name))
        logs = podman.logs(name)
        assert code in ((0,) if is_up else (0, 105)), (code, logs)
        assert "Traceback" not in logs, logs
    finally:
        podman.attempt("rm", "--force", "--volumes", "--time=0", name)


def _hears(podman: Podman, name: str, number: Signals) -> bool:
    """Whether it has a handler for it."""
    status = Path("/proc", str(podman.inspect(name)["State"]["Pid"]), "status").read_text()
    caught = re.search(r"^SigCgt:\s(\w+)$", status, re.MULTILINE)
    assert caught is not None
    return bool(int(caught[1], 16) & 1 << (number - 1))
