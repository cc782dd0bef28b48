"""Manifests as containers: each replica of each workload a real one, on a network of their own.

    with cluster(podman, folder) as here:
        here.apply(manifests)
        agents = here.pods("groundswell-agent")

It does what a kubelet does for one container and a cluster's DNS for a name: image, arguments,
environment, mounts, user, root, capabilities, limits, sysctls, probes, the names of Services. It
schedules nothing and restarts nothing, and knows neither rolling updates nor NetworkPolicies.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from itertools import count
from typing import TYPE_CHECKING, Any

from tests.containers.pod_spec import Surroundings, container_words, pod_words, security
from tests.deploy.manifests import Manifests, NotUnderstood, Workload, matches
from tests.unverified import unverified

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from tests.containers.podman import Podman

Object = dict[str, Any]

_numbers = count(1)
# Below it are the network's own addresses, and those of whoever asks for none.
_FIRST_ADDRESS = 20
_SILENT = """
table inet cut {
    chain in { type filter hook input priority 0; policy drop; }
    chain out { type filter hook output priority 0; policy drop; }
}
"""


@dataclass
class Pod:
    """A name, an address, and one container, which may come and go."""

    podman: Podman
    name: str
    container: str
    address: str
    spec: Object
    folders: Mapping[str, Path]
    has_names: bool

    def start(self) -> None:
        """Also again, as a kubelet does: with what is on its volumes, and nothing else."""
        self.podman("start", self.container)

    def kill(self) -> None:
        self.podman("kill", "--signal=KILL", self.container)

    def stop(self) -> int:
        """SIGTERM, and after the grace period SIGKILL; the exit code, which is 137 for the latter."""
        self.podman("stop", self.container)
        return self.exit_code()

    def exit_code(self, within_s: float = 60.0) -> int:
        """When it has ended."""
        return int(self.podman("wait", self.container, within_s=within_s))

    def logs(self) -> str:
        return self.podman.logs(self.container)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command inside."""
        return self.podman.attempt("exec", self.container, *words)

    def is_ready(self) -> bool:
        """Asked once, as its readiness probe says."""
        return self.answers("readinessProbe")

    def answers(self, probe: str) -> bool:
        asked: Object = self._main[probe]
        if "exec" in asked:
            return self.run(*asked["exec"]["command"]).returncode == 0
        get = asked["httpGet"]
        ports = {port["name"]: port["containerPort"] for port in self._main.get("ports", [])}
        port = ports.get(get["port"], get["port"])
        scheme = get.get("scheme", "HTTP").lower()
        url = f"{scheme}://{self.address}:{port}{get['path']}"
        try:
            with urllib.request.urlopen(url, timeout=5, context=unverified()):
                return True
        except (OSError, urllib.error.URLError):
            return False

    def cut_off(self) -> None:
        """Nothing comes in and nothing goes out, in silence."""
        self._in_its_network("nft", "-f", "-", stdin=_SILENT)

    def heal(self) -> None:
        self._in_its_network("nft", "delete", "table", "inet", "cut")

    @property
    def _main(self) -> Object:
        (container,) = self.spec["containers"]
        found: Object = container
        return found

    def _in_its_network(self, *words: str, stdin: str = "") -> None:
        pid = str(self.podman.inspect(self.container)["State"]["Pid"])
        subprocess.run(["nsenter", "-t", pid, "-n", *words], input=stdin, text=True, check=True)


