"""`run --kubernetes` from its start to its end, in a cluster whose pods are processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.writing import arrivals, write_test
from tests.kubernetes import rights

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Groundswell
    from tests.e2e.demo import Demo
    from tests.kubernetes.local_cluster import LocalCluster


def test_agents_in_pods_load_the_target_and_nothing_is_left_of_them(
    groundswell: Groundswell, cluster: LocalCluster, demo: Demo, tmp_path: Path
) -> None:
    test = write_test(tmp_path, demo.url, {"load": arrivals("20/s", "2s")})
    ran = groundswell.run(test, "--kubernetes", agents=2, env=cluster.environment)

    assert ran.exit_code == 0, ran
    assert ran.count("http_reqs") == demo.requests() == 40
    assert {agent.name for agent in ran.summary.agents} == {"agent-0", "agent-1"}
    assert "2/2 agents ready" in ran.stderr
    assert cluster.names() == set()
    # Who enforces rights would have refused more, and less would be too much to ask people for.
    asked = cluster.do(lambda: set(cluster.api.asked))
    given = {(*resource, verb) for resource, verbs in rights.RUN.items() for verb in verbs}
    assert given - asked <= {("", "events", "list"), ("", "pods/portforward", "create")}
    # The coordinator's store went with its pod; the run is here.
    shown = groundswell("show", "last", env={})
    assert ran.summary.run in shown.stdout
