"""deploy/kustomize as containers, with a target that is none of ours, and clients as Jobs."""

from __future__ import annotations

import ssl
import time
import urllib.request
from base64 import b64decode
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from groundswell_coordinator.report.summary import Summary
from tests.containers.translator import Cluster, Pod, cluster
from tests.deploy.manifests import Manifests, Workload
from tests.deploy.renders import overlaid
from tests.deploy.secrets import secrets, written
from tests.e2e.commands import Ran
from tests.e2e.pool.load import LOAD
from tests.e2e.pool.stored import stored_run
from tests.e2e.processes import eventually
from tests.e2e.writing import arrivals
from tests.nginx_server import running_nginx

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.containers.image import Image
    from tests.containers.podman import Podman
    from tests.deploy.manifests import Object
    from tests.e2e.pool.stored import Stored
    from tests.nginx_server import NginxServer

AGENTS, COORDINATOR = "groundswell-agent", "groundswell-coordinator"
ADDRESS = f"{COORDINATOR}:9700"
MAX_VUS = 200

_READY_WITHIN_S = 90.0
_LOADS_WITHIN_S = 90.0
_ENDS_WITHIN_S = 120.0
_SUMMARY = "summary.json"
_OPERATOR = "groundswell-operator-tls"
_TLS = "/etc/groundswell/tls"


@dataclass
class Client:
    """`groundswell run` in a pod of its own."""

    pod: Pod
    begin: float = field(default_factory=time.monotonic)

    def end_of_run(self) -> Ran:
        code = self.pod.exit_code(_ENDS_WITHIN_S)
        logs = self.pod.logs()
        file = self.pod.folders["out"] / _SUMMARY
        assert file.exists(), f"exit {code}, no summary: {logs}"
        summary = Summary.from_json(file.read_text())
        return Ran(code, logs, "", time.monotonic() - self.begin, summary)


@dataclass
class Pool:
    cluster: Cluster
    manifests: Manifests
    image: Image
    nginx: NginxServer
    operator: Path
    _clients: int = field(default=0, init=False)

    @property
    def agents(self) -> list[Pod]:
        return self.cluster.pods(AGENTS)

    @property
    def coordinator(self) -> Pod:
        (pod,) = self.cluster.pods(COORDINATOR)
        return pod

    def workload(self, name: str) -> Workload:
        return Workload(self.manifests.one("Deployment", name))

    def wait_until_ready(self, *pods: Pod) -> None:
        for pod in pods:
            eventually(pod.is_ready, _READY_WITHIN_S, f"{pod.name} is ready")

    def free_agents(self) -> float:
        """As the coordinator counts them."""
        url = f"https://{self.coordinator.address}:9701/metrics"
        context = ssl.create_default_context(cafile=self.operator / "ca.crt")
        # The certificate is for the coordinator's names, and DNS is the pods'.
        context.check_hostname = False
        context.load_cert_chain(self.operator / "tls.crt", self.operator / "tls.key")
        with urllib.request.urlopen(url, timeout=30, context=context) as page:
            families = list(text_string_to_metric_families(page.read().decode()))
        samples = [sample for family in families for sample in family.samples]
        return sum(
            sample.value
            for sample in samples
            if sample.name == "groundswell_agents" and sample.labels["state"] == "free"
        )

    def steady(self, rate: int, seconds: int) -> Client:
        """A run on all agents of so many arrivals a second, against nginx."""
        test = {
            "test": "contained",
            "target": self.nginx.url,
            "scenarios": {LOAD: arrivals(f"{rate}/s", f"{seconds}s", max_vus=MAX_VUS)},
            "thresholds": {"http_req_failed": ["rate < 1%"]},
            # How late an agent is here says how busy this machine is.
            "generator_limits": {"send_lag": "10s"},
        }
        self._clients += 1
        name = f"client-{self._clients}"
        job = _client(name, self.image.name, yaml.safe_dump(test), len(self.agents))
        self.cluster.apply(job)
        return Client(self.cluster.pods(name)[0])

    def wait_for_load(self, requests: int) -> None:
        def loads() -> bool:
            return self.nginx.requests() >= requests

        try:
            eventually(loads, _LOADS_WITHIN_S, f"{requests} requests")
        except AssertionError as error:
            error.add_note(self.cluster.logs())
            raise

    def stored(self) -> Stored:
        """The newest run, out of the coordinator's volume."""
        return stored_run(self.coordinator.folders["store"] / "groundswell.db")


@contextmanager
def running_pool(
    podman: Podman, image: Image, folder: Path, *, agents: int, lease: str = "5s"
) -> Generator[Pool]:
    """The manifests' own lease is the default."""
    manifests = _overlay(folder / "overlay", image.name, agents)
    words = Workload(manifests.one("Deployment", COORDINATOR)).containers[0]["args"]
    words[words.index("--lease=5s")] = f"--lease={lease}"
    made = secrets(manifests)
    with cluster(podman, folder) as here:
        here.apply(Manifests((*made, *manifests.objects)))
        # The bridge, whose address nginx takes, is there as soon as there is a container.
        (folder / "nginx").mkdir()
        with running_nginx(folder / "nginx", address=here.gateway) as nginx:
            operator = written(_files(made, _OPERATOR), folder / "operator")
            pool = Pool(here, manifests, image, nginx, operator)
            pool.wait_until_ready(pool.coordinator, *pool.agents)
            yield pool


def _files(made: list[Object], name: str) -> dict[str, bytes]:
    (secret,) = (one for one in made if one["metadata"]["name"] == name)
    return {file: b64decode(text) for file, text in secret["data"].items()}


def _overlay(folder: Path, image: str, agents: int) -> Manifests:
    """The small one with this image, and so many agents."""
    folder.mkdir()
    name, tag = image.rsplit(":", 1)
    return overlaid(
        folder,
        "cert-manager",
        images=[{"name": "groundswell", "newName": name, "newTag": tag}],
        replicas=[{"name": AGENTS, "count": agents}],
    )


def _client(name: str, image: str, test: str, agents: int) -> Manifests:
    words = ["run", "/tests/test.yaml", f"--coordinator={ADDRESS}", f"--agents={agents}"]
    keys = {"ca": "ca.crt", "cert": "tls.crt", "key": "tls.key"}
    words += [f"--{option}={_TLS}/{file}" for option, file in keys.items()]
    container: dict[str, Any] = {
        "name": "client",
        "image": image,
        "args": [*words, f"--summary-json=/out/{_SUMMARY}"],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "tests", "mountPath": "/tests", "readOnly": True},
            {"name": "tls", "mountPath": _TLS, "readOnly": True},
            {"name": "out", "mountPath": "/out"},
            {"name": "home", "mountPath": "/var/lib/groundswell"},
        ],
    }
    user = {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532}
    volumes: list[dict[str, Any]] = [
        {"name": "tests", "configMap": {"name": name}},
        {"name": "tls", "secret": {"secretName": _OPERATOR, "defaultMode": 0o440}},
        {"name": "out", "emptyDir": {}},
        {"name": "home", "emptyDir": {}},
    ]
    pod = {
        "restartPolicy": "Never",
        "securityContext": user,
        "containers": [container],
        "volumes": volumes,
    }
    config = {"kind": "ConfigMap", "metadata": {"name": name}, "data": {"test.yaml": test}}
    meta = {"labels": {"groundswell-client": "true"}}
    job = {
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": {"metadata": meta, "spec": pod}},
    }
    return Manifests((config, job))
