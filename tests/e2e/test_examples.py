"""The examples do what they say, against the demo target that they are written for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.report.consistency import discrepancies

if TYPE_CHECKING:
    from tests.e2e.commands import Groundswell
    from tests.e2e.demo import Demo

_EXAMPLES = Path(__file__).parents[2] / "examples"
_SHORT = {"smoke.yaml", "accounts.yaml"}


def _examples() -> list[object]:
    return [
        pytest.param(path, id=path.stem, marks=() if path.name in _SHORT else pytest.mark.slow)
        for path in sorted(_EXAMPLES.glob("*.yaml"))
    ]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("example", _examples())
def test_an_example_counts_what_the_demo_target_counts(
    groundswell: Groundswell, demo: Demo, example: Path
) -> None:
    with groundswell.starting_run(example, "--target", demo.url) as running:
        ran = running.end_of_run(within_s=200)

    phases = (ran.summary.setup, ran.summary.teardown)
    beside = sum(one.requests for one in phases if one is not None)
    assert ran.count("http_reqs") + beside == demo.requests(), ran
    assert discrepancies(ran.summary) == ()
    assert "rate_not_reached" not in ran.codes
    # Their limits on latency are for a machine that has nothing else to do.
    late = {"http_req_duration", "http_req_response_time"}
    failed = [one for one in ran.summary.thresholds if one.ok is not True]
    assert {one.metric.partition("{")[0] for one in failed} <= late, ran
    assert ran.exit_code in ({0, 96, 99} if failed or ran.summary.reasons else {0})
