"""The rendered manifests, run: what a cluster would start does what docs/pool.md promises."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.containers.pool import ADDRESS, AGENTS, MAX_VUS, running_pool
from tests.e2e.pool.accounts import assert_adds_up, assert_whole
from tests.e2e.processes import eventually

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.containers.image import Image
    from tests.containers.podman import Podman
    from tests.containers.pool import Pool
    from tests.e2e.commands import Ran

_RATE = 100


def _assert_whole(pool: Pool, ran: Ran, planned: int) -> None:
    assert assert_whole(ran, planned) == pool.nginx.requests()


def test_a_run_through_the_pool_is_what_the_target_has_seen(patient_pool: Pool) -> None:
    pool = patient_pool
    ran = pool.steady(_RATE, 5).end_of_run()

    _assert_whole(pool, ran, _RATE * 5)
    assert [agent.name for agent in ran.summary.agents] == [pod.name for pod in pool.agents]


def test_pods_find_each_other_by_the_names_of_services(pool: Pool) -> None:
    look_up = "import socket, sys; print(socket.gethostbyname(sys.argv[1]))"
    for end in ("", ".groundswell", ".groundswell.svc.cluster.local"):
        name = ADDRESS.split(":")[0] + end
        done = pool.agents[0].run("python", "-c", look_up, name)
        assert done.stdout.strip() == pool.coordinator.address, done


def test_pods_run_as_their_manifests_say(pool: Pool) -> None:
    agent = pool.agents[0]
    asked = {
        "id -u; id -g": "65532\n65532\n",
        "hostname": f"{agent.name}\n",
        "touch /opt/x 2>&1 || true": "touch: cannot touch '/opt/x': Read-only file system\n",
        "touch /tmp/x /var/lib/groundswell/x && echo written": "written\n",
        "grep -h ^CapEff /proc/1/status": "CapEff:\t0000000000000000\n",
        "grep -h ^NoNewPrivs /proc/1/status": "NoNewPrivs:\t1\n",
        "cat /proc/sys/net/ipv4/ip_local_port_range": "1024\t65535\n",
        "grep -o ndots:2 /etc/resolv.conf": "ndots:2\n",
    }
    for script, said in asked.items():
        done = agent.run("sh", "-c", script)
        assert done.stdout == said, (script, done)
    memory = agent.podman.inspect(agent.container)["HostConfig"]["Memory"]
    assert memory == 2**30


def test_an_agent_that_is_told_to_leave_drains(patient_pool: Pool) -> None:
    pool = patient_pool
    client = pool.steady(_RATE, 8)
    pool.wait_for_load(2 * _RATE)
    assert pool.agents[1].stop() == 0
    ran = client.end_of_run()

    _assert_whole(pool, ran, _RATE * 8)
    assert [agent for agent, _ in pool.stored().handovers] == [pool.agents[1].name]


def test_the_share_of_an_agent_that_is_killed_moves(pool: Pool) -> None:
    client = pool.steady(_RATE, 14)
    pool.wait_for_load(2 * _RATE)
    pool.agents[1].kill()
    ran = client.end_of_run()

    _assert_lost(pool, ran, _RATE * 14)
    assert pool.agents[1].exit_code() == 137


def test_a_run_survives_an_agent_that_is_cut_off(pool: Pool) -> None:
    client = pool.steady(_RATE, 14)
    pool.wait_for_load(2 * _RATE)
    pool.agents[1].cut_off()
    eventually(lambda: not pool.agents[1].is_ready(), 60, "it is ready no longer")
    ran = client.end_of_run()
    pool.agents[1].heal()

    _assert_lost(pool, ran, _RATE * 14)
    pool.wait_until_ready(pool.agents[1])


def _assert_lost(pool: Pool, ran: Ran, planned: int) -> None:
    """One of three was, and the others have taken its share over."""
    account = assert_adds_up(ran, planned)
    ((agent, boundary_s),) = pool.stored().handovers
    assert agent == pool.agents[1].name
    assert list(pool.stored().lost) == [agent]
    # No more than its share until others had it, and the arrival on the boundary.
    lost = account.dropped.get("agent_lost", 0) + account.unknown
    assert 0 < lost <= _RATE / len(pool.agents) * boundary_s + 1, ran
    ours = round(ran.count("http_reqs"))
    assert 0 <= pool.nginx.requests() - ours <= account.unknown + account.fired - ours, ran


def test_a_coordinator_that_is_killed_goes_on_from_its_volume(patient_pool: Pool) -> None:
    pool = patient_pool
    client = pool.steady(_RATE, 10)
    pool.wait_for_load(2 * _RATE)
    pool.coordinator.kill()
    pool.coordinator.exit_code()
    pool.coordinator.start()
    ran = client.end_of_run()

    _assert_whole(pool, ran, _RATE * 10)
    assert list(pool.stored().lost) == []


def test_a_coordinator_that_is_told_to_end_ends_and_leaves_the_run_to_the_next(
    patient_pool: Pool,
) -> None:
    pool = patient_pool
    client = pool.steady(_RATE, 10)
    pool.wait_for_load(2 * _RATE)
    assert pool.coordinator.stop() == 0
    pool.coordinator.start()
    ran = client.end_of_run()

    _assert_whole(pool, ran, _RATE * 10)


def test_fifty_containers_of_agents_attach(
    podman: Podman, image: Image, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_pool(podman, image, tmp_path, agents=1) as pool:
        workload = pool.workload(AGENTS)
        (one,) = pool.cluster.create(workload, 1)
        one.start()
        begin = time.monotonic()
        pool.wait_until_ready(one)
        ready_s = time.monotonic() - begin

        fifty = pool.cluster.create(workload, 50)
        begin = time.monotonic()
        podman("start", *(pod.container for pod in fifty))
        started_s = time.monotonic() - begin
        eventually(lambda: pool.free_agents() == 52, 120, "all are attached")
        attached_s = time.monotonic() - begin
        pool.wait_until_ready(*fifty)
        ran = pool.steady(MAX_VUS, 5).end_of_run()

        # Two cores for fifty-two agents are late, and say so: what counts is that all is accounted for.
        account = assert_adds_up(ran, MAX_VUS * 5)
        assert account.unknown == 0, ran
        assert account.fired == ran.count("http_reqs") == pool.nginx.requests(), ran
        assert len(ran.summary.agents) == 52
    with capsys.disabled():
        print(f"\nan agent is ready {ready_s:.1f} s after its container has started", end="")
        print(
            f"; fifty are after {attached_s:.1f} s, of which podman starts them for {started_s:.1f}"
        )
