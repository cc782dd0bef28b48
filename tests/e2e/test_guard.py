"""What agents do not load, as people see it. Nothing outside this machine is connected to."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from textwrap import dedent
from typing import TYPE_CHECKING, cast

from tests.e2e.service import serving
from tests.e2e.writing import iterations, write_test
from tests.threaded import threaded

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.e2e.commands import Groundswell
    from tests.nginx_server import NginxServer

# Of documentation (RFC 5737): nobody has it.
_NOBODYS = "203.0.113.9"
_TEST = """
test: shop
target: http://{host}
scenarios:
  a: {{executor: constant-vus, vus: 1, duration: 1s, steps: [{{get: /}}]}}
"""


def test_a_pool_refuses_what_it_does_not_load_and_says_what_would_allow_it(
    groundswell: Groundswell, tmp_path: Path
) -> None:
    file = tmp_path / "shop.yaml"
    with serving(groundswell) as service:
        words = ("--coordinator", service.address, "--workers", "2", "--name", "pod")
        with groundswell.starting("agent", *words, "--allow-target", "127.0.0.2"):
            service.wait_for_agents(2)
            for host in (_NOBODYS, "127.0.0.1:9"):
                file.write_text(_TEST.format(host=host))
                done = groundswell("run", file, "--coordinator", service.address)

                address = host.partition(":")[0]
                assert done.exit_code == 104, done
                assert f"refused its share: it does not load {address}" in done.stderr
                assert f"start it with --allow-target {address}" in done.stderr


_FAST = """
test: fast
target: {target}
scenarios:
  a: {{executor: constant-arrival-rate, rate: {rate}/s, max_vus: 10, duration: 1s, steps: [{{get: /}}]}}
"""


def test_a_share_that_is_more_than_an_agent_carries_is_refused_before_the_agent_hears_of_it(
    groundswell: Groundswell, tmp_path: Path, nginx: NginxServer
) -> None:
    file = tmp_path / "fast.yaml"
    before = nginx.requests()
    with serving(groundswell) as service:
        words = ("--coordinator", service.address, "--workers", "2", "--name", "pod")
        with groundswell.starting("agent", *words, "--max-rate", "20/s", "--max-vus", "5"):
            service.wait_for_agents(2)
            pool = ("--coordinator", service.address, "--agents", "2")
            listed = groundswell("agents", "--coordinator", service.address).stdout
            assert listed.count("20/s, 5 VUs") == 2

            file.write_text(_FAST.format(target=nginx.url, rate=41))
            done = groundswell("run", file, *pool)
            assert done.exit_code == 104, done
            assert 'agent "pod-1" starts at most 20/s, its share is 20.5/s' in done.stderr
            assert "start it with --max-rate 20.5/s, or use more agents" in done.stderr
            assert "refused its share" not in done.stderr

            searched = ("--from", "10/s", "--to", "80/s", "--hold", "1s")
            file.write_text(file.read_text() + "thresholds: {http_req_failed: rate < 1%}\n")
            done = groundswell("capacity", file, *searched, *pool)
            assert done.exit_code == 104, done
            assert "starts at most 20/s, its share is 40/s and has at most 5 VUs" in done.stderr
            assert "--max-rate 40/s --max-vus 10, or lower --to or use more agents" in done.stderr

            assert nginx.requests() == before
            file.write_text(_FAST.format(target=nginx.url, rate=40))
            done = groundswell("run", file, *pool)
            assert done.exit_code == 0, done
            assert nginx.requests() == before + 40


def test_a_limit_that_allows_nothing_is_a_wrong_usage(groundswell: Groundswell) -> None:
    for words in (("--max-rate", "0/s"), ("--max-rate", "20"), ("--max-vus", "0")):
        done = groundswell("agent", "--coordinator", "127.0.0.1:9", *words)
        assert done.exit_code == 2, done


def test_that_a_test_names_a_special_address_is_not_enough(
    groundswell: Groundswell, tmp_path: Path
) -> None:
    file = tmp_path / "shop.yaml"
    # As link-local ones are, but nothing is there on any machine if this ever failed.
    file.write_text(_TEST.format(host="240.0.0.1"))

    done = groundswell("run", file, "--agents", "1")

    assert done.exit_code == 104, done
    assert "run it with --allow-target 240.0.0.1" in done.stderr


def test_a_pattern_that_is_none_is_a_wrong_usage(groundswell: Groundswell) -> None:
    done = groundswell("agent", "--coordinator", "127.0.0.1:9", "--allow-target", "10.0.0.1/8")

    assert done.exit_code == 2, done
    assert "'10.0.0.1/8' is no pattern of targets" in done.stderr


class _Target(ThreadingHTTPServer):
    """Answers 302 to `leads_to`, or 200; counts what it is asked."""

    def __init__(self, host: str, leads_to: str | None = None) -> None:
        super().__init__((host, 0), _Answer)
        self.leads_to = leads_to
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _target(self) -> _Target:
        return cast("_Target", self.server)

    def setup(self) -> None:
        self._target.connections += 1
        super().setup()

    def do_GET(self) -> None:  # as http.server wants it
        leads_to = self._target.leads_to
        self.send_response(200 if leads_to is None else 302)
        if leads_to is not None:
            self.send_header("Location", leads_to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        pass


@contextmanager
def _targets() -> Generator[tuple[_Target, _Target]]:
    """One that is allowed, and leads to one that is not: an address of this machine, too."""
    forbidden = _Target("127.0.0.2")
    allowed = _Target("127.0.0.1", f"{forbidden.url}/x")
    with threaded(forbidden), threaded(allowed):
        yield allowed, forbidden


def test_neither_a_redirect_nor_a_function_gets_an_agent_to_a_host_that_it_does_not_load(
    groundswell: Groundswell, tmp_path: Path
) -> None:
    with _targets() as (allowed, forbidden), serving(groundswell) as service:
        redirected = write_test(tmp_path, allowed.url, {"load": iterations(4)})
        function = tmp_path / "function.py"
        function.write_text(
            dedent(f"""
            from groundswell import Test, VU, shared_iterations

            test = Test("function", target="{allowed.url}")

            @test.scenario(shared_iterations(4, vus=2))
            async def load(vu: VU) -> None:
                await vu.http.get("{forbidden.url}/y", name="y")
            """)
        )
        pool = ("--coordinator", service.address)
        with groundswell.starting("agent", *pool, "--workers", "1", "--allow-target", "127.0.0.1"):
            service.wait_for_agents(1)
            for test, followed in ((redirected, 4), (function, 0)):
                ran = groundswell.run(test, *pool)

                assert ran.exit_code == 0, ran
                errors = {one.error: one.count for one in ran.summary.errors}
                assert errors == {"guard": 4}, ran
                assert ran.count("http_reqs") == 4 + followed
            assert allowed.connections > 0
            assert forbidden.connections == 0
