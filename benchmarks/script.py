"""`python -m benchmarks.script`: what a function costs in the place of steps. Requests per CPU-second of
an agent with a test in Python, against the same requests in YAML, in turns.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import indent
from typing import TYPE_CHECKING

import uvloop
from tests.nginx_server import running_nginx

from benchmarks.flow import PRODUCT_LOCATION
from benchmarks.target import TARGET_CORE
from groundswell.scenario.loader import TestSource, read_source
from groundswell.v1 import agent_pb2
from groundswell_agent.agent import COLLECT_AFTER
from groundswell_agent.engine.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Generator

    from groundswell.v1.metrics_pb2 import Report

_VUS = 64


@dataclass(frozen=True, slots=True)
class Pair:
    """The same iteration twice."""

    name: str
    step: str
    body: str


PAIRS = (
    Pair("one GET", "{get: /page, name: page}", 'await vu.http.get("/page", name="page")'),
    Pair(
        "a path of each iteration, a header, a status check",
        '{get: "/page?n={{ iteration }}", name: page, headers: {X-VU: "{{ vu }}"}, check: {status: 200}}',
        'r = await vu.http.get(f"/page?n={vu.iteration}", name="page", headers={"X-VU": str(vu.number)})\n'
        'vu.check("page: status 200", r.status == 200)',
    ),
    Pair(
        "JSON read and checked",
        "{get: /products/7, name: product, check: {status: 200, $.price: '> 0'}}",
        'r = await vu.http.get("/products/7", name="product")\n'
        'vu.check("product: status 200", r.status == 200)\n'
        'vu.check("product: price", r.json()["price"] > 0)',
    ),
    Pair(
        "a POST of JSON",
        '{post: /page, name: add, json: {sku: "{{ vu }}", quantity: 1}, expect_status: [405]}',
        'await vu.http.post("/page", name="add", json={"sku": vu.number, "quantity": 1}, expect_status=405)',
    ),
)

_FILE = """\
from groundswell import VU, Test, constant_vus

test = Test("speed", target="{url}")

@test.scenario(constant_vus({vus}, duration="{seconds}s"))
async def load(vu: VU) -> None:
{body}
"""


def rates(pair: Pair, *, seconds: int, rounds: int) -> list[tuple[float, float]]:
    """Requests per CPU-second of the steps and of the function."""
    with (
        TemporaryDirectory() as name,
        running_nginx(Path(name), locations=PRODUCT_LOCATION) as nginx,
        _on_own_core(),
    ):
        os.sched_setaffinity(nginx.pid, {TARGET_CORE})
        steps, code = _of_steps(nginx.url, pair, seconds), _of_code(nginx.url, pair, seconds)
        return [(_rate(steps), _rate(code)) for _ in range(rounds)]


@contextmanager
def _on_own_core() -> Generator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, before - {TARGET_CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _of_steps(url: str, pair: Pair, seconds: int) -> TestSource:
    text = (
        f"test: speed\ntarget: {url}\nscenarios:\n  load:\n    executor: constant-vus\n"
        f"    vus: {_VUS}\n    duration: {seconds}s\n    steps: [{pair.step}]\n"
    )
    return TestSource("speed.yaml", text.encode())


def _of_code(url: str, pair: Pair, seconds: int) -> TestSource:
    body = indent(pair.body, "    ")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "speed.py"
        file.write_text(_FILE.format(url=url, vus=_VUS, seconds=seconds, body=body))
        return read_source(str(file))


def _rate(source: TestSource) -> float:
    """An agent's engine, from T to its end, in this process: nothing else is on its core."""
    count, spent = uvloop.run(_played(source))
    return count / spent


async def _played(source: TestSource) -> tuple[int, float]:
    prepare = agent_pb2.Prepare(
        run_id="speed",
        source=agent_pb2.TestSource(name=source.name, text=source.text),
        shares=agent_pb2.ShareTable(entries=[agent_pb2.ShareEntry(agent="a", weight=1)]),
        agent="a",
        seed=1,
    )
    engine = Engine.build(prepare, incarnation="speed")
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    reports: list[Report] = []
    began = time.process_time()
    await engine.run(time.monotonic_ns(), report=reports.append, started=lambda _: None)
    return _requests(reports), time.process_time() - began


def _requests(reports: list[Report]) -> int:
    numbers = {
        one.number for report in reports for one in report.declarations if one.metric == "http_reqs"
    }
    return sum(one.delta for report in reports for one in report.counters if one.series in numbers)


def table(*, seconds: int, rounds: int) -> str:
    """As Markdown; the figures of the middle round, by its ratio."""
    lines = [
        "| iteration | YAML, requests/CPU-s | Python, requests/CPU-s | × YAML [min–max] |",
        "|---|---|---|---|",
    ]
    for pair in PAIRS:
        found = sorted(rates(pair, seconds=seconds, rounds=rounds), key=lambda one: one[1] / one[0])
        ratios = [code / steps for steps, code in found]
        steps, code = found[len(found) // 2]
        middle = statistics.median(ratios)
        lines.append(
            f"| {pair.name} | {steps:,.0f} | {code:,.0f} "
            f"| **{middle:.2f}** [{ratios[0]:.2f}–{ratios[-1]:.2f}] |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    quick = "--quick" in sys.argv[1:]
    print(table(seconds=2, rounds=2 if quick else 9))
