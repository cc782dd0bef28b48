"""The manifests in deploy/, as kubectl and Helm make them; each once a process."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import helm_python
import pytest
import yaml

from tests.deploy.manifests import Manifests

if TYPE_CHECKING:
    from collections.abc import Callable

Values = dict[str, Any]

DEPLOY = Path(__file__).parents[2] / "deploy"
KUSTOMIZE = DEPLOY / "kustomize"
CHART = DEPLOY / "helm" / "groundswell"
OVERLAYS = tuple(sorted(path.name for path in (KUSTOMIZE / "overlays").iterdir()))
COMPONENTS = tuple(sorted(path.name for path in (KUSTOMIZE / "components").iterdir()))


def overlay(name: str) -> Manifests:
    return kustomized(KUSTOMIZE / "overlays" / name)


@cache
def kustomized(folder: Path) -> Manifests:
    """By kubectl or kustomize itself; skips the test, by name, where there is neither.

    Debian 12 has no kustomize, and a kubectl that does not know components.
    """
    if kubectl := shutil.which("kubectl"):
        words = [kubectl, "kustomize"]
    elif kustomize := shutil.which("kustomize"):
        words = [kustomize, "build"]
    else:
        pytest.skip("NOT TESTED: deploy/kustomize, as there is neither kubectl nor kustomize here")
    done = subprocess.run(
        [*words, str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return Manifests.read(done.stdout)


@cache
def with_options(*components: str) -> Manifests:
    """The small overlay with components, as a user's own overlay would name them."""
    with tempfile.TemporaryDirectory() as folder:
        return overlaid(Path(folder), *components)


def overlaid(folder: Path, *components: str, **more: object) -> Manifests:
    """The same, of an overlay that is written into `folder`; `more` are further keys of it."""
    place = os.path.relpath(KUSTOMIZE, folder.resolve())
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "groundswell",
        "resources": [f"{place}/overlays/small"],
        "components": [f"{place}/components/{name}" for name in components],
        **more,
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return kustomized(folder)


def charted(values: Values, name: str = "groundswell", namespace: str = "groundswell") -> Values:
    """Texts by the names of their templates."""
    texts: Values = helm_python.Chart.load(CHART).render(values, name=name, namespace=namespace)
    return texts


def rendered(values: Values, name: str = "groundswell") -> Manifests:
    texts = charted(values, name)
    return Manifests.read(
        "\n---\n".join(text for path, text in texts.items() if path.endswith(".yaml"))
    )


def profile(name: str) -> Manifests:
    """The chart as an overlay's counterpart."""
    sizes = CHART / f"values-{name}.yaml"
    return rendered(
        {
            **(_read(sizes) if sizes.exists() else {}),
            **_read(CHART / "ci" / f"{name}-values.yaml"),
        }
    )


def _read(path: Path) -> Values:
    values: Values = yaml.safe_load(path.read_text())
    return values


DEFAULTS = _read(CHART / "values.yaml")
TARGETS = _read(CHART / "ci" / "small-values.yaml")

_CNPG = {
    "to": [
        {
            "namespaceSelector": {},
            "podSelector": {"matchLabels": {"cnpg.io/cluster": "groundswell"}},
        }
    ],
    "ports": [{"port": 5432, "protocol": "TCP"}],
}

# What a component of kustomize is called in the chart.
_VALUES: dict[str, Values] = {
    "cert-manager": {"certificates": {"create": True}},
    "guaranteed": {"agents": {"profile": "guaranteed", "cpu": 2, "memory": "2Gi"}},
    "mesh-istio": {"mesh": "istio"},
    "mesh-linkerd": {"mesh": "linkerd"},
    "people": {"people": [{"kind": "Group", "name": "groundswell-people"}]},
    "postgresql": {
        "coordinator": {
            "store": {"postgresqlSecret": "groundswell-store", "postgresqlEgress": [_CNPG]}
        }
    },
    "prometheus-rule": {"prometheusRule": {"create": True}},
    "service-monitor": {"serviceMonitor": {"create": True}},
}
OPTIONS: dict[str, Callable[[], Manifests]] = {
    name: partial(rendered, {**TARGETS, **_VALUES[name]}) for name in COMPONENTS
}

# What a value switches on and no component does.
_MORE: Values = {
    "image": {"digest": f"sha256:{'0' * 64}", "pullSecrets": ["registry"]},
    "coordinator": {"tokensSecret": "groundswell-tokens"},
    "agents": {
        "labels": {"zone": "a"},
        "secretsSecret": "groundswell-secrets",
        "scripts": False,
        "gracefulStopSeconds": 120,
    },
}

RENDERS: dict[str, Callable[[], Manifests]] = {
    **{f"kustomize-{name}": partial(overlay, name) for name in OVERLAYS},
    **{f"kustomize-with-{name}": partial(with_options, name) for name in COMPONENTS},
    **{f"chart-{name}": partial(profile, name) for name in OVERLAYS},
    **{f"chart-with-{name}": option for name, option in OPTIONS.items()},
    "chart-with-more": partial(rendered, {**TARGETS, **_MORE}),
    "chart-of-another-name": partial(rendered, {**TARGETS, **_VALUES["cert-manager"]}, "load"),
}
