"""PromQL as text: what Grafana and templates put into it, and the metrics that it names."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.deploy.renders import DEPLOY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RULES = DEPLOY / "prometheus" / "rules.yaml"
DASHBOARDS = tuple(sorted((DEPLOY / "grafana").glob("*.json")))

_NAME = re.compile(r"\b(groundswell_\w+|process_\w+)\b")
_VARIABLES = {"$__rate_interval": "1m", "$instance": ".*", "$test": ".*", "$run": ".*"}


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs it beside the rules. Skips the test, by name, where there is none."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("NOT TESTED: no promtool here: apt-get install prometheus")
    return subprocess.run(
        [found, *words], cwd=RULES.parent, capture_output=True, text=True, check=False, timeout=60
    )


def alerts() -> list[dict[str, Any]]:
    rules: dict[str, Any] = yaml.safe_load(RULES.read_text())
    return [rule for group in rules["groups"] for rule in group["rules"]]


def queries() -> Iterator[tuple[str, str]]:
    """Of dashboards, as Grafana sends them: where each stands, and its text."""
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                yield f"{path.stem}: {panel['title']}", filled_in(target["expr"])


def filled_in(query: str) -> str:
    """With every variable that a dashboard has set to all there is."""
    for name, value in _VARIABLES.items():
        query = query.replace(name, value)
    assert "$" not in query, query
    return query


def metrics_named() -> set[str]:
    """In rules and their annotations, in dashboards and their variables."""
    texts = [RULES.read_text(), *(path.read_text() for path in DASHBOARDS)]
    return {name for text in texts for name in _NAME.findall(text)}


def metrics_documented() -> set[str]:
    """In docs/pool.md, without what the format puts behind a histogram's name."""
    return set(_NAME.findall((DEPLOY.parent / "docs" / "pool.md").read_text()))
