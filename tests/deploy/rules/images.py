"""Images: by digest, or by the tag of this version; never what changes under the same name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from groundswell import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.manifests import Manifests

_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")


def are_named_exactly(manifests: Manifests) -> Iterator[str]:
    for workload, container in manifests.containers:
        image = container["image"]
        if not _DIGEST.fullmatch(image) and not image.endswith(f":{__version__}"):
            yield f"{workload.called}: {image} has neither a digest nor the tag {__version__}"
