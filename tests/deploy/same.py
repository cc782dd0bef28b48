"""Two renders made comparable: what differs by who renders goes, and so does order that means nothing."""

from __future__ import annotations

import copy
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.deploy.manifests import called
from tests.deploy.renders import OPTIONS, OVERLAYS, overlay, profile, with_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.deploy.manifests import Manifests, Object

# Helm's own labels, and the annotation by which a volume outlives its release.
_HELM = frozenset({"app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart"})
_KEEP = "helm.sh/resource-policy"


def alike(manifests: Manifests) -> dict[str, Object]:
    """By kind and name. The namespace is kustomize's alone: Helm makes it itself, `--create-namespace`."""
    return {called(one): normalised(one) for one in manifests.objects if one["kind"] != "Namespace"}


def normalised(one: Object) -> Object:
    one = copy.deepcopy(one)
    for metadata in _metadata(one):
        for label in _HELM & metadata.get("labels", {}).keys():
            del metadata["labels"][label]
        metadata.get("annotations", {}).pop(_KEEP, None)
        if not metadata.get("annotations", True):
            del metadata["annotations"]
    if one["kind"] == "NetworkPolicy":
        # What any of them allows is allowed.
        for way in ("ingress", "egress"):
            one["spec"][way] = sorted(one["spec"][way], key=_key)
    return one


def _metadata(one: Object) -> list[Object]:
    template: dict[str, Any] = one.get("spec", {}).get("template", {})
    return [one["metadata"], *([template["metadata"]] if template else [])]


def _key(rule: object) -> str:
    return json.dumps(rule, sort_keys=True)


# What is compared: an overlay and the chart with its values; and each option on the small one.
PAIRS: dict[str, tuple[Callable[[], Manifests], Callable[[], Manifests]]] = {
    **{name: (partial(overlay, name), partial(profile, name)) for name in OVERLAYS},
    **{name: (partial(with_options, name), option) for name, option in OPTIONS.items()},
}
