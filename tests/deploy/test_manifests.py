"""What deploy/ renders is what a cluster takes, and does what it is meant to."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from asyncio import to_thread
from functools import cache

import kubernetes_validate  # pyright: ignore[reportMissingTypeStubs]  # it ships no types
import pytest

from groundswell.address import Address
from groundswell_coordinator.services.http import HttpSide
from groundswell_coordinator.services.readiness import Readiness
from tests.deploy.manifests import Manifests, called
from tests.deploy.renders import RENDERS
from tests.deploy.rules import complaints
from tests.deploy.rules.ports import PROBES

# The oldest that is still looked after anywhere, and the newest.
VERSIONS = ("1.30", "1.37")
# Of operators: no schema of Kubernetes' own.
CUSTOM = ("cert-manager.io/", "monitoring.coreos.com/")


@pytest.fixture(params=RENDERS)
def render(request: pytest.FixtureRequest) -> Manifests:
    name: str = request.param
    return RENDERS[name]()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_fits_the_schema_strictly(render: Manifests, version: str) -> None:
    for one in render.objects:
        if not one["apiVersion"].startswith(CUSTOM):
            _fits(json.dumps(one, sort_keys=True), version)


def test_no_rule_is_broken(render: Manifests) -> None:
    assert complaints(render) == []


def test_no_object_is_there_twice(render: Manifests) -> None:
    names = [called(one) for one in render.objects]
    assert sorted(set(names)) == sorted(names)


async def test_probes_ask_what_the_coordinator_serves(render: Manifests) -> None:
    paths = {
        container[probe]["httpGet"]["path"]
        for _, container in render.containers
        for probe in PROBES
        if "httpGet" in container.get(probe, {})
    }
    monitors = render.of("ServiceMonitor")
    paths |= {endpoint["path"] for one in monitors for endpoint in one["spec"]["endpoints"]}
    assert {"/healthz", "/readyz"} <= paths
    async with HttpSide(Readiness(), list).listening(Address("127.0.0.1", 0)) as port:
        for path in paths:
            assert await to_thread(_status, f"http://127.0.0.1:{port}{path}") == 200, path


@cache
def _fits(one: str, version: str) -> None:
    """Most objects are the same in most renders."""
    kubernetes_validate.validate(json.loads(one), version, strict=True)


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        return error.code
