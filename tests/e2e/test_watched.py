"""What dashboards and alerts ask for is there while a run goes on, at a real coordinator and in a real Prometheus."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.promql import RULES, alerts, metrics_named, queries
from tests.e2e.processes import eventually
from tests.e2e.prometheus import asked, prometheus
from tests.e2e.service import serving
from tests.e2e.writing import arrivals, write_test

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.e2e.commands import Groundswell
    from tests.e2e.demo import Demo
    from tests.e2e.service import Service

_REQUESTS = "groundswell_http_reqs_total"
# What there is nothing of where all is well.
_EMPTY = "coordinator: Why runs were no PASS"
# What a busy machine may come to.
_OF_SPEED = {"GroundswellRateNotReached", "GroundswellAgentSaturated"} | {
    "GroundswellSealLag",
    "GroundswellStoreSlow",
}


@contextmanager
def _run_under_way(groundswell: Groundswell, demo: Demo, for_: str) -> Generator[Service]:
    """On one agent, from its first sealed second on."""
    test = write_test(
        groundswell.folder,
        demo.url,
        {"load": arrivals("20/s", for_)},
        thresholds={"http_req_failed": ["rate < 1%"]},
    )
    with (
        serving(groundswell) as service,
        groundswell.starting("agent", "--coordinator", service.address, "--workers", "1"),
        groundswell.starting_run(test, "--coordinator", service.address, agents=1) as running,
    ):
        eventually(lambda: (service.metric(_REQUESTS) or 0) > 0, 30, "a second of it")
        yield service
        assert running.end_of_run().exit_code == 0


def test_every_metric_that_alerts_and_dashboards_name_is_exported(
    groundswell: Groundswell, demo: Demo
) -> None:
    with _run_under_way(groundswell, demo, "3s") as service:
        _, page = service.get("/metrics")
    exported = {
        sample.name for family in text_string_to_metric_families(page) for sample in family.samples
    }

    assert len(metrics_named()) > 25
    assert metrics_named() - exported == set()


@pytest.mark.slow
def test_a_real_prometheus_answers_every_query_and_no_alert_fires(
    groundswell: Groundswell, demo: Demo
) -> None:
    with (
        _run_under_way(groundswell, demo, "15s") as service,
        prometheus(groundswell.folder / "prometheus", _settings(service)) as url,
    ):
        # Two scrapes make a rate.
        enough = f"count_over_time({_REQUESTS}[1m]) >= 4"
        eventually(lambda: bool(asked(url, enough)), 40, "four scrapes of the run")
        missing = {where for where, query in queries() if not asked(url, query)}
        firing = {rule["alert"] for rule in alerts() if asked(url, rule["expr"])}

    assert missing == {_EMPTY}
    assert firing - _OF_SPEED == set()


def _settings(service: Service) -> dict[str, Any]:
    """As deploy/prometheus says, only more often, and of this coordinator."""
    settings: dict[str, Any] = yaml.safe_load((RULES.parent / "prometheus.yaml").read_text())
    settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    settings["rule_files"] = [str(RULES)]
    target = service.http.removeprefix("http://")
    settings["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
    return settings
