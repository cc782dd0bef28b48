"""The real image, of deploy/docker/Dockerfile and this checkout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.containers.base_image import base_image

if TYPE_CHECKING:
    from tests.containers.podman import Podman

_ROOT = Path(__file__).parents[2]
_NAME = "localhost/groundswell-tests/groundswell:tested"
# Packages come over the network, which may go through somebody who signs for others.
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_BUILT_WITHIN_S = 600.0


@dataclass(frozen=True)
class Image:
    """A name, and what it was built on."""

    name: str
    base: str


def build_image(podman: Podman) -> Image:
    """Layers that have not changed are taken as they are."""
    base = base_image(podman)
    words: list[str | Path] = ["build", "--network=host", "-f", _ROOT / "deploy/docker/Dockerfile"]
    if _AUTHORITIES.exists():
        words.append(f"--volume={_AUTHORITIES}:{_AUTHORITIES}:ro")
    words += ["--build-arg", f"BASE_IMAGE={base}", "--build-arg", "REVISION=tested"]
    podman(*words, "--tag", _NAME, _ROOT, within_s=_BUILT_WITHIN_S)
    return Image(_NAME, base)
