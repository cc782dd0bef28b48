from __future__ import annotations

import csv

import pytest

from groundswell_coordinator.report import csv_table
from tests.coordinator.report.materials import material
from tests.coordinator.report.samples import ALL


@pytest.mark.parametrize("name", ALL)
def test_every_value_of_every_metric_is_there_and_no_other(name: str) -> None:
    summary = ALL[name]
    text = csv_table.render(material(summary))
    rows = list(csv.DictReader(text.splitlines()))

    assert len(rows) == len(summary.metrics)
    for row, (key, metric) in zip(rows, summary.metrics.items(), strict=True):
        tags = f"{{{row['tags']}}}" if row["tags"] else ""
        assert f"{row['metric']}{tags}" == key
        assert (row["run"], row["verdict"]) == (summary.run, summary.verdict or "")
        assert (row["type"], row["unit"]) == (metric.type, metric.unit or "")
        known = {value: float(row[value]) for value in csv_table.COLUMNS[6:] if row[value] != ""}
        assert known == metric.values
