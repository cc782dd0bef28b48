"""`groundswell agent --workers N`: several agents and the process that keeps them."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from signal import SIGINT, SIGKILL, SIGTERM, Signals
from typing import TYPE_CHECKING

import grpc
import pytest

from groundswell.cores import usable_cores
from tests.e2e.processes import eventually
from tests.e2e.service import serving
from tests.e2e.writing import users, write_test
from tests.free_port import free_port

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.e2e.commands import Groundswell, Running
    from tests.e2e.demo import Demo
    from tests.e2e.service import Service

# Nobody listens there.
_NOWHERE = "127.0.0.1:9"


@contextmanager
def _pair(groundswell: Groundswell) -> Generator[tuple[Service, Running]]:
    """Two workers, attached."""
    with serving(groundswell) as service:
        words = ("--coordinator", service.address, "--workers", "2", "--name", "box")
        with groundswell.starting("agent", *words) as agents:
            service.wait_for_agents(2)
            yield service, agents


def _listed(groundswell: Groundswell, service: Service) -> list[dict[str, object]]:
    done = groundswell("agents", "--coordinator", service.address, "--json")
    assert done.exit_code == 0, done
    listed: list[dict[str, object]] = json.loads(done.stdout)
    return listed


def test_they_may_be_there_before_their_coordinator(groundswell: Groundswell) -> None:
    there = f"127.0.0.1:{free_port()}"
    words = ("--coordinator", there, "--workers", "2", "--name", "box")
    with groundswell.starting("agent", *words) as agents:
        eventually(lambda: f"no stream to {there}" in agents.stderr, 30, "an attempt")
        with serving(groundswell, listen=there) as service:
            service.wait_for_agents(2)
            agents.signal(SIGTERM)
            done = agents.end()

    assert done.exit_code == 0, done
    assert "Traceback" not in done.stderr


def test_each_has_its_number_and_all_have_the_labels_and_the_weight(
    groundswell: Groundswell,
) -> None:
    with serving(groundswell) as service:
        words = ["--coordinator", service.address, "--workers", "2", "--name", "box"]
        words += ["--label", "zone=a", "--label", "size=a b=c", "--weight", "3"]
        with groundswell.starting("agent", *words):
            service.wait_for_agents(2)
            listed = _listed(groundswell, service)

    assert [agent["name"] for agent in listed] == ["box-1", "box-2"]
    assert [agent["labels"] for agent in listed] == [{"zone": "a", "size": "a b=c"}] * 2
    assert [agent["weight"] for agent in listed] == [3, 3]


@pytest.mark.parametrize("workers", [(), ("--workers", "1")])
def test_one_is_the_process_itself_and_has_the_name_as_it_is(
    groundswell: Groundswell, workers: tuple[str, ...]
) -> None:
    if not workers and usable_cores() == 1:
        pytest.skip("auto is 1 here")
    count = usable_cores() if not workers else 1
    with serving(groundswell) as service:
        words = ("--coordinator", service.address, *workers)
        with groundswell.starting("agent", *words) as agents:
            service.wait_for_agents(count)
            names = [agent["name"] for agent in _listed(groundswell, service)]
            host = socket.gethostname()
            numbered = [f"{host}-{number}" for number in range(1, count + 1)]
            assert names == (numbered if count > 1 else [host])
            agents.signal(SIGTERM)
            assert agents.end().exit_code == 0


@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
def test_a_signal_makes_all_of_them_leave_and_is_exit_0(
    groundswell: Groundswell, number: Signals
) -> None:
    with _pair(groundswell) as (service, agents):
        agents.signal(number)
        done = agents.end()

        assert done.exit_code == 0, done
        assert "Traceback" not in done.stderr
        service.wait_for_agents(0)
        assert groundswell.agents() == {}


def test_one_that_is_killed_is_started_anew_and_the_other_stays(groundswell: Groundswell) -> None:
    with _pair(groundswell) as (service, agents):
        before = groundswell.agents()
        before["box-2"].kill()
        eventually(lambda: "box-2 has ended (SIGKILL): again in" in agents.stderr, 20, "a line")
        eventually(lambda: "box-2" in groundswell.agents(), 20, "another box-2")
        service.wait_for_agents(2)

        after = groundswell.agents()
        assert after["box-1"].pid == before["box-1"].pid
        assert after["box-2"].pid != before["box-2"].pid


def test_none_outlives_a_parent_that_is_killed(groundswell: Groundswell) -> None:
    with _pair(groundswell) as (service, agents):
        agents.signal(SIGKILL)
        agents.end()

        eventually(lambda: not groundswell.agents(), 10, "no agents")
        service.wait_for_agents(0)


def test_a_second_signal_ends_those_that_are_still_busy_at_once(
    groundswell: Groundswell, demo: Demo, tmp_path: Path
) -> None:
    """Of a run whose iterations may take long to end."""
    scenarios = {"load": users(4, "60s", "/slow?ms=20000", graceful_stop="50s")}
    test = write_test(tmp_path, demo.url, scenarios)
    with _pair(groundswell) as (service, agents):
        words = ("--coordinator", service.address, "--agents", "2", "-d")
        done = groundswell("run", test, *words)
        assert done.exit_code == 0, done
        demo.wait_for_load(4)

        agents.signal(SIGTERM)
        # Its iterations would have fifty seconds.
        time.sleep(1.0)
        assert agents.process.poll() is None
        agents.signal(SIGTERM)
        ended = agents.end(within_s=20)

        assert ended.exit_code == 105, ended
        assert groundswell.agents() == {}


def test_where_they_are_refused_all_of_them_leave_and_say_so(groundswell: Groundswell) -> None:
    """By a server that knows no agents: trying again would change nothing."""
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        words = ("--coordinator", f"127.0.0.1:{port}", "--workers", "3", "--name", "box")
        done = groundswell("agent", *words)
    finally:
        server.stop(grace=0).wait()

    assert done.exit_code == 106, done
    assert f"127.0.0.1:{port} refuses this agent" in done.stderr
    assert "was refused, and so would the others be" in done.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_one_that_never_attached_leaves_at_once(groundswell: Groundswell, workers: str) -> None:
    words = ("--coordinator", _NOWHERE, "--workers", workers)
    with groundswell.starting("agent", *words) as agents:
        eventually(lambda: agents.stderr.count("no stream to") >= int(workers), 30, "attempts")
        agents.signal(SIGTERM)
        done = agents.end()

    assert done.exit_code == 0, done


def test_every_line_of_every_process_is_an_object_where_that_is_asked_for(
    groundswell: Groundswell,
) -> None:
    words = ("--coordinator", _NOWHERE, "--workers", "2", "--name", "box", "--log-format", "json")
    with groundswell.starting("agent", *words) as agents:
        eventually(lambda: agents.stderr.count("no stream to") >= 2, 30, "attempts")
        agents.signal(SIGTERM)
        done = agents.end()

    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {line["agent"] for line in lines} >= {"box-1", "box-2"}
