"""The page of a run, read by an HTML parser: it is complete, fetches nothing, and names are text."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_coordinator.report.html import document, run_page
from groundswell_coordinator.report.html.figure import as_script_data, plain, rounded
from groundswell_coordinator.report.html.markup import Markup, element, table
from tests.coordinator.report.html.hours import material, with_everything
from tests.coordinator.report.samples import ALL, FAILED, NO_THRESHOLDS, PASSED

HOSTILE = "</script><script>alert(1)</script><img src=http://evil/x onerror='x'>\"&amp;\u2028"
WHOLE = {name: summary for name, summary in ALL.items() if summary.part is None}


class Read(HTMLParser):
    """Elements with their attributes, the texts in order, the contents of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style"):
            self.scripts.append(data)
        elif data.strip():
            self.texts.append(data.strip())

    @property
    def figures(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.scripts[1])
        return found


@pytest.fixture(autouse=True)
def short_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser need not read megabytes that are not ours; what they do is seen in a browser."""
    monkeypatch.setattr(document, "_plotly", lambda: "/* plotly */")


def page(name: str = "fail") -> Read:
    return Read(run_page.render(material(WHOLE[name], 40, ["/", "/cart"], agents=["a", "b"])))


@pytest.mark.parametrize("name", WHOLE)
def test_the_verdict_comes_first_then_its_reasons_then_the_thresholds(name: str) -> None:
    summary = WHOLE[name]
    texts = page(name).texts

    assert texts[1] == summary.verdict
    places = [texts.index("Thresholds"), texts.index("Timeline"), texts.index("Environment")]
    assert places == sorted(places)
    for reason in summary.reasons:
        assert any(reason.message in text for text in texts[: places[0]])
    for threshold in summary.thresholds:
        assert threshold.metric in texts[places[0] : places[1]]


def test_every_plot_has_its_place_and_every_place_its_plot() -> None:
    read = page()
    places = [attrs["id"] for _, attrs in read.elements if attrs.get("class") == "plot"]

    assert [figure["id"] for figure in read.figures] == places
    assert places == ["rates", "latency", "errors", "vus", "generator", "percentiles", "heat"]


def test_warm_up_losses_and_handovers_are_marked_in_every_plot_over_time() -> None:
    over_time = [one for one in page().figures if one["layout"].get("meta") == "timeline"]

    assert len(over_time) == 6
    for figure in over_time:
        shapes = figure["layout"]["shapes"]
        assert [shape["type"] for shape in shapes] == ["rect", "line", "line"]
        assert shapes[0]["x1"] == "1970-01-01 00:00:30.000"
        assert [shape["x0"][-6:] for shape in shapes[1:]] == ["20.000", "24.000"]
        said = [one.get("hovertext", "") for one in figure["layout"]["annotations"]]
        assert any("agent lost: b: silent for 5.25s" in text for text in said)
        assert any("the share of b moved to a" in text for text in said)
        assert not any("before the load" in text for text in said)


def test_what_was_measured_is_in_the_plots() -> None:
    figures = {figure["id"]: figure for figure in page().figures}
    lines = {line["name"]: line for line in figures["rates"]["data"]}

    assert lines["requests"]["y"] == [100] * 40
    assert lines["iterations planned"]["y"] == [20, 500, 500]
    assert lines["iterations planned"]["x"][1] == "1970-01-01 00:01:00.500"
    assert lines["iterations started"]["y"] == [198] * 40
    heat = figures["heat"]["data"][0]
    assert sum(count or 0 for row in heat["z"] for count in row) == 40 * 100


def test_nothing_is_fetched_and_nothing_may_be() -> None:
    read = page()

    assert {tag for tag, _ in read.elements}.isdisjoint({"link", "img", "iframe", "a", "base"})
    for _, attrs in read.elements:
        assert not {"src", "href", "srcset", "action"} & attrs.keys()
    style = read.scripts[0]
    assert "url(" not in style
    assert "@import" not in style
    policy = next(attrs for _, attrs in read.elements if "http-equiv" in attrs)
    assert (policy["content"] or "").startswith("default-src 'none';")


def test_a_run_without_any_request_has_a_page_without_plots() -> None:
    read = Read(run_page.render(material(NO_THRESHOLDS, 0, [], agents=["a"])))

    assert "nothing was judged" in " ".join(read.texts)
    assert not any(attrs.get("class") == "plot" for _, attrs in read.elements)


def test_names_are_text_whatever_they_look_like() -> None:
    plain_one = page()
    summary = with_everything(FAILED, HOSTILE)
    read = Read(run_page.render(material(summary, 40, [HOSTILE, "/"], agents=[HOSTILE, "b"])))

    assert read.open == []
    allowed = {tag for tag, _ in plain_one.elements}
    assert {tag for tag, _ in read.elements} <= allowed
    assert len(read.scripts) == len(plain_one.scripts)
    assert sum(HOSTILE.strip() in text for text in read.texts) > 8
    said = json.dumps(read.figures)
    assert "<script>" not in said
    assert "<img" not in said


@settings(deadline=None)
@given(st.text())
def test_whatever_is_said_is_read_as_it_was(text: str) -> None:
    shown = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", text)
    read = Read(element("p", text, title=text))
    assert len(read.elements) == 1
    assert "".join(read.texts) == shown.strip()
    assert read.elements[0][1]["title"] == shown
    data = as_script_data({"text": text})
    assert "<" not in data
    assert json.loads(data) == {"text": text}
    assert not set(plain(text)) & {"<", ">"}


def test_a_table_without_rows_is_none() -> None:
    assert table(("a", "b"), []) == ""
    assert table(("a",), [(Markup("<b>x</b>"),)]).count("<b>x</b>") == 1


@settings(deadline=None)
@given(st.lists(st.none() | st.floats(-1e15, 1e15) | st.sampled_from([math.inf, math.nan])))
def test_numbers_keep_four_digits_and_what_is_no_number_is_a_gap(
    values: list[float | None],
) -> None:
    text = json.dumps(rounded(values), allow_nan=False)
    for before, after in zip(values, json.loads(text), strict=True):
        if before is None or not math.isfinite(before):
            assert after is None
        else:
            assert after == pytest.approx(before, rel=1e-3)


@pytest.mark.slow
def test_an_hour_of_twenty_names_is_less_than_eight_megabytes() -> None:
    names = [f"/route/{number}" for number in range(20)]
    text = run_page.render(material(PASSED, 3600, names, agents=["a", "b"]))

    assert len(text.encode()) + 4_850_000 < 8_000_000
