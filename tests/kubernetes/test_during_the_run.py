"""What happens to pods, forward and client while a run is under way."""

from __future__ import annotations

import signal
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.e2e.processes import eventually
from tests.e2e.writing import arrivals, write_test
from tests.free_port import free_port

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.e2e.commands import Groundswell, Running
    from tests.e2e.demo import Demo
    from tests.kubernetes.local_cluster import LocalCluster

_JOB = "batch.kubernetes.io/job-completion-index"


def _test(folder: Path, demo: Demo, for_: str) -> Path:
    return write_test(folder, demo.url, {"load": arrivals("20/s", for_)})


class Loading(Protocol):
    """A run in pods for so long, once the target has had so many requests of it."""

    def __call__(
        self, for_: str, requests: int, *words: str, agents: int = 1
    ) -> AbstractContextManager[Running]: ...


@pytest.fixture
def loading(groundswell: Groundswell, cluster: LocalCluster, demo: Demo, tmp_path: Path) -> Loading:
    @contextmanager
    def loading(for_: str, requests: int, *words: str, agents: int = 1) -> Generator[Running]:
        test = _test(tmp_path, demo, for_)
        words = ("--kubernetes", *words)
        run = groundswell.starting_run(test, *words, agents=agents, env=cluster.environment)
        with run as running:
            demo.wait_for_load(requests, within_s=40)
            yield running

    return loading


def _indices(cluster: LocalCluster) -> list[str]:
    """Of every agent's pod that the Job has made."""
    pods = [one for one in cluster.store.created if one["kind"] == "Pod"]
    return [
        one["metadata"]["annotations"][_JOB]
        for one in pods
        if _JOB in one["metadata"]["annotations"]
    ]


def _agent(cluster: LocalCluster) -> dict[str, Any]:
    return min(cluster.pods("agent"), key=lambda pod: pod["metadata"]["name"])


@pytest.mark.slow
def test_a_drained_agent_hands_over_and_the_job_makes_another(
    loading: Loading, cluster: LocalCluster, demo: Demo
) -> None:
    with loading("6s", 20, agents=2) as running:
        pod = _agent(cluster)
        pod["status"]["conditions"].append({"type": "DisruptionTarget", "status": "True"})
        cluster.do(lambda: cluster.store.delete("pods", pod["metadata"]["name"]))
        ran = running.end_of_run()
    assert ran.exit_code == 0, ran
    assert ran.count("http_reqs") == demo.requests() == 120
    assert sorted(_indices(cluster)) == ["0", "0", "1"]
    assert cluster.names() == set()


@pytest.mark.slow
def test_a_killed_agents_share_moves_and_its_replacement_is_there(
    loading: Loading, cluster: LocalCluster, demo: Demo
) -> None:
    with loading("10s", 20, agents=2) as running:
        name = _agent(cluster)["metadata"]["name"]
        cluster.do(lambda: cluster.node.containers[name].signal(signal.SIGKILL))
        ran = running.end_of_run()
    assert f"pod {name} has ended: Error, exit 137" in ran.stderr
    assert "agent_lost" in ran.stderr
    assert sorted(_indices(cluster)) == ["0", "0", "1"]
    # The survivor has had both shares at the end.
    assert demo.requests() > 100
    assert cluster.names() == set()


@pytest.mark.slow
def test_a_forward_that_breaks_disturbs_no_run(
    loading: Loading, cluster: LocalCluster, demo: Demo, groundswell: Groundswell
) -> None:
    with loading("6s", 10) as running:
        (forward,) = [one for one in groundswell.processes() if "port-forward" in one.arguments]
        forward.kill()
        ran = running.end_of_run()
    assert ran.exit_code == 0, ran
    assert ran.count("http_reqs") == demo.requests() == 120
    assert "the coordinator is back" in ran.stderr
    assert cluster.names() == set()


@pytest.mark.slow
def test_ctrl_c_stops_the_run_and_removes_it(
    loading: Loading, cluster: LocalCluster, demo: Demo
) -> None:
    with loading("1m", 10) as running:
        running.signal(signal.SIGINT)
        ran = running.end_of_run()
    assert ran.exit_code == 105, ran
    assert ran.count("http_reqs") == demo.requests()
    assert cluster.names() == set()


