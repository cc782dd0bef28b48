"""What agents do not load, as people see it. Nothing outside this machine is connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.service import serving

if TYPE_CHECKING:
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