@dataclass
class Cluster:
    """Objects that were applied, and the pods that came of them, under a name that nobody else has."""

    podman: Podman
    folder: Path
    name: str
    subnet: IPv4Address
    gateway: str
    _objects: list[Object] = field(default_factory=list[Object], init=False)
    _pods: dict[str, list[Pod]] = field(default_factory=dict[str, list[Pod]], init=False)
    _addresses: count[int] = field(default_factory=lambda: count(_FIRST_ADDRESS), init=False)

    def apply(self, manifests: Manifests) -> None:
        """Whatever runs pods is started, in the order of its manifest."""
        self._objects += manifests.objects
        for workload in manifests.workloads:
            self.scale(workload, _replicas(workload.object))

    def create(self, workload: Workload, replicas: int) -> list[Pod]:
        """So many more, and none of them started yet."""
        pods = self._pods.setdefault(workload.object["metadata"]["name"], [])
        made = [self._create(workload, len(pods) + number) for number in range(replicas)]
        pods += made
        return made

    def scale(self, workload: Workload, replicas: int) -> list[Pod]:
        made = self.create(workload, replicas)
        for pod in made:
            pod.start()
        return made

    def pods(self, workload: str) -> list[Pod]:
        return self._pods[workload]

    def logs(self) -> str:
        """Of everybody, for whoever wonders why a test has failed."""
        pods = (pod for pods in self._pods.values() for pod in pods)
        return "\n".join(f"--- {pod.name}\n{pod.logs()}" for pod in pods)

    def remove(self) -> None:
        pods = [pod for pods in self._pods.values() for pod in pods]
        self.podman.attempt("rm", "--force", "--time=0", *(pod.container for pod in pods))
        for pod in pods:
            if pod.has_names:
                self.podman.attempt("pod", "rm", "--force", "--time=0", f"{self.name}-{pod.name}")
        self.podman.attempt("network", "rm", "--force", self.name)

    def _create(self, workload: Workload, number: int) -> Pod:
        meta = workload.object["metadata"]
        name, spec = f"{meta['name']}-{number}", workload.pod
        address = str(self.subnet + next(self._addresses))
        namespace = meta.get("namespace", "default")
        volumes = {one["name"]: self._volume(one, name, spec) for one in spec.get("volumes", [])}
        around = Surroundings(name, namespace, address, workload.labels, self._data(), volumes)
        place = f"{self.name}-{name}"
        words = ["--hostname", name, "--network", self.name, "--ip", address, *pod_words(spec)]
        names = self._names(workload, namespace, name)
        words += [word for alias in names for word in ("--network-alias", alias)]
        if names:
            # What others know by name keeps it and its address while its container is restarted.
            self.podman("pod", "create", "--name", place, *words)
            self.podman("pod", "start", place)
            words = ["--pod", place]
        for first in spec.get("initContainers", []):
            self.podman("run", "--rm", *words, *container_words(spec, first, around))
        (main,) = spec["containers"]
        container = f"{place}-{main['name']}"
        words += ["--pull=never", "--name", container]
        self.podman("create", *words, *container_words(spec, main, around))
        return Pod(self.podman, name, container, address, spec, volumes, has_names=bool(names))

    def _names(self, workload: Workload, namespace: str, pod: str) -> list[str]:
        """What DNS calls it: by every Service that selects it, and in a StatefulSet by its own."""
        of_set = workload.object["spec"].get("serviceName")
        names = [f"{pod}.{of_set}"] if of_set else []
        names += [
            one["metadata"]["name"]
            for one in self._objects
            if one["kind"] == "Service"
            and matches({"matchLabels": one["spec"]["selector"]}, workload.labels)
        ]
        ends = ("", f".{namespace}", f".{namespace}.svc", f".{namespace}.svc.cluster.local")
        return [name + end for name in names for end in ends]

    def _data(self) -> dict[tuple[str, str], Mapping[str, str]]:
        """Of ConfigMaps and Secrets, in plain text."""
        found: dict[tuple[str, str], Mapping[str, str]] = {}
        for one in self._objects:
            kind, name = one["kind"], one["metadata"]["name"]
            data: dict[str, str] = one.get("data", {})
            if kind == "ConfigMap":
                found[kind, name] = data
            elif kind == "Secret":
                decoded = {key: base64.b64decode(text).decode() for key, text in data.items()}
                found[kind, name] = decoded | one.get("stringData", {})
        return found

    def _volume(self, volume: Object, pod: str, spec: Object) -> Path:
        """Its folder, which belongs to root and to the pod's group of files, as in a cluster."""
        ((kind, source),) = ((key, value) for key, value in volume.items() if key != "name")
        folder: Path
        if kind == "persistentVolumeClaim":
            folder = self.folder / "claims" / source["claimName"]
        else:
            folder = self.folder / pod / volume["name"]
        folder.mkdir(parents=True, exist_ok=True)
        match kind:
            case "emptyDir" | "persistentVolumeClaim":
                pass
            case "configMap":
                _write(folder, self._data()["ConfigMap", source["name"]], source)
            case "secret":
                _write(folder, self._data()["Secret", source["secretName"]], source)
            case _:
                raise NotUnderstood(f"volume: {kind}")
        group = security(spec, {}).get("fsGroup")
        for path in (folder, *folder.iterdir()):
            if group is not None and (path is folder or path.is_file()):
                os.chown(path, 0, group)
        folder.chmod(0o2775 if group is not None else 0o777)
        return folder


@contextmanager
def cluster(podman: Podman, folder: Path) -> Generator[Cluster]:
    """A network from which nothing leaves this machine; all that is in it goes with the block."""
    name = f"gswt-{os.getpid()}-{next(_numbers)}"
    podman("network", "create", "--internal", name)
    (subnet,) = podman.inspect(name, "network")["subnets"]
    first = IPv4Address(subnet["subnet"].split("/")[0])
    made = Cluster(podman, folder / name, name, first, str(first + 1))
    try:
        yield made
    finally:
        made.remove()
        shutil.rmtree(made.folder, ignore_errors=True)


def _replicas(workload: Object) -> int:
    match workload["kind"]:
        case "Pod":
            return 1
        case "Job":
            return int(workload["spec"].get("parallelism", 1))
        case "Deployment" | "StatefulSet":
            return int(workload["spec"].get("replicas", 1))
        case kind:
            raise NotUnderstood(kind)


def _write(folder: Path, data: Mapping[str, str], source: Object) -> None:
    if source.keys() - {"name", "secretName", "defaultMode"}:
        raise NotUnderstood(f"volume: {sorted(source)}")
    for key, text in data.items():
        (folder / key).write_text(text)
        # A group that owns files may read them, whatever the mode says of others.
        (folder / key).chmod(source.get("defaultMode", 0o644) | 0o040)
