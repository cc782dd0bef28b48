"""Manifests at work: what their pods run, with certificates; what alerts and dashboards ask of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.promql import RULES, alerts, metrics_documented, metrics_named, queries
from tests.e2e.processes import eventually
from tests.e2e.prometheus import asked, prometheus
from tests.e2e.rendered_pool import REQUESTS, run_on_rendered_pool
from tests.unverified import unverified

if TYPE_CHECKING:
    from tests.e2e.commands import Groundswell
    from tests.e2e.demo import Demo
    from tests.e2e.rendered_pool import RenderedPool

# What there is nothing of where all is well.
_EMPTY = "coordinator: Why runs were no PASS"
# What a busy machine may come to.
_OF_SPEED = {"GroundswellRateNotReached", "GroundswellAgentSaturated"} | {
    "GroundswellSealLag",
    "GroundswellStoreSlow",
}


def test_its_agent_loads_probes_need_no_certificate_and_every_metric_named_is_there(
    groundswell: Groundswell, demo: Demo
) -> None:
    with run_on_rendered_pool(groundswell, demo, "3s") as pool:
        _, page = pool.service.get("/metrics")
        # A kubelet verifies nothing and shows nothing.
        kubelet = replace(pool.service, tls=unverified())
        answers = {path: kubelet.get(path)[0] for path in ("/healthz", "/readyz", "/metrics")}

    assert answers == {"/healthz": 200, "/readyz": 200, "/metrics": 401}
    families = list(text_string_to_metric_families(page))
    exported = {sample.name for family in families for sample in family.samples}
    assert len(metrics_named()) > 25
    assert metrics_named() - exported == set()
    # The parser takes a counter's `_total` away.
    names = {
        f"{one.name}_total" if one.type == "counter" else one.name
        for one in families
        if one.samples
    }
    assert metrics_documented() == names


@pytest.mark.slow
def test_a_real_prometheus_answers_every_query_and_no_alert_fires(
    groundswell: Groundswell, demo: Demo
) -> None:
    with (
        run_on_rendered_pool(groundswell, demo, "15s") as pool,
        prometheus(groundswell.folder / "prometheus", _settings(pool)) as url,
    ):
        # Two scrapes make a rate.
        enough = f"count_over_time({REQUESTS}[1m]) >= 4"
        eventually(lambda: bool(asked(url, enough)), 40, "four scrapes of the run")
        missing = {where for where, query in queries() if not asked(url, query)}
        firing = {rule["alert"] for rule in alerts() if asked(url, rule["expr"])}

    assert missing == {_EMPTY}
    assert firing - _OF_SPEED == set()


def _settings(pool: RenderedPool) -> dict[str, Any]:
    """Alerts as deploy/prometheus has them, and a scrape as the ServiceMonitor would have it done."""
    settings: dict[str, Any] = yaml.safe_load((RULES.parent / "prometheus.yaml").read_text())
    settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    settings["rule_files"] = [str(RULES)]
    (scrape,) = settings["scrape_configs"]
    viewer = pool.folders["groundswell-viewer-tls"]
    scrape["scheme"] = "https"
    scrape["tls_config"] = {
        "ca_file": str(viewer / "ca.crt"),
        "cert_file": str(viewer / "tls.crt"),
        "key_file": str(viewer / "tls.key"),
        "server_name": "groundswell-coordinator",
    }
    scrape["static_configs"] = [{"targets": [pool.service.http.removeprefix("https://")]}]
    return settings
