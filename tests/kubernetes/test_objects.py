"""Every object of a run: valid in two versions of Kubernetes, by the rules of deploy/, and owned by the Job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate  # pyright: ignore[reportMissingTypeStubs]  # it ships no types
import pytest
import yaml
from cryptography import x509

from groundswell_coordinator.launch.kubernetes.certificates import RunCertificates
from groundswell_coordinator.launch.kubernetes.objects import agents_job, owned, owner_reference
from groundswell_coordinator.launch.kubernetes.settings import RunSettings
from tests.deploy.manifests import Manifests
from tests.deploy.rules import ending, security
from tests.kubernetes import rights

SETTINGS = RunSettings(
    run_id="20260304-050607-abcdef",
    namespace="load",
    image="registry.internal/groundswell:0.1.0",
    agents=50,
    agents_per_pod=4,
    planned_s=120.5,
    graceful_stop_s=45,
    wait_s=300,
    host="load.internal",
    node_selector={"pool": "load"},
)
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "kubernetes.md"
BASE = ROOT / "deploy" / "kustomize" / "base"


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    job = agents_job(SETTINGS)
    created = {"metadata": {**job["metadata"], "uid": "6d7f4f4e-0000-4000-8000-000000000000"}}
    return [job, *owned(SETTINGS, RunCertificates(SETTINGS), owner_reference(created))]


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_they_are_valid_without_a_key_that_is_none(
    objects: list[dict[str, Any]], version: str
) -> None:
    for one in objects:
        kubernetes_validate.validate(one, version, strict=True)


def test_their_pods_are_restricted_and_have_time_to_end(objects: list[dict[str, Any]]) -> None:
    manifests = Manifests(tuple(objects))
    rules = (
        security.pods_are_restricted,
        security.sysctls_are_safe,
        security.nothing_of_the_api_server_is_mounted,
        security.services_set_no_variables,
        ending.leaves_time_for_the_graceful_stop,
    )
    assert [text for rule in rules for text in rule(manifests)] == []
    for workload in manifests.workloads:
        assert workload.pod["terminationGracePeriodSeconds"] == 75
        assert workload.pod["nodeSelector"] == {"pool": "load"}


def test_the_job_has_room_for_replacements_and_an_end(objects: list[dict[str, Any]]) -> None:
    spec = objects[0]["spec"]
    assert spec["completions"] == spec["parallelism"] == 13
    assert spec["backoffLimit"] >= 2 * spec["parallelism"]
    assert spec["activeDeadlineSeconds"] == 421 + 600
    requests = spec["template"]["spec"]["containers"][0]["resources"]["requests"]
    assert (requests["cpu"], requests["memory"]) == ("4", "2048Mi")
    assert "--workers=4" in spec["template"]["spec"]["containers"][0]["args"]


def test_the_job_owns_all_others_and_the_service_finds_the_coordinator_alone(
    objects: list[dict[str, Any]],
) -> None:
    job, *others = objects
    for one in others:
        (owner,) = one["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"]) == ("Job", job["metadata"]["name"])
    manifests = Manifests(tuple(objects))
    (service,) = manifests.of("Service")
    found = manifests.selected({"matchLabels": service["spec"]["selector"]})
    assert [one.called for one in found] == [f"Pod/{SETTINGS.coordinator}"]


def test_each_role_mounts_its_own_key_and_the_operators_stays_at_home(
    objects: list[dict[str, Any]],
) -> None:
    manifests = Manifests(tuple(objects))
    (secret,) = manifests.of("Secret")
    assert not [name for name in secret["data"] if "operator" in name]
    for workload in manifests.workloads:
        role = workload.containers[0]["name"]
        (volume,) = (one["secret"] for one in workload.pod["volumes"] if "secret" in one)
        assert {one["key"] for one in volume["items"]} == {"ca.crt", f"{role}.crt", f"{role}.key"}
        assert volume["secretName"] == secret["metadata"]["name"]


def test_the_clients_certificate_is_its_users_alone_and_goes_with_the_run() -> None:
    with RunCertificates(SETTINGS).of_client() as credentials:
        assert credentials.cert is not None
        folder = credentials.cert.parent
        assert folder.stat().st_mode & 0o077 == 0
        certificate = x509.load_pem_x509_certificate(credentials.cert.read_bytes())
        lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        assert lasts.total_seconds() < 4 * 3600
    assert not folder.exists()


def test_the_role_in_the_docs_is_what_the_command_needs() -> None:
    text = DOCS.read_text().partition("kind: Role\n")[2].partition("```")[0]
    rules = yaml.safe_load(text)["rules"]
    documented = {
        (group, resource): frozenset(rule["verbs"])
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert documented == rights.RUN


@pytest.mark.parametrize(
    ("role", "folder", "more", "less"),
    [
        ("agent", "agents", {"--name", "--one-run"}, set[str]()),
        ("coordinator", "coordinator", set[str](), {"--retain", "--lease"}),
    ],
)
def test_pods_of_a_run_and_of_a_pool_are_kept_in_step(
    objects: list[dict[str, Any]], role: str, folder: str, more: set[str], less: set[str]
) -> None:
    text = (BASE / folder / "deployment.yaml").read_text()
    pool = yaml.safe_load(text)["spec"]["template"]["spec"]
    own = next(
        workload.pod
        for workload in Manifests(tuple(objects)).workloads
        if workload.containers[0]["name"] == role
    )
    for key in ("securityContext", "automountServiceAccountToken", "enableServiceLinks"):
        assert own[key] == pool[key], key
    assert own.get("dnsConfig") == pool.get("dnsConfig")
    (mine,), (theirs,) = own["containers"], pool["containers"]
    for key in ("securityContext", "ports", "imagePullPolicy"):
        assert mine.get(key) == theirs.get(key), key
    places = [{one["mountPath"] for one in each["volumeMounts"]} for each in (mine, theirs)]
    assert places[0] == places[1]
    flags, known = ({word.partition("=")[0] for word in each["args"]} for each in (mine, theirs))
    assert (flags - known, known - flags) == (more, less)
