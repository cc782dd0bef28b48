from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from groundswell_coordinator.outputs.destination import parse_destination
from groundswell_coordinator.outputs.outlet import Outlet
from tests.coordinator.outputs.seconds import facts, second

if TYPE_CHECKING:
    from pathlib import Path


async def written(place: str, seconds: int) -> Outlet:
    outlet = Outlet(parse_destination(f"jsonl={place}").open(facts()), lambda message: None)
    for number in range(seconds):
        outlet.offer(second(number, samples=(1.0, 2.0, 3.0)))
    await outlet.close()
    return outlet


async def test_a_line_is_one_series_in_one_second(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("of an earlier run\n")
    outlet = await written(str(path), 2)
    lines: list[dict[str, Any]] = [json.loads(line) for line in path.read_text().splitlines()]

    assert outlet.missed == 0
    assert len(lines) == 2 * 9
    assert {line["run"] for line in lines} == {"run-1"}
    assert [line["interval"] for line in lines] == [0] * 9 + [1] * 9
    assert lines[0]["time"] == "2026-03-04T05:06:08.000Z"
    trend = next(line for line in lines if line["metric"] == "http_req_duration")
    assert (trend["type"], trend["unit"]) == ("trend", "ms")
    assert trend["tags"] == {"name": "/cart", "scenario": "browse"}
    assert (trend["values"]["count"], trend["values"]["med"], trend["values"]["max"]) == (3, 2, 3)
    # Of the second alone, and no totals.
    counts = [line["values"]["count"] for line in lines if line["metric"] == "http_reqs"]
    assert counts == [3, 6, 3, 6]
    rate = next(line for line in lines if line["metric"] == "http_req_failed")
    assert rate["values"] == {"rate": 1 / 3, "passes": 1, "fails": 2}


async def test_a_full_disk_is_counted_and_said() -> None:
    outlet = await written("/dev/full", 3)

    assert outlet.missed == 3
    assert outlet.last_failure == "cannot write it: No space left on device"
