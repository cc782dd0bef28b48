"""What a cluster does instead of giving a run its pods: told in words, with an exit code, and nothing left."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.e2e.processes import eventually
from tests.e2e.writing import arrivals, write_test
from tests.kubernetes.local_cluster import FOREIGN_IMAGE, NAMESPACE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Finished, Groundswell
    from tests.kubernetes.local_cluster import LocalCluster


class Run(Protocol):
    """`run --kubernetes --agents 2` with more words, from its start to its end."""

    def __call__(self, *words: str, **env: str) -> Finished: ...


@pytest.fixture
def test_file(tmp_path: Path) -> Path:
    # Never reached by any of these.
    return write_test(tmp_path, "http://127.0.0.1:9", {"load": arrivals("1/s", "1s")})


@pytest.fixture
def run(groundswell: Groundswell, cluster: LocalCluster, test_file: Path) -> Run:
    def run(*words: str, **env: str) -> Finished:
        run = ("run", test_file, "--kubernetes", "--agents", "2")
        return groundswell(*run, *words, env={**cluster.environment, **env})

    return run


def _quota(cluster: LocalCluster, pods: int, **spec: object) -> None:
    hard = {"pods": str(pods)}
    one = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "team", "namespace": NAMESPACE},
        "spec": {"hard": hard, **spec},
        "status": {"hard": hard, "used": {"pods": "0"}},
    }
    cluster.do(lambda: cluster.store.create("resourcequotas", one))


def _is_empty(cluster: LocalCluster) -> bool:
    left = {name for name in cluster.names() if not name.startswith(("resourcequotas/", "events/"))}
    return left == set()


def test_ctrl_c_while_pods_wait_for_a_node_removes_them(
    groundswell: Groundswell, cluster: LocalCluster, test_file: Path
) -> None:
    # Room for the coordinator alone.
    cluster.node.cores = 0.6
    run = ("run", test_file, "--kubernetes", "--agents", "2")
    with groundswell.starting(*run, env=cluster.environment) as running:
        said = "0/2 agents ready, 2 pending: Insufficient cpu"
        eventually(lambda: said in running.stderr, 30, "what it waits for")
        running.signal(signal.SIGINT)
        done = running.end()
    assert done.exit_code == 105, done
    assert "interrupted before the load" in done.stderr
    assert _is_empty(cluster)


def test_an_image_that_nobody_has_ends_it_at_once(run: Run, cluster: LocalCluster) -> None:
    done = run("--image", "registry.invalid/groundswell:1")
    assert done.exit_code == 102, done
    assert (
        'ImagePullBackOff: Back-off pulling image: failed to pull "registry.invalid' in done.stderr
    )
    assert "hint: --image names one that the nodes can pull" in done.stderr
    assert _is_empty(cluster)


def test_who_may_not_make_secrets_is_told_so_and_what_was_made_is_removed(
    run: Run, cluster: LocalCluster
) -> None:
    cluster.api.rights["", "secrets"] = frozenset()
    done = run()
    assert done.exit_code == 106, done
    assert "you may not create secrets in namespace load: secrets is forbidden" in done.stderr
    assert "hint: docs/kubernetes.md has the Role" in done.stderr
    assert [one["kind"] for one in cluster.store.created if one["kind"] != "Pod"] == ["Job"]
    assert _is_empty(cluster)
    assert "could not remove" not in done.stderr


def test_a_quota_without_room_is_seen_before_anything_is_created(
    run: Run, cluster: LocalCluster
) -> None:
    _quota(cluster, 2)
    done = run()
    assert done.exit_code == 102, done
    assert "quota team has no room: the run needs 3 of pods, 2 of 2 are left" in done.stderr
    assert [one["kind"] for one in cluster.store.created] == ["ResourceQuota"]


@pytest.mark.slow
def test_a_quota_that_only_the_cluster_understands_is_told_when_it_refuses(
    run: Run, cluster: LocalCluster
) -> None:
    _quota(cluster, 2, scopes=["NotTerminating"])
    done = run()
    assert done.exit_code == 102, done
    assert "exceeded quota: team" in done.stderr
    assert _is_empty(cluster)


@pytest.mark.slow
def test_containers_that_crash_are_told_with_their_last_words(
    run: Run, cluster: LocalCluster
) -> None:
    done = run("--image", FOREIGN_IMAGE)
    assert done.exit_code == 102, done
    assert "exit 1: what is an agent?" in done.stderr
    assert "hint: is --image one of this version of groundswell?" in done.stderr
    assert _is_empty(cluster)


@pytest.mark.slow
def test_pods_that_do_not_come_in_time_are_given_up(run: Run, cluster: LocalCluster) -> None:
    cluster.node.cores = 0.6
    done = run("--wait", "2s")
    assert done.exit_code == 102, done
    assert "after 2 s: 0/2 agents ready, 2 pending: Insufficient cpu" in done.stderr
    assert _is_empty(cluster)


@pytest.mark.slow
def test_an_api_server_that_breaks_in_between_leaves_nothing(
    run: Run, cluster: LocalCluster
) -> None:
    cluster.api.broken["Pod"] = 500
    done = run()
    assert done.exit_code == 106, done
    assert "the API server answers 500" in done.stderr
    assert _is_empty(cluster)


@pytest.mark.slow
def test_what_cannot_be_removed_is_named_with_the_command_that_does(
    run: Run, cluster: LocalCluster
) -> None:
    cluster.api.rights["batch", "jobs"] = frozenset({"create"})
    cluster.node.cores = 0.6
    done = run("--wait", "1s")
    assert done.exit_code == 102, done
    (job,) = cluster.do(lambda: [one["metadata"]["name"] for one in cluster.store.of("jobs")])
    assert f"remove it: kubectl delete job {job} --namespace load" in done.stderr
    cluster.do(lambda: cluster.store.remove("jobs", job))
    eventually(lambda: _is_empty(cluster), 10, "the garbage collector's work")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--namespace", "elsewhere"), 106, "in namespace elsewhere"),
        (("--context", "mars"), 104, "Context 'mars' not found"),
        (("--detach",), 2, "--detach"),
        (("--selector", "a=b"), 2, "--node-selector?"),
        (("--namespace", "No"), 2, "names no namespace"),
    ],
)
def test_options_that_cannot_be(run: Run, words: tuple[str, ...], code: int, said: str) -> None:
    done = run(*words)
    assert (done.exit_code, said in done.stderr) == (code, True), done


def test_options_of_a_cluster_want_one(groundswell: Groundswell, test_file: Path) -> None:
    done = groundswell("run", test_file, "--namespace", "load")
    assert done.exit_code == 2
    assert "--namespace goes with --kubernetes." in done.stderr


@pytest.mark.slow
def test_without_kubectl_it_says_what_to_do(
    run: Run, cluster: LocalCluster, tmp_path: Path
) -> None:
    done = run(PATH=str(tmp_path))
    assert done.exit_code == 104, done
    assert "there is no kubectl on PATH" in done.stderr
    assert cluster.store.created == []


@pytest.mark.slow
def test_a_cluster_that_is_not_there(run: Run, cluster: LocalCluster) -> None:
    text = cluster.kubeconfig.read_text()
    port = text.partition("127.0.0.1:")[2].split()[0]
    cluster.kubeconfig.write_text(text.replace(f":{port}", ":9"))
    done = run()
    assert done.exit_code == 106, done
    assert "the API server does not answer" in done.stderr


_WITHOUT = "import sys; sys.modules['lightkube'] = None; from groundswell.cli import main; main()"
_LIGHT = """
import sys
from groundswell_coordinator.cli.run import command
sys.exit('lightkube' in sys.modules or 'httpx2' in sys.modules)
"""


def test_lightkube_is_wanted_by_name_and_by_nobody_else(test_file: Path) -> None:
    words = ["run", str(test_file), "--kubernetes"]
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 104, done.stderr
    assert "pip install 'groundswell[kubernetes]'" in done.stderr
    subprocess.run([sys.executable, "-c", _LIGHT], check=True)
