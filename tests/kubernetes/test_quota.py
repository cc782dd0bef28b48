"""Quotas as namespaces have them, against what a run needs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from groundswell_coordinator.launch.kubernetes.certificates import RunCertificates
from groundswell_coordinator.launch.kubernetes.errors import PlacementFailed
from groundswell_coordinator.launch.kubernetes.objects import agents_job, owned
from groundswell_coordinator.launch.kubernetes.quota import check_quotas, needed
from groundswell_coordinator.launch.kubernetes.settings import RunSettings

_SETTINGS = RunSettings("r", "load", "i", agents=50, planned_s=1, graceful_stop_s=1)
_NEEDS = needed([agents_job(_SETTINGS), *owned(_SETTINGS, RunCertificates(_SETTINGS), {})])


def _quota(
    hard: dict[str, str], used: dict[str, str] | None = None, **spec: object
) -> dict[str, Any]:
    status = {"hard": hard, "used": used or {}}
    return {"metadata": {"name": "team"}, "spec": {"hard": hard, **spec}, "status": status}


def test_what_a_run_takes_is_that_of_all_its_pods_and_objects() -> None:
    assert _NEEDS["requests.cpu"] == _NEEDS["cpu"] == Decimal("50.5")
    assert _NEEDS["requests.memory"] == 51 * 512 * 2**20
    assert _NEEDS["limits.memory"] == 51 * 2**30
    assert _NEEDS["pods"] == _NEEDS["count/pods"] == 51
    assert _NEEDS["count/jobs.batch"] == _NEEDS["secrets"] == _NEEDS["services"] == 1
    assert "limits.cpu" not in _NEEDS


@pytest.mark.parametrize(
    ("hard", "used", "said"),
    [
        ({"requests.cpu": "60"}, {"requests.cpu": "10"}, "50.5 of requests.cpu, 50 of 60"),
        ({"pods": "50"}, {}, "51 of pods, 50 of 50"),
        ({"limits.memory": "50Gi"}, {}, "52224Mi of limits.memory, 51200Mi of 50Gi"),
        ({"services": "1"}, {"services": "3"}, "1 of services, 0 of 1"),
    ],
)
def test_a_quota_without_room_is_named_with_its_amounts(
    hard: dict[str, str], used: dict[str, str], said: str
) -> None:
    with pytest.raises(PlacementFailed) as raised:
        check_quotas([_quota(hard, used)], _NEEDS)
    assert said in raised.value.message
    assert "team" in raised.value.message


def test_quotas_with_room_of_other_things_and_of_some_pods_only_let_it_pass() -> None:
    check_quotas(
        [
            _quota({"requests.cpu": "50500m", "persistentvolumeclaims": "0"}),
            _quota({"pods": "0"}, scopes=["BestEffort"]),
            _quota({"pods": "0"}, scopeSelector={"matchExpressions": []}),
        ],
        _NEEDS,
    )
