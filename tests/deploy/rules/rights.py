"""Roles: of one namespace, and each right by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.deploy.manifests import called

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.manifests import Manifests


def are_of_one_namespace(manifests: Manifests) -> Iterator[str]:
    for one in manifests.of("ClusterRole", "ClusterRoleBinding"):
        yield f"{called(one)}: is of the whole cluster"


def are_listed(manifests: Manifests) -> Iterator[str]:
    for role in manifests.of("Role"):
        for rule in role["rules"]:
            for key in ("apiGroups", "resources", "verbs"):
                if "*" in rule[key]:
                    yield f"{called(role)}: any of {key}"
            if "secrets" in rule["resources"] and not rule.get("resourceNames"):
                yield f"{called(role)}: any Secret"
