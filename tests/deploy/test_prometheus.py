"""Alert rules and the scrape configuration, read and tried by Prometheus' own tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.deploy import prometheus_rule
from tests.deploy.promql import RULES, alerts, promtool

if TYPE_CHECKING:
    from pathlib import Path

TESTS = RULES.parent / "rules_test.yaml"


def test_rules_and_configuration_can_be_read() -> None:
    done = promtool("check", "config", "prometheus.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(alerts())} rules found" in done.stdout


def test_every_alert_fires_when_it_should_and_not_otherwise() -> None:
    done = promtool("test", "rules", TESTS.name)
    assert done.returncode == 0, done.stdout + done.stderr


def test_and_would_not_pass_if_a_rule_never_fired(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES.read_text().replace("== 0\n", "== 7\n"))
    (tmp_path / TESTS.name).write_text(TESTS.read_text())
    done = promtool("test", "rules", tmp_path / TESTS.name)
    assert done.returncode != 0
    assert "GroundswellCoordinatorNotReady" in done.stdout + done.stderr


@pytest.mark.parametrize("alert", [rule["alert"] for rule in alerts()])
def test_there_is_a_test_of_both(alert: str) -> None:
    fires = {bool(case.get("exp_alerts")) for case in _cases() if case["alertname"] == alert}
    assert fires == {True, False}


def test_each_says_how_bad_it_is_and_what_to_do() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in ("critical", "warning", "info"), rule["alert"]
        assert rule["annotations"].keys() == {"summary", "description"}, rule["alert"]


def test_the_operator_is_given_the_same_rules() -> None:
    assert prometheus_rule.FILE.read_text() == prometheus_rule.with_rules(
        prometheus_rule.FILE.read_text()
    ), "python -m tests.deploy.prometheus_rule"


def _cases() -> list[dict[str, Any]]:
    tests: dict[str, Any] = yaml.safe_load(TESTS.read_text())
    return [case for test in tests["tests"] for case in test["alert_rule_test"]]
