"""Manifests as what a cluster would make of them: objects, workloads, and who is meant by a selector."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Object = dict[str, Any]

# In the arguments of a container.
VARIABLE = re.compile(r"\$\((\w+)\)")

_SELECTING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})
_TEMPLATED = _SELECTING | {"Job"}


class NotUnderstood(Exception):
    """A manifest says what a cluster would do and a test's stand-in for one does not.

    It is read as it stands, or not at all: what is passed over would be what no test sees.
    """


@dataclass(frozen=True)
class Workload:
    """What runs pods: all of them alike."""

    object: Object

    @property
    def called(self) -> str:
        return called(self.object)

    @property
    def template(self) -> Object:
        """Metadata and spec of its pods."""
        if self.object["kind"] == "Pod":
            return self.object
        template: Object = self.object["spec"]["template"]
        return template

    @property
    def labels(self) -> dict[str, str]:
        labels: dict[str, str] = self.template["metadata"].get("labels", {})
        return labels

    @property
    def pod(self) -> Object:
        pod: Object = self.template["spec"]
        return pod

    @property
    def containers(self) -> list[Object]:
        return [*self.pod.get("initContainers", []), *self.pod["containers"]]

    @property
    def selects(self) -> bool:
        """Whether it finds its pods by labels that it names itself; a Job's are made for it."""
        return self.object["kind"] in _SELECTING

    def ports(self) -> dict[str, int]:
        return {
            port["name"]: port["containerPort"]
            for container in self.containers
            for port in container.get("ports", [])
        }


@dataclass(frozen=True)
class Manifests:
    """All objects of one render, of one namespace and of the cluster."""

    objects: tuple[Object, ...]

    @classmethod
    def read(cls, text: str) -> Manifests:
        return cls(tuple(one for one in yaml.safe_load_all(text) if one))

    def of(self, *kinds: str) -> list[Object]:
        return [one for one in self.objects if one["kind"] in kinds]

    def names(self, kind: str) -> set[str]:
        return {one["metadata"]["name"] for one in self.of(kind)}

    def one(self, kind: str, name: str) -> Object:
        (found,) = (one for one in self.of(kind) if one["metadata"]["name"] == name)
        return found

    @property
    def workloads(self) -> list[Workload]:
        return [Workload(one) for one in self.of("Pod", *_TEMPLATED)]

    @property
    def containers(self) -> Iterator[tuple[Workload, Object]]:
        """Each with the workload that it is of."""
        for workload in self.workloads:
            for container in workload.containers:
                yield workload, container

    def selected(self, selector: Mapping[str, Any]) -> list[Workload]:
        """By `matchLabels`, which is all we use: an empty selector means everybody."""
        return [one for one in self.workloads if matches(selector, one.labels)]


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """By labels alone: raises NotUnderstood for expressions, and takes none for a match."""
    if "matchExpressions" in selector:
        raise NotUnderstood("matchExpressions")
    wanted: dict[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()


def called(one: Object) -> str:
    return f"{one['kind']}/{one['metadata']['name']}"


def peers(policy: Object) -> Iterator[tuple[Object, list[Object]]]:
    """Each peer of a network policy, with the ports that it is about."""
    for way, side in (("ingress", "from"), ("egress", "to")):
        rules: Iterable[Object] = policy["spec"].get(way, [])
        for rule in rules:
            for peer in rule.get(side, []):
                yield peer, rule.get("ports", [])
