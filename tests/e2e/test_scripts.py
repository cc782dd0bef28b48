"""Tests in Python, from the command to nginx's own count."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.report.consistency import discrepancies
from tests.e2e.service import serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Groundswell
    from tests.nginx_server import NginxServer

_CHECKOUT = """
    import asyncio

    from flows.pages import NAMES, page
    from groundswell import Test, VU, arrival_rate, env, shared_iterations

    test = Test(
        "checkout",
        target="{{ env.BASE_URL }}",
        generator_limits={"send_lag": "10s", "loop_lag": "10s"},
        thresholds={"http_req_failed": "rate == 0", "checks": "rate == 1"},
    )

    @test.scenario(arrival_rate("60/s", duration="2s", max_vus=50))
    async def browse(vu: VU) -> None:
        shown = await page(vu, "/products/7")
        vu.check("1 KiB", len(shown.body) == 1024)
        await vu.pause(0.01, 0.02)
        await asyncio.gather(*(vu.http.get(name, name="beside") for name in NAMES))

    @test.scenario(shared_iterations(31, vus=3))
    async def buy(vu: VU) -> None:
        vu.check("told", vu.env["WHO"] == "nobody")
        await vu.http.post("/cart", json={"n": vu.iteration}, expect_status=405)
    """
_PAGES = """
    from groundswell import Response, VU

    NAMES = ("/a", "/b")

    async def page(vu: VU, path: str) -> Response:
        return await vu.http.get(path, name="product")
    """


def _write(folder: Path, text: str, name: str = "checkout.py") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(dedent(text), encoding="utf-8")
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    _write(tmp_path, _PAGES, "flows/pages.py")
    return _write(tmp_path, _CHECKOUT)


def test_a_run_counts_what_nginx_counts_on_two_agents_that_have_no_file_of_it(
    groundswell: Groundswell, nginx: NginxServer, checkout: Path
) -> None:
    before = nginx.requests()
    words = ("-e", f"BASE_URL={nginx.url}", "-e", "WHO=nobody")

    ran = groundswell.run(checkout, *words, agents=2)

    assert (ran.exit_code, ran.summary.verdict) == (0, "PASS"), ran
    assert ran.count("http_reqs") == nginx.requests() - before == 120 * 3 + 31
    assert ran.summary.scenarios["browse"].planned == ran.summary.scenarios["browse"].fired == 120
    assert ran.count("iterations") == 151
    assert ran.count("failed_iterations") == 0
    checks = {check.name: (check.passes, check.fails) for check in ran.summary.checks}
    assert checks == {"1 KiB": (120, 0), "told": (31, 0)}
    assert discrepancies(ran.summary) == ()


def test_validate_and_plan_read_it_like_any_test(groundswell: Groundswell, checkout: Path) -> None:
    words = ("-e", "BASE_URL=http://shop.test", "-e", "WHO=nobody", "-e", "OTHER=1")
    done = groundswell("validate", checkout, *words)
    assert done.exit_code == 0, done
    assert done.stdout == f"{checkout}: valid: 2 scenarios, 2 thresholds\n"
    assert done.stderr == f"warning: -e OTHER: {checkout} does not mention env.OTHER\n"

    done = groundswell("plan", checkout, *words[:4], "--agents", "3", "--json")
    assert done.exit_code == 0, done
    assert [one["planned"] for one in json.loads(done.stdout)["scenarios"]] == [120, 31]


@pytest.mark.parametrize("command", ["validate", "run", "plan", "doctor"])
def test_a_test_that_cannot_be_run_exits_with_104_and_its_own_lines(
    groundswell: Groundswell, checkout: Path, command: str
) -> None:
    _write(checkout.parent, "NAMES = 1 / 0\n", "flows/pages.py")
    done = groundswell(command, checkout, "-e", "BASE_URL=http://127.0.0.1:1")
    assert done.exit_code == 104, done
    folder = checkout.parent
    assert done.stderr == (
        f"{folder}/flows/pages.py:1:9: ZeroDivisionError: division by zero"
        f" (called from {checkout}:4)\n"
    )
    assert done.stdout == ""


def test_an_iteration_that_raises_is_told_and_the_run_goes_on(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    path = _write(
        groundswell.folder,
        f"""
        from groundswell import *
        test = Test("raises", target="{nginx.url}")
        @test.scenario(shared_iterations(40, vus=2))
        async def work(vu: VU) -> None:
            await vu.http.get("/")
            if vu.iteration % 2:
                raise ValueError("odd")
        """,
    )
    ran = groundswell.run(path)
    assert ran.exit_code == 0, ran
    assert ran.count("iterations") == 40
    assert 10 < ran.count("failed_iterations") < 30
    assert ran.stderr.count(f"{path}:8: ValueError: odd (scenario work, VU ") == 1
    assert "Traceback" not in ran.stderr
    told, counted = ran.summary.warnings
    failed = ran.count("failed_iterations")
    assert counted.code == "iterations_failed"
    assert (
        counted.message
        == f"{failed} of 40 iterations of work failed, {failed} by ValueError at {path}:8"
    )
    assert (told.code, told.agent) == ("exception", "agent-1")


def test_a_test_that_does_nothing_but_fail_ends_early_with_107(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    path = _write(
        groundswell.folder,
        f"""
        from groundswell import *
        test = Test("broken", target="{nginx.url}", thresholds={{"http_reqs": "count > 0"}})
        @test.scenario(arrival_rate("40/s", duration="60s", max_vus=10), name="fine")
        async def fine(vu: VU) -> None:
            await vu.http.get("/")
        @test.scenario(arrival_rate("40/s", duration="60s", max_vus=10))
        async def work(vu: VU) -> None:
            page = await vu.http.get("/")
            page["price"]
        """,
    )
    ran = groundswell.run(path, agents=2)
    assert ran.exit_code == 107, ran
    assert ran.seconds < 30
    assert (ran.summary.verdict, ran.codes[-1]) == ("INCONCLUSIVE", "script_exception")
    (reason,) = [one for one in ran.summary.reasons if one.code == "script_exception"]
    failed = ran.count("failed_iterations")
    assert reason.message == f"every iteration of work failed, {failed} by TypeError at {path}:10"
    again = groundswell("verdict", "last")
    assert again.exit_code == 107, again
    assert reason.message[:40] in again.stdout


@pytest.mark.slow
def test_a_few_iterations_that_all_fail_are_107_as_well_and_a_target_that_is_down_is_not(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    text = """
        from groundswell import *
        test = Test("few", target="{target}")
        @test.scenario(per_vu_iterations({iterations}))
        async def work(vu: VU) -> None:
            answer = await vu.http.get("/")
            answer.headers["X-Price"]
        """
    path = _write(groundswell.folder, text.format(iterations=2, target=nginx.url))
    assert groundswell.run(path).exit_code == 107
    path = _write(groundswell.folder, text.format(iterations=30, target="http://127.0.0.1:1"))
    ran = groundswell.run(path)
    assert (ran.exit_code, ran.count("failed_iterations")) == (0, 30), ran


def test_agents_of_a_pool_have_no_file_of_it_and_may_refuse_all_code(
    groundswell: Groundswell, nginx: NginxServer, checkout: Path
) -> None:
    words = ("-e", f"BASE_URL={nginx.url}", "-e", "WHO=nobody")
    before = nginx.requests()
    with serving(groundswell) as service:
        pool = ("--coordinator", service.address)
        with groundswell.starting("agent", *pool, "--workers", "2", "--no-scripts"):
            service.wait_for_agents(2)
            refused = groundswell("run", checkout, *words, *pool)
        assert nginx.requests() == before
        service.wait_for_agents(0)
        with groundswell.starting("agent", *pool, "--workers", "2"):
            service.wait_for_agents(2)
            ran = groundswell("run", checkout, *words, *pool, "--json")
    assert refused.exit_code == 104, refused
    assert "refused its share: this agent runs no tests in Python" in refused.stderr
    assert "--no-scripts" in refused.stderr
    assert ran.exit_code == 0, ran
    sent = json.loads(ran.stdout)["metrics"]["http_reqs"]["values"]["count"]
    assert sent == nginx.requests() - before == 391


_PHASES = """
    from groundswell import *

    orders = Counter("orders")
    test = Test(
        "phases",
        target="{target}",
        labels={{"team": "shop", "stage": "test"}},
        generator_limits={{"send_lag": "10s", "loop_lag": "10s"}},
        thresholds={{"orders{{plan:gold}}": "count == 24", "search": "max < 60s", "checks": "rate == 1"}},
    )

    @test.setup(timeout="30s")
    async def prepare(vu: VU) -> dict[str, object]:
        await vu.http.get("/prepared")
        {setup}
        return {{"sku": 7}}

    @test.teardown
    async def clean_up(vu: VU) -> None:
        await vu.http.delete("/cart", json=vu.setup, expect_status=405)

    @test.scenario(shared_iterations(24, vus=4))
    async def buy(vu: VU) -> None:
        vu.check("prepared", vu.setup["sku"] == 7)
        orders.add(1, plan="gold")
        async with vu.timer("search"):
            await vu.http.get("/search")
    """


def test_setup_and_teardown_are_done_once_and_its_own_metrics_are_judged(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    path = _write(groundswell.folder, _PHASES.format(target=nginx.url, setup="pass"))
    before = nginx.requests()

    ran = groundswell.run(path, "--label", "stage=live", agents=2)

    assert (ran.exit_code, ran.summary.verdict) == (0, "PASS"), ran
    assert ran.summary.labels == {"team": "shop", "stage": "live"}
    # What the phases send is in no metric.
    assert (ran.count("http_reqs"), nginx.requests() - before) == (24, 26)
    assert ran.count("orders") == 24
    assert ran.summary.metrics["search"].unit == "ms"
    for line in ("orders", "search"):
        assert f"    {line}..." in ran.stdout.partition("CUSTOM")[2], ran.stdout
    shown = groundswell("show", "last", "--from", "0s", "--to", "1s")
    assert "orders" in shown.stdout.partition("CUSTOM")[2], shown


def test_an_exception_in_setup_ends_the_run_with_107_before_any_load(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    text = _PHASES.format(target=nginx.url, setup="raise KeyError('sku')")
    path = _write(groundswell.folder, text)
    before = nginx.requests()
    done = groundswell("run", path, "--agents", "1")
    assert done.exit_code == 107, done
    assert f"{path}:16: KeyError: 'sku'" in done.stderr
    assert "Traceback" not in done.stderr
    assert nginx.requests() - before == 1


@pytest.mark.slow
def test_modules_may_take_longer_to_import_than_a_lease_lasts(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    path = _write(
        groundswell.folder,
        f"""
        import time
        time.sleep(4)
        from groundswell import *
        test = Test("heavy", target="{nginx.url}")
        @test.scenario(per_vu_iterations(3))
        async def work(vu: VU) -> None:
            await vu.http.get("/")
        """,
    )
    with serving(groundswell, "--lease", "2s") as service:
        pool = ("--coordinator", service.address)
        with groundswell.starting("agent", *pool, "--workers", "1"):
            service.wait_for_agents(1)
            done = groundswell("run", path, *pool)
    assert done.exit_code == 0, done
