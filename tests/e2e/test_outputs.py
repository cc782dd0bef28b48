"""What a run sends on while it runs: the sums are the target's, and no receiver is its business."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from groundswell_coordinator.store.location import DATABASE
from tests.coordinator.outputs.receiver import HttpReceiver
from tests.coordinator.outputs.test_otlp import SUM, attributes, metrics
from tests.coordinator.outputs.test_prometheus import read
from tests.coordinator.outputs.wire import messages, whole
from tests.e2e.processes import eventually
from tests.e2e.prometheus import asked, prometheus
from tests.e2e.service import serving
from tests.e2e.writing import arrivals, write_test
from tests.free_port import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Groundswell, Ran
    from tests.e2e.demo import Demo


def _test(groundswell: Groundswell, demo: Demo) -> Path:
    return write_test(groundswell.folder, demo.url, {"load": arrivals("40/s", "2s")})


def _warned(ran: Ran) -> list[str]:
    return [one.message for one in ran.summary.warnings if one.code == "output_missed"]


async def test_every_output_has_what_the_target_counted_whatever_becomes_of_the_others(
    groundswell: Groundswell, demo: Demo
) -> None:
    lines = groundswell.folder / "out.jsonl"
    dead = f"http://127.0.0.1:{free_port()}/write"
    async with (
        HttpReceiver().listening() as prometheus,
        HttpReceiver().listening() as otlp,
    ):
        words = [f"prometheus={prometheus.url}/api/v1/write", f"otlp={otlp.url}"]
        words += [f"jsonl={lines}", f"prometheus={dead}"]
        outs = [part for word in words for part in ("--out", word)]
        ran = await asyncio.to_thread(
            groundswell.run, _test(groundswell, demo), *outs, "--agents", "2"
        )

    assert (ran.exit_code, ran.summary.verdict) == (0, "PASS"), ran
    requests = demo.requests()
    assert ran.count("http_reqs") == requests == 80
    *bodies, farewell = [got.body for got in prometheus.taken]
    newest = {key: value for body in bodies for key, (value, _) in read(body).items()}
    totals = [
        value
        for key, value in newest.items()
        if dict(key)["__name__"] == "groundswell_http_reqs_total"
    ]
    assert sum(totals) == requests
    assert {dict(key)["run"] for key in newest} == {ran.summary.run}
    assert read(farewell).keys() == newest.keys()
    assert max(_of_otlp(got.body) for got in otlp.taken) == requests
    told = [json.loads(line) for line in lines.read_text().splitlines()]
    counts = [one["values"]["count"] for one in told if one["metric"] == "http_reqs"]
    assert sum(counts) == requests

    (warning,) = _warned(ran)
    assert dead in warning
    assert "Connection refused" in warning
    assert "output_failing" in ran.stderr
    again = await asyncio.to_thread(groundswell, "show", "last", "--json")
    assert [one["code"] for one in json.loads(again.stdout)["warnings"]] == ["output_missed"]


@pytest.mark.slow
async def test_a_receiver_that_never_answers_costs_the_end_some_seconds_and_the_load_nothing(
    groundswell: Groundswell, demo: Demo
) -> None:
    async with HttpReceiver(delay_s=60).listening() as slow:
        ran = await asyncio.to_thread(
            groundswell.run, _test(groundswell, demo), "--out", f"otlp={slow.url}"
        )

    assert (ran.exit_code, ran.count("http_reqs"), demo.requests()) == (0, 80, 80), ran
    (warning,) = _warned(ran)
    assert f"missed {ran.summary.duration_s + 1:.0f} of" in warning


@pytest.mark.slow
async def test_a_run_that_outlives_its_coordinator_says_what_its_outputs_missed(
    groundswell: Groundswell, demo: Demo
) -> None:
    test = write_test(groundswell.folder, demo.url, {"load": arrivals("50/s", "8s")})
    async with HttpReceiver().listening() as receiver:
        secret = f"prometheus={receiver.url.replace('//', '//me:s3cret@')}/write?key=s3cret"
        ran = await asyncio.to_thread(_restarted, groundswell, test, secret, receiver)
        judged = await asyncio.to_thread(groundswell, "verdict", "last")

    assert (ran.exit_code, ran.count("http_reqs"), demo.requests()) == (0, 400, 400), ran
    assert _warned(ran) == [
        f"prometheus={receiver.url}/write got nothing after the coordinator was restarted"
    ]
    assert judged.exit_code == 0, judged
    assert b"s3cret" not in (groundswell.home / DATABASE).read_bytes()


def _restarted(groundswell: Groundswell, test: Path, out: str, receiver: HttpReceiver) -> Ran:
    # A busy machine may take a while to start the next one.
    lease = ("--lease", "30s")
    with serving(groundswell, *lease) as service:
        there = service.address
        with (
            groundswell.starting("agent", "--coordinator", there),
            groundswell.starting_run(test, "--coordinator", there, "--out", out) as running,
        ):
            eventually(lambda: len(receiver.taken) >= 2, 30, "two seconds of it")
            service.running.signal(signal.SIGTERM)
            assert service.running.end().exit_code == 0
            with serving(groundswell, *lease, listen=there):
                return running.end_of_run()


def _of_otlp(body: bytes) -> int:
    found = metrics(body)
    if "groundswell.http_reqs" not in found:
        return 0  # in the last moments of a run there may be none
    (total,) = messages(found["groundswell.http_reqs"], SUM)
    points = messages(total, 1)
    assert all(attributes(messages(one, 7))["scenario"] == "load" for one in points)
    return sum(whole(one, 6) for one in points)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("prometeus=http://x", "did you mean prometheus"),
        ("otlp=collector:4318", "not a URL of http or https"),
        ("jsonl=/none/of/these", "No such file or directory"),
    ],
)
def test_an_output_that_cannot_be_is_found_out_before_any_load(
    groundswell: Groundswell, demo: Demo, word: str, said: str
) -> None:
    done = groundswell("run", _test(groundswell, demo), "--out", word)

    assert done.exit_code == 2, done
    assert said in done.stderr
    assert demo.requests() == 0


def test_a_file_is_not_written_where_somebody_elses_coordinator_is(
    groundswell: Groundswell, demo: Demo
) -> None:
    nobody = ("--coordinator", "127.0.0.1:1")
    done = groundswell("run", _test(groundswell, demo), *nobody, "--out", "jsonl=x")

    assert (done.exit_code, "the coordinator's machine" in done.stderr) == (2, True), done


@pytest.mark.slow
def test_a_real_prometheus_has_what_the_target_counted(
    groundswell: Groundswell, demo: Demo
) -> None:
    settings = {"global": {"scrape_interval": "1m"}}
    receiving = "--web.enable-remote-write-receiver"
    with prometheus(groundswell.folder / "prometheus", settings, receiving) as url:
        ran = groundswell.run(_test(groundswell, demo), "--out", f"prometheus={url}/api/v1/write")
        assert _warned(ran) == []
        total = _asked(url, "sum(last_over_time(groundswell_http_reqs_total[5m]))")
        p95 = _asked(
            url,
            "max(max_over_time(groundswell_http_req_duration_seconds{quantile='1'}[5m]))",
        )

    assert total == demo.requests() == 80
    longest = ran.summary.metrics["http_req_duration"].values["max"] / 1000
    assert p95 == pytest.approx(longest, rel=1e-3)


def _asked(url: str, query: str) -> float:
    # The last second of a run ends up to one second after the run.
    values: list[Any] = []

    def has_value() -> bool:
        values[:] = asked(url, query)
        return bool(values)

    eventually(has_value, 10.0, "an answer")
    return float(values[0]["value"][1])
