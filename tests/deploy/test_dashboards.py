"""Grafana's dashboards: what the code writes, drawn without overlaps, in PromQL that can be read."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.deploy.promql import DASHBOARDS, promtool, queries
from tests.deploy.renders import DEPLOY

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]

# Those of Grafana that we use, by its names for them.
UNITS = {"none", "s", "bytes", "Bps", "ops", "reqps", "percentunit", "bool_yes_no"}


@pytest.fixture(params=DASHBOARDS, ids=lambda path: path.stem)
def dashboard(request: pytest.FixtureRequest) -> Json:
    path: Path = request.param
    content: Json = json.loads(path.read_text())
    return content


def test_the_files_are_what_the_code_writes(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "deploy.grafana", str(tmp_path)],
        cwd=DEPLOY.parent,
        check=True,
        timeout=60,
    )
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_text() for path in DASHBOARDS}


def test_each_has_an_id_of_its_own_and_is_of_a_version_that_grafana_reads() -> None:
    all_of_them = [json.loads(path.read_text()) for path in DASHBOARDS]
    assert len({one["uid"] for one in all_of_them}) == len(all_of_them) == 3
    assert {one["schemaVersion"] for one in all_of_them} == {39}


def test_the_source_of_data_is_chosen_by_whoever_looks(dashboard: Json) -> None:
    first, *others = dashboard["templating"]["list"]
    assert (first["name"], first["type"], first["query"]) == (
        "datasource",
        "datasource",
        "prometheus",
    )
    asking = [*others, *dashboard["panels"], *_targets(dashboard)]
    assert {one["datasource"]["uid"] for one in asking} == {"${datasource}"}


def test_every_panel_has_a_unit_and_legends_that_tell_its_lines_apart(dashboard: Json) -> None:
    for panel in dashboard["panels"]:
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        legends = [target["legendFormat"] for target in panel["targets"]]
        assert all(legends), panel["title"]
        assert len(set(legends)) == len(legends), panel["title"]


def test_no_two_panels_lie_over_each_other(dashboard: Json) -> None:
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    for one, other in itertools.combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)
    assert all(place["x"] + place["w"] <= 24 for place in places)


def test_every_query_can_be_read(tmp_path: Path) -> None:
    """As rules, which Prometheus' tool reads one by one."""
    rules = [{"record": f"q{index}", "expr": query} for index, (_, query) in enumerate(queries())]
    assert len(rules) > 30
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = promtool("check", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


def _targets(dashboard: Json) -> list[Json]:
    return [target for panel in dashboard["panels"] for target in panel["targets"]]
