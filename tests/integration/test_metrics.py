"""What /metrics says of runs whose every number is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from groundswell_coordinator.services.exposition import exposition
from groundswell_coordinator.services.metrics import all_families
from groundswell_coordinator.services.readiness import Readiness
from tests.coordinator.reporting import account
from tests.integration.scripted_agent import attached, eventually, start_together
from tests.integration.site import TEST
from tests.integration.test_whole_run import DURATION, FAILED, REQUESTS

if TYPE_CHECKING:
    from tests.coordinator.reporting import Values
    from tests.integration.site import Site

Labels = frozenset[tuple[str, str]]


class Scrape:
    """One page, asked by name and labels."""

    def __init__(self, site: Site) -> None:
        page = exposition(all_families(site.coordinator))
        self.values: dict[tuple[str, Labels], float] = {}
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                key = (sample.name, frozenset(sample.labels.items()))
                assert key not in self.values, key
                self.values[key] = sample.value

    def __call__(self, name: str, **labels: str) -> float:
        return self.values[f"groundswell_{name}", frozenset(labels.items())]

    def labels(self, name: str) -> set[str]:
        """The values of all of its labels."""
        return {
            text for (one, labels), _ in self.values.items() if one == name for _, text in labels
        }


async def test_agents_are_free_busy_or_lost_and_runs_wait_in_a_queue(site: Site) -> None:
    async with attached(site.address, "a", "b") as (a, b):
        run = await site.submit(agents=1)
        await site.submit(agents=2)
        await start_together(a)
        await run.state("running")
        scrape = Scrape(site)

        assert [scrape("agents", state=state) for state in ("free", "busy", "lost")] == [1, 1, 0]
        assert scrape("attached_streams") == 2
        assert scrape("queue_length") == 1
        assert (scrape("runs", state="running"), scrape("runs", state="waiting")) == (1, 1)
        await a.leave()
        await eventually(lambda: Scrape(site)("agents", state="lost") == 1)
        assert Scrape(site)("attached_streams") == 1
        await b.leave()


async def test_a_run_is_there_with_its_latest_interval_and_gone_with_its_end(site: Site) -> None:
    async with attached(site.address, "a") as (a,):
        run = await site.submit(agents=1, run_id="this-one")
        await start_together(a)
        await run.state("running")
        assert "this-one" not in Scrape(site).labels("groundswell_http_reqs_total")

        values: Values = {REQUESTS: 5, FAILED: (1, 5), DURATION: [100.0, 200.0, 300.0], "vus": 4}
        a.report(0, values, [account("browse", 10, 8, {"no_vu": 2})])
        await run.until(lambda: bool(run.progress))
        scrape, labels = Scrape(site), {"run": "this-one", "test": "wave"}

        assert scrape("run_planned_rate", **labels) == 10
        assert scrape("run_achieved_rate", **labels) == 8
        assert scrape("run_elapsed_seconds", **labels) == 1
        assert scrape("vus", **labels) == 4
        assert scrape("http_reqs_total", **labels) == 5
        assert scrape("http_req_failed_total", **labels) == 1
        assert scrape("dropped_iterations_total", **labels) == 2
        assert scrape("http_req_duration_seconds_count", **labels) == 3
        assert scrape("http_req_duration_seconds_sum", **labels) == pytest.approx(0.6)
        for quantile, seconds in {"0.5": 0.2, "0.95": 0.3, "0.99": 0.3}.items():
            value = scrape("http_req_duration_seconds", quantile=quantile, **labels)
            assert value == pytest.approx(seconds, rel=0.002)
        assert scrape("run_agents", health="ok", **labels) == 1
        assert scrape("run_agents", health="lost", **labels) == 0

        a.report(1, {REQUESTS: 2, FAILED: (2, 2)}, [account("browse", 20, 16)], last=True)
        await run.ended()
        await eventually(lambda: not site.coordinator.runs.runs)

    assert "this-one" not in Scrape(site).labels("groundswell_http_reqs_total")
    assert "this-one" not in Scrape(site).labels("groundswell_http_req_duration_seconds")


async def test_runs_are_counted_by_their_verdict_and_reasons_once_a_run(site: Site) -> None:
    strict = TEST + 'thresholds: {http_reqs: ["count > 100"], iterations: ["count > 100"]}\n'
    async with attached(site.address, "a") as (a,):
        await (await site.submit(agents=2, wait_s=0)).ended()
        for test in (TEST, strict):
            run = await site.submit(test, agents=1)
            await start_together(a)
            a.report(0, {REQUESTS: 5, "iterations": 5}, [account("browse", 10, 10)])
            a.report(1, {REQUESTS: 5, "iterations": 5}, [account("browse", 20, 20)], last=True)
            await run.ended()
        scrape = Scrape(site)

    ends = {"PASS": 1, "FAIL": 1, "INCONCLUSIVE": 0, "none": 1}
    assert {verdict: scrape("runs_ended_total", verdict=verdict) for verdict in ends} == ends
    assert scrape("run_reasons_total", reason="threshold_failed") == 1
    assert scrape("run_reasons_total", reason="agent_lost") == 0


async def test_of_a_second_without_a_response_there_are_no_quantiles(site: Site) -> None:
    async with attached(site.address, "a") as (a,):
        run = await site.submit(agents=1, run_id="this-one")
        await start_together(a)
        a.report(0, {REQUESTS: 2, FAILED: (2, 2)}, [account("browse", 10, 10)])
        await run.until(lambda: bool(run.progress))

        labels = {"run": "this-one", "test": "wave"}
        assert math.isnan(Scrape(site)("http_req_duration_seconds", quantile="0.5", **labels))
        assert Scrape(site)("http_req_duration_seconds_count", **labels) == 0


async def test_reports_are_counted_by_what_became_of_them(site: Site) -> None:
    async with attached(site.address, "a", "b") as (a, b):
        run = await site.submit(agents=2)
        await start_together(a, b)
        sent = [a.report(0, {REQUESTS: 5}, [account("browse", 5, 5)])] * 2
        a.send(report=sent[0])
        # Interval 0 is sealed without b, 0.8 s after its end.
        await run.until(lambda: bool(run.progress))
        sent.append(b.report(0, {REQUESTS: 6}, [account("browse", 5, 5)]))
        await eventually(lambda: Scrape(site)("reports_total", outcome="amendment") == 1)
        for agent in (a, b):
            sent.append(agent.report(1, {REQUESTS: 1}, [account("browse", 10, 10)], last=True))
        await run.ended()

    scrape = Scrape(site)
    counts = [
        scrape("reports_total", outcome=outcome)
        for outcome in ("merged", "duplicate", "amendment", "too_late")
    ]
    assert counts == [3, 1, 1, 0]
    assert scrape("report_bytes_total") == sum(report.ByteSize() for report in sent)
    assert scrape("intervals_sealed_total") == 2
    # What the run's end seals has waited for nobody.
    assert scrape("seal_delay_seconds_count") in (1, 2)
    assert scrape("seal_delay_seconds_bucket", le="0.6") <= 1
    assert scrape("seal_delay_seconds_sum") > 0.8


def test_before_there_is_a_coordinator_the_process_speaks_for_itself() -> None:
    page = exposition(all_families(None))
    values = {
        sample.name: sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }

    assert values["groundswell_build_info"] == 1
    assert "groundswell_ready" not in values
    assert 0 < values["process_cpu_seconds_total"] < 100_000
    assert 10e6 < values["process_resident_memory_bytes"] < 10e9
    assert 3 <= values["process_open_fds"] <= values["process_max_fds"]
    assert values["process_start_time_seconds"] > 1.7e9


def test_what_readyz_says_can_be_watched() -> None:
    readiness = Readiness()
    pages = [exposition(all_families(None, readiness))]
    readiness.hinder("store", "it fails")
    pages.append(exposition(all_families(None, readiness)))

    assert "\ngroundswell_ready 1\n" in pages[0]
    assert "\ngroundswell_ready 0\n" in pages[1]
