"""A page in a real Chromium: its plots are drawn, on a phone and in the dark, and it calls nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.report.html import run_page
from tests.browser import chromium
from tests.coordinator.report.html.hours import material, with_everything
from tests.coordinator.report.samples import FAILED
from tests.coordinator.report.searches import FOUND, SEARCHED, level

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser import Page

_DRAWN = "document.documentElement?.dataset.drawn"
_PLOTS = "document.querySelectorAll('.plot .main-svg .xy').length"
_LINES = "document.querySelectorAll('#latency .scatterlayer path.js-line').length"
_WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
_GRID = "getComputedStyle(document.querySelector('#rates .xgrid')).stroke"
_BUTTONS = (
    "[...new Set([...document.querySelectorAll('.modebar-btn')].map("
    "(one) => one.dataset.title))].join('; ')"
)
_BACKGROUND = "getComputedStyle(document.body).backgroundColor"
_WIDTHS = (
    "[...new Set([...document.querySelectorAll('.plot')].map("
    "(one) => one.querySelector('.main-svg').getBoundingClientRect().width - one.clientWidth))]"
)
_HOSTILE = (
    "</script><script>window.hit=1</script><img src=http://127.0.0.1:9/x onerror=window.hit=1>"
)


async def _assert_drawn(page: Page, plots: int) -> None:
    await page.until(f"{_DRAWN} === '{plots}'")
    assert await page.value(_PLOTS) >= plots
    assert await page.value(_LINES) == 4
    assert not await page.value(_WIDER)


async def _assert_alone(page: Page, path: Path) -> None:
    """No name in it has become code, and it calls nobody."""
    assert await page.value("window.hit") is None
    assert page.complaints == []
    # A heat map is a picture that the page has made itself.
    called = {url for url in page.requests if not url.startswith("data:")}
    assert called == {path.as_uri()}


@pytest.mark.slow
async def test_plots_are_drawn_and_the_page_calls_nobody_and_complains_of_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.html"
    summary = with_everything(FAILED, _HOSTILE)
    path.write_text(run_page.render(material(summary, 90, [_HOSTILE, "/"], agents=["a", "b"])))

    async with chromium(tmp_path / "profile") as page:
        await page.look(1280, 900)
        await page.open(path)
        await _assert_drawn(page, 7)
        light = await page.value(_GRID), await page.value(_BACKGROUND)

        assert await page.value(_BUTTONS) == (
            "Download plot as a PNG; Zoom; Pan; Zoom in; Zoom out; Reset axes"
        )
        await _zooms_together(page)

        await page.look(390, 844, dark=True)
        await page.open(path)
        await _assert_drawn(page, 7)
        dark = await page.value(_GRID), await page.value(_BACKGROUND)
        assert all(one != other for one, other in zip(light, dark, strict=True))

        # What is dark on a screen is not on paper.
        await page.value("dispatchEvent(new Event('beforeprint'))")
        await page.until(f"({_GRID}) === '{light[0]}'")
        await page.value("dispatchEvent(new Event('afterprint'))")
        await page.until(f"({_GRID}) === '{dark[0]}'")

        await _assert_alone(page, path)


async def _zooms_together(page: Page) -> None:
    start, end = "1970-01-01 00:00:10", "1970-01-01 00:00:20"
    await page.value(
        f"void Plotly.relayout('rates', {{'xaxis.range[0]': '{start}', 'xaxis.range[1]': '{end}'}})"
    )
    for other in ("latency", "vus", "heat"):
        shown = f"document.getElementById('{other}')._fullLayout.xaxis.range[0]"
        await page.until(f"String({shown}).startsWith('{start}')")


@pytest.mark.slow
async def test_an_hour_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "hour.html"
    names = [f"/route/{number}" for number in range(20)]
    path.write_text(run_page.render(material(FAILED, 3600, names, agents=["a", "b"])))

    async with chromium(tmp_path / "profile") as page:
        await page.look(1280, 900)
        await page.open(path)
        await _assert_drawn(page, 7)
        assert page.complaints == []


@pytest.mark.slow
async def test_a_search_is_drawn_by_rate_on_a_screen_on_a_phone_and_on_paper(
    tmp_path: Path,
) -> None:
    path = tmp_path / "capacity.html"
    levels = tuple(level(rate) for rate in (100, 200, 400, 800, 1240, 1240))
    found = replace(FOUND, scenarios=(_HOSTILE,), levels=(*levels, level(1600, "failed")))
    path.write_text(run_page.render(material(replace(SEARCHED, capacity=found), 90, ["/"])))

    async with chromium(tmp_path / "profile") as page:
        for width, dark in ((390, True), (1280, False)):
            await page.look(width, 844, dark=dark)
            await page.open(path)
            await _assert_drawn(page, 9)
            assert await page.value(_marks("#capacity-times")) == len(levels) + 2
            for plot, axis in (("times", "x"), ("times", "y"), ("rates", "y"), ("rates", "y2")):
                await _assert_readable(page, f"#capacity-{plot} .{axis}tick text")

        assert await page.value(_WIDTHS) == [0]
        await page.value("dispatchEvent(new Event('beforeprint'))")
        await page.until(f"({_WIDTHS}).every((one) => one < -400)")
        await page.value("dispatchEvent(new Event('afterprint'))")
        await page.until(f"String({_WIDTHS}) === '0'")

        await _assert_alone(page, path)


def _marks(plot: str) -> str:
    """How many levels are on the line of p95, and beside it as not passed."""
    traces = f"[...document.querySelectorAll('{plot} .scatterlayer .trace')]"
    return f"{traces}.filter((_, at) => at % 2).flatMap((one) => [...one.querySelectorAll('.point')]).length"


async def _assert_readable(page: Page, ticks: str) -> None:
    """Ticks are written out, so that they rise, and none covers another."""
    all_ = f"[...document.querySelectorAll('{ticks}')]"
    texts = [
        text.replace(",", "") for text in await page.value(f"{all_}.map((t) => t.textContent)")
    ]
    assert len(texts) > 2
    assert sorted(set(map(float, texts))) == list(map(float, texts))
    boxes = f"{all_}.map((t) => t.getBoundingClientRect())"
    apart = "a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top"
    assert await page.value(f"{boxes}.every((a, i, all) => all.slice(i + 1).every((b) => {apart}))")
