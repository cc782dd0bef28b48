"""Metrics of a test's own, as a report has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.agent.script.played import play, script

if TYPE_CHECKING:
    from tests.agent.engine.site import Site

_METRICS = """
    orders, used, depth = Counter("orders"), Rate("used"), Gauge("depth")
    size, took = Trend("size", unit="bytes"), Trend("took", unit="ms")
"""


async def test_each_kind_adds_up_under_the_tags_of_the_scenario_and_its_own(site: Site) -> None:
    body = """
        orders.add()
        used.add(vu.iteration)
        async with vu.group("g"):
            orders.add(4, plan="gold")
            depth.set(vu.iteration * 1.5)
            size.add(1024 * vu.iteration)
            await asyncio.gather(beside())
        """
    more = _METRICS + "\n    async def beside(): took.add(12.5)"
    executor = "per_vu_iterations(3, tags={'team': 'x'})"
    run = await play(script(body, more=more, executor=executor), site.url)

    assert run.count("orders", scenario="s", team="x") == 15
    assert run.count("orders", plan="gold", group="g") == 12
    assert run.rate("used") == (2, 3)
    assert run.trend("size").max_ms == pytest.approx(2048, rel=0.001)
    assert (run.trend("size").min_ms, run.trend("size").count) == (0, 3)
    assert run.trend("took", group="g").percentile(50) == pytest.approx(12.5, rel=0.002)
    (depth,) = [value for (metric, _), value in run.gauges.items() if metric == "depth"]
    assert depth[-1] == 3.0
    assert run.count("failed_iterations") == 0


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ("orders.add(0.5)", "ValueError"),
        ("orders.add(-1)", "ValueError"),
        ("size.add(-1)", "ValueError"),
        ("size.add(float('nan'))", "ValueError"),
        ("orders.add(1, status='x')", "ValueError"),
        ("orders.add(1, plan=7)", "TypeError"),
        ("async with vu.timer('http_reqs'): pass", "ValueError"),
        ("async with vu.timer('a b'): pass", "ValueError"),
        ("async with vu.timer('orders'): pass", "ValueError"),
    ],
)
async def test_what_is_no_sample_is_an_exception(site: Site, call: str, kind: str) -> None:
    run = await play(script(f"orders.add()\n{call}", more=_METRICS), site.url)
    assert run.count("failed_iterations", exception=kind) == 1
    assert run.count("orders") == 1