@pytest.mark.slow
def test_a_client_that_is_killed_leaves_nothing_for_ever(
    loading: Loading, cluster: LocalCluster, demo: Demo, groundswell: Groundswell
) -> None:
    with loading("4s", 10) as running:
        running.signal(signal.SIGKILL)
        running.end()
    # Its forward goes with it; the run goes on to its end.
    groundswell.assert_nothing_is_left(within_s=5.0)
    demo.wait_for_load(80, within_s=20)
    (job,) = cluster.do(lambda: cluster.store.of("jobs"))
    assert {name.partition("/")[0] for name in cluster.names()} == {
        "jobs",
        "pods",
        "services",
        "secrets",
    }
    # Its deadline, and what comes after ttlSecondsAfterFinished.
    cluster.do(lambda: cluster.jobs.fail(job, "DeadlineExceeded"))
    cluster.do(lambda: cluster.store.remove("jobs", job["metadata"]["name"]))
    eventually(lambda: cluster.names() == set(), 20, "the garbage collector's work")


@pytest.mark.slow
def test_a_coordinator_whose_container_dies_comes_back_with_its_store(
    loading: Loading, cluster: LocalCluster, demo: Demo
) -> None:
    with loading("10s", 40, "--agents-per-pod", "2", agents=2) as running:
        (pod,) = cluster.pods("coordinator")
        name = pod["metadata"]["name"]
        cluster.do(lambda: cluster.node.containers[name].signal(signal.SIGKILL))
        ran = running.end_of_run()
    # One machine starts it anew as fast as it can: within the lease, or not.
    assert ran.exit_code in (0, 96), ran
    assert ran.count("http_reqs") == demo.requests()
    log = (cluster.folder / "pods" / name / "log").read_text()
    assert "generation 1" in log
    assert "generation 2" in log
    assert _indices(cluster) == ["0"]
    assert cluster.names() == set()


@pytest.mark.slow
def test_a_coordinator_that_is_reached_by_its_own_address_needs_no_kubectl(
    groundswell: Groundswell, cluster: LocalCluster, demo: Demo, tmp_path: Path
) -> None:
    cluster.node.fixed[9700] = port = free_port()
    del cluster.api.rights["", "pods/portforward"]
    (cluster.folder / "bin" / "kubectl").unlink()
    words = ("--kubernetes", "--coordinator", f"localhost:{port}")
    env = {**cluster.environment, "PATH": str(tmp_path)}
    ran = groundswell.run(_test(tmp_path, demo, "1s"), *words, env=env)
    assert ran.exit_code == 0, ran
    assert f"on 1 agent of localhost:{port}" in ran.stderr
    assert cluster.names() == set()


@pytest.mark.slow
@pytest.mark.soak
def test_a_coordinator_whose_pod_is_evicted_is_not_waited_for(
    groundswell: Groundswell, cluster: LocalCluster, demo: Demo, tmp_path: Path
) -> None:
    run = groundswell.starting(
        *("run", _test(tmp_path, demo, "2m"), "--kubernetes"), env=cluster.environment
    )
    with run as running:
        demo.wait_for_load(10, within_s=40)
        (pod,) = cluster.pods("coordinator")
        cluster.do(lambda: cluster.store.delete("pods", pod["metadata"]["name"]))
        done = running.end()
    assert done.exit_code == 106, done
    assert "the coordinator's pod is gone, and the run with it" in done.stderr
    # An agent that nobody acknowledges anything takes its time, which the cluster limits.
    assert {name.partition("/")[0] for name in cluster.names()} <= {"pods"}


@pytest.mark.slow
@pytest.mark.soak
def test_a_login_that_expires_during_the_run_does_not_end_it(
    loading: Loading, cluster: LocalCluster, demo: Demo
) -> None:
    with loading("5s", 10) as running:
        cluster.api.rights.clear()
        cluster.do(lambda: [task.cancel() for task in cluster.api.watching])
        ran = running.end_of_run()
    assert ran.exit_code == 0, ran
    assert ran.count("http_reqs") == demo.requests() == 100
    assert "its pods are not watched any more: you may not" in ran.stderr
    assert "remove it: kubectl delete job groundswell-" in ran.stderr
