"""The manifests in deploy/, as kubectl and Helm make them; each once a process."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.deploy.manifests import Manifests

if TYPE_CHECKING:
    from collections.abc import Callable

DEPLOY = Path(__file__).parents[2] / "deploy"
KUSTOMIZE = DEPLOY / "kustomize"
OVERLAYS = tuple(sorted(path.name for path in (KUSTOMIZE / "overlays").iterdir()))


def overlay(name: str) -> Manifests:
    return kustomized(KUSTOMIZE / "overlays" / name)


@cache
def kustomized(folder: Path) -> Manifests:
    """Skips the test, by name, where there is no kubectl: Debian has none that knows components."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl on this machine: deploy/kustomize is NOT tested")
    done = subprocess.run(
        [kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return Manifests.read(done.stdout)


RENDERS: dict[str, Callable[[], Manifests]] = {
    f"kustomize-{name}": partial(overlay, name) for name in OVERLAYS
}
