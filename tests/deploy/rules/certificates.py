"""Certificates: of an issuer that is there, with the names and roles that are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.deploy.manifests import called
from tests.deploy.rules.arguments import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.manifests import Manifests, Object, Workload


def have_an_issuer(manifests: Manifests) -> Iterator[str]:
    for certificate in manifests.of("Certificate"):
        name = certificate["spec"]["issuerRef"]["name"]
        if name not in manifests.names("Issuer"):
            yield f"{called(certificate)}: there is no Issuer {name}"
    secrets = {certificate["spec"]["secretName"] for certificate in manifests.of("Certificate")}
    for issuer in manifests.of("Issuer"):
        if "ca" in issuer["spec"] and issuer["spec"]["ca"]["secretName"] not in secrets:
            yield f"{called(issuer)}: nobody makes {issuer['spec']['ca']['secretName']}"


def name_the_coordinator_as_agents_do(manifests: Manifests) -> Iterator[str]:
    names = {
        name
        for workload in _running(manifests, "coordinator")
        for certificate in _certificates(manifests, workload)
        for name in certificate["spec"]["dnsNames"]
    }
    for workload in _running(manifests, "agent"):
        given = readable(workload.containers[0]) or {}
        host = str(given.get("coordinator")).rpartition(":")[0]
        if names and given and host not in names:
            yield f"{workload.called}: dials {host}, and the coordinator's certificate is of {sorted(names)}"


def give_agents_their_role_alone(manifests: Manifests) -> Iterator[str]:
    for workload in _running(manifests, "agent"):
        for certificate in _certificates(manifests, workload):
            if certificate["spec"].get("uris") != ["groundswell://role/agent"]:
                yield f"{called(certificate)}: is not of the role agent alone"
            if "client auth" not in certificate["spec"]["usages"]:
                yield f"{called(certificate)}: is not for clients"


def _running(manifests: Manifests, command: str) -> list[Workload]:
    return [one for one in manifests.workloads if one.containers[0]["args"][0] == command]


def _certificates(manifests: Manifests, workload: Workload) -> list[Object]:
    """Whose Secrets it mounts."""
    secrets = {
        volume["secret"]["secretName"]
        for volume in workload.pod.get("volumes", [])
        if "secret" in volume
    }
    return [one for one in manifests.of("Certificate") if one["spec"]["secretName"] in secrets]
