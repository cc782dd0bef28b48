"""`groundswell coordinator`: comes up, says so, refuses what it must, and goes."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from contextlib import closing
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM, Signals
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc_health.v1 import health_pb2

from groundswell_coordinator.store.location import DATABASE
from tests.e2e.processes import eventually
from tests.e2e.service import serving
from tests.e2e.writing import arrivals, write_test
from tests.free_port import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Groundswell
    from tests.e2e.demo import Demo
    from tests.e2e.service import Service

_NEXT = "127.0.0.1:0"
_REQUESTS = "groundswell_http_reqs_total"


def _health(service: Service) -> int:
    with grpc.insecure_channel(service.address) as channel:
        ask = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        return ask(health_pb2.HealthCheckRequest(), timeout=10).status


def test_it_says_where_it_listens_and_answers_on_both_ports(groundswell: Groundswell) -> None:
    with serving(groundswell) as service:
        assert service.get("/healthz") == (200, "ok\n")
        assert service.get("/readyz") == (200, "ready\n")
        eventually(
            lambda: _health(service) == health_pb2.HealthCheckResponse.SERVING, 10, "serving"
        )
        assert service.metric("groundswell_ready") == 1
        assert service.metric("groundswell_generation") == 1
        assert service.metric("groundswell_agents", state="free") == 0
        said = service.running.stderr

    for word in (
        f"listening on {service.address}",
        f"groundswell agent --coordinator {service.address}",
        f"{service.http} serves /healthz",
        "generation 1",
    ):
        assert word in said
    assert service.running.stdout == ""


@pytest.mark.parametrize("number", [SIGTERM, SIGINT, SIGHUP])
def test_a_signal_ends_it_with_exit_0_and_without_its_port_file(
    groundswell: Groundswell, number: Signals
) -> None:
    with serving(groundswell) as service:
        service.running.signal(number)
        done = service.running.end()

    assert done.exit_code == 0, done
    assert "Traceback" not in done.stderr
    assert not (service.running.folder / "ports").exists()


def test_every_line_is_an_object_where_that_is_asked_for(groundswell: Groundswell) -> None:
    with serving(groundswell, "--log-format", "json") as service:
        service.running.signal(SIGTERM)
        done = service.running.end()

    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert len(lines) >= 4
    assert {line["level"] for line in lines} == {"info"}


def test_without_http_only_one_port_is_served(groundswell: Groundswell) -> None:
    words = ("--listen", _NEXT, "--http", "off", "--port-file", "{here}/ports")
    with groundswell.starting("coordinator", *words) as running:
        file = running.folder / "ports"
        eventually(file.exists, 30, "it listens")
        assert len(file.read_text().splitlines()) == 1
        running.signal(SIGTERM)
        assert running.end().exit_code == 0


def test_garbage_on_either_port_is_no_end_of_it(groundswell: Groundswell) -> None:
    garbage = bytes(range(256)) * 64
    with serving(groundswell) as service:
        for port in (service.address, service.http.removeprefix("http://")):
            for piece in (
                garbage,
                b"\0",
                b"GET / HTTP/1.1\r\n",
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            ):
                host, number = port.split(":")
                with socket.create_connection((host, int(number))) as connection:
                    connection.sendall(piece)
        assert service.get("/readyz") == (200, "ready\n")
        assert _health(service) == health_pb2.HealthCheckResponse.SERVING
        service.running.signal(SIGTERM)
        done = service.running.end()

    assert done.exit_code == 0
    assert "Traceback" not in done.stderr


# --- one coordinator to a store ------------------------------------------------------------------


def test_a_second_one_on_the_same_store_is_refused(groundswell: Groundswell) -> None:
    with serving(groundswell) as service:
        done = groundswell("coordinator", "--listen", _NEXT, "--http", "off")

        assert done.exit_code == 1, done
        assert f"process {service.running.process.pid} on" in done.stderr
        assert "hint: " in done.stderr
        assert service.get("/readyz") == (200, "ready\n")


def test_the_next_one_has_a_higher_generation_and_the_same_store(groundswell: Groundswell) -> None:
    stores: set[str] = set()
    for generation, number in enumerate((SIGKILL, SIGTERM, SIGTERM), start=1):
        with serving(groundswell) as service:
            assert service.metric("groundswell_generation") == generation
            (line,) = (line for line in service.running.stderr.splitlines() if " owns " in line)
            stores.add(line.partition("owns store ")[2].partition(",")[0])
            service.running.signal(number)
            service.running.end()
    assert len(stores) == 1


def test_one_whose_store_is_anothers_by_now_ends_with_a_reason(groundswell: Groundswell) -> None:
    with serving(groundswell) as service:
        with closing(sqlite3.connect(groundswell.home / DATABASE, timeout=10)) as database:
            database.execute("UPDATE ownership SET generation = 7, holder = 'another'")
            database.commit()
        done = service.running.end()

    assert done.exit_code == 1, done
    assert "belongs to another coordinator by now" in done.stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////no/such/folder/groundswell.db", "unable to open"),
        ("sqlite:////proc/version", "hint"),
        ("mongodb://localhost/x", "hint: for example"),
        ("nonsense", "hint: for example"),
    ],
)
def test_a_store_that_cannot_be_opened_is_an_error_with_a_hint(
    groundswell: Groundswell, url: str, said: str
) -> None:
    done = groundswell("coordinator", "--listen", _NEXT, "--http", "off", "--store", url)

    assert done.exit_code == 1, done
    assert done.stderr.splitlines()[0].startswith("error: ")
    assert said in done.stderr
    assert "hint: " in done.stderr


# --- ports ---------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_exit_106_with_a_way_out(groundswell: Groundswell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        there = f"127.0.0.1:{taken.getsockname()[1]}"
        grpc_side = groundswell("coordinator", "--listen", there, "--http", "off")
        http_side = groundswell("coordinator", "--listen", _NEXT, "--http", there)

    for done in (grpc_side, http_side):
        assert done.exit_code == 106, done
        assert f"error: cannot listen on {there}" in done.stderr
        assert "hint: " in done.stderr
        assert "Traceback" not in done.stderr
        # What grpc's own core has to say is of no use to anybody.
        assert "add_port" not in done.stderr


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "some.name:9700"])
def test_off_loopback_it_refuses_to_start(groundswell: Groundswell, listen: str) -> None:
    done = groundswell("coordinator", "--listen", listen, "--http", "off")

    assert done.exit_code == 104, done
    assert "anybody there could run tests" in done.stderr
    assert "--insecure" in done.stderr
    assert not groundswell.home.exists()


def test_unless_it_is_told_to_and_then_it_says_so(groundswell: Groundswell) -> None:
    with serving(groundswell, "--insecure", listen="0.0.0.0:0") as service:
        # It is said when all listen, and the ports are known a moment before.
        eventually(lambda: "INSECURE" in service.running.stderr, 10, "a warning")
        assert service.get("/readyz") == (200, "ready\n")


def test_probes_may_come_from_anywhere(groundswell: Groundswell) -> None:
    http = f"0.0.0.0:{free_port()}"
    with groundswell.starting("coordinator", "--listen", _NEXT, "--http", http) as running:
        eventually(lambda: "listening on" in running.stderr, 30, "it listens")
        running.signal(SIGTERM)
        assert running.end().exit_code == 0


# --- runs ----------------------------------------------------------------------------------------


def test_a_run_goes_on_under_the_next_coordinator_and_metrics_follow_it(
    groundswell: Groundswell, demo: Demo, tmp_path: Path
) -> None:
    test = write_test(tmp_path, demo.url, {"load": arrivals("50/s", "8s")})
    agents = ("--workers", "2", "--name", "box")
    # Within which the successor is back, also on a busy machine.
    lease = ("--lease", "20s")
    with serving(groundswell, *lease) as service:
        there = service.address
        with (
            groundswell.starting("agent", "--coordinator", there, *agents),
            groundswell.starting_run(test, "--coordinator", there, agents=2) as running,
        ):
            eventually(lambda: (service.metric(_REQUESTS) or 0) >= 100, 30, "two seconds of it")
            assert service.metric("groundswell_run_planned_rate", test="e2e") == 50
            assert service.metric("groundswell_agents", state="busy") == 2
            service.running.signal(SIGTERM)
            assert service.running.end().exit_code == 0

            with serving(groundswell, *lease, listen=there) as successor:
                ran = running.end_of_run()
                assert successor.metric("groundswell_generation") == 2
                assert successor.metric(_REQUESTS) is None
                successor.wait_for_agents(2)
                log = successor.running.stderr

    assert (ran.exit_code, ran.summary.verdict) == (0, "PASS"), ran
    load = ran.summary.scenarios["load"]
    assert (load.planned, load.fired, load.dropped, load.unknown) == (400, 400, {}, 0)
    assert ran.count("http_reqs") == demo.requests() == 400
    assert f"run {ran.summary.run} is taken up again" in log
    assert f"run {ran.summary.run} has ended with exit code 0" in log


def test_a_second_signal_ends_it_while_it_waits(groundswell: Groundswell) -> None:
    """Here for whoever holds the lock of its database."""
    groundswell.home.mkdir()
    with serving(groundswell) as service:
        service.running.signal(SIGTERM)
        service.running.end()
    with closing(sqlite3.connect(groundswell.home / DATABASE, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        with groundswell.starting("coordinator", "--listen", _NEXT, "--http", _NEXT) as running:
            eventually(lambda: "serves /healthz" in running.stderr, 30, "it has begun")
            running.signal(SIGTERM)
            time.sleep(0.2)
            running.signal(SIGTERM)
            done = running.end()

    assert done.exit_code == 105, done
