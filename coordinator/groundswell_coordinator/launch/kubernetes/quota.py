"""ResourceQuotas against what a run needs, before anything of it is created."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from lightkube.utils.quantity import parse_quantity

from groundswell_coordinator.launch.kubernetes.errors import quota_exceeded
from groundswell_coordinator.launch.kubernetes.manifest import part, parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from groundswell_coordinator.launch.kubernetes.manifest import Object
# How quotas count objects of a kind, by name and by `count/`.
_COUNTED = {
    "Pod": ("pods", "count/pods"),
    "Secret": ("secrets", "count/secrets"),
    "Service": ("services", "count/services"),
    "Job": ("count/jobs.batch",),
}


def needed(objects: Iterable[Object]) -> Mapping[str, Decimal]:
    """What the objects take of a namespace, as a quota names it; a Job's pods with it."""
    total: Counter[str] = Counter()
    amounts: dict[str, Decimal] = {}
    for one in objects:
        total.update(_COUNTED[one["kind"]])
        pods, pod = _pods(one)
        if one["kind"] == "Job":
            total.update(dict.fromkeys(_COUNTED["Pod"], pods))
        for name, amount in _resources(pod):
            amounts[name] = amounts.get(name, Decimal(0)) + pods * amount
    return {**amounts, **{name: Decimal(count) for name, count in total.items()}}


def check_quotas(quotas: Sequence[Object], needs: Mapping[str, Decimal]) -> None:
    """Raises PlacementFailed, naming quota and amounts, for the first that has no room.

    One with a scope counts some pods only; whether ours are of these is the cluster's to say.
    """
    for quota in quotas:
        spec, status = part(quota, "spec"), part(quota, "status")
        if spec.get("scopes") or spec.get("scopeSelector"):
            continue
        hard = part(status, "hard") or part(spec, "hard")
        used = part(status, "used")
        for name, limit in hard.items():
            need = needs.get(name, Decimal(0))
            left = _amount(limit) - _amount(used.get(name, "0"))
            if need > left:
                raise quota_exceeded(
                    f"quota {quota['metadata']['name']} has no room: the run needs {_said(need)} of {name}, "
                    f"{_said(max(left, Decimal(0)))} of {limit} are left"
                )


def _pods(one: Object) -> tuple[int, Object]:
    if one["kind"] == "Job":
        return one["spec"]["parallelism"], one["spec"]["template"]["spec"]
    return (1, one["spec"]) if one["kind"] == "Pod" else (0, {})


def _resources(pod: Object) -> Iterable[tuple[str, Decimal]]:
    for container in parts(pod, "containers"):
        for side, amounts in container["resources"].items():
            for resource, text in amounts.items():
                yield f"{side}.{resource}", _amount(text)
                if side == "requests":
                    yield resource, _amount(text)


def _amount(text: str) -> Decimal:
    return parse_quantity(text) or Decimal(0)


def _said(amount: Decimal) -> str:
    mebi = amount / 2**20
    if mebi >= 1 and mebi == mebi.to_integral_value():
        return f"{mebi.normalize():f}Mi"
    return f"{amount.normalize():f}"
