"""Markdown, read back by a parser that is not ours: names of a test are text and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from groundswell.errors import InvalidTest, Problem
from groundswell_coordinator.report import markdown
from groundswell_coordinator.report.markdown_text import code, prose, table
from groundswell_coordinator.report.summary import CheckSummary, ErrorSummary, ReasonSummary
from tests.coordinator.report.materials import material
from tests.coordinator.report.samples import ALL, FAILED, INCONCLUSIVE, NO_THRESHOLDS, PASSED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOSTILE = "</td>|`@team` #7 [x](http://evil) ![i](y) **b** ~~s~~ <img src=x> \n# h\n---"


def tokens(text: str) -> Iterator[Token]:
    for token in READER.parse(text):
        yield token
        yield from token.children or ()


def rows(text: str) -> list[list[str]]:
    """The cells of all tables, as they are shown."""
    html = str(READER.render(text))
    return [
        re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
        for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    ]


@pytest.mark.parametrize("name", ALL)
def test_verdict_reasons_and_thresholds_come_first(name: str) -> None:
    summary = ALL[name]
    text = markdown.render(material(summary))
    lines = text.splitlines()

    assert (summary.verdict or "A part of a run") in lines[0]
    reasons = [line for line in lines if line.startswith("- ")]
    assert len(reasons) == len(summary.reasons) + len(summary.warnings)
    judged = [row for row in rows(text) if row[0] in ("✅", "❌", "⚠️")]
    assert [row[0] for row in judged] == [
        {True: "✅", False: "❌", None: "⚠️"}[one.ok] for one in summary.thresholds
    ]


@pytest.mark.parametrize("name", ALL)
def test_every_row_has_as_many_cells_as_its_title(name: str) -> None:
    for line in markdown.render(material(ALL[name])).split("\n\n"):
        widths = {len(row) for row in rows(line)}
        assert len(widths) <= 1


def test_a_threshold_says_what_was_measured() -> None:
    text = markdown.render(material(FAILED))

    assert rows(text)[3][:2] == ["❌", "<code>http_req_failed</code>"]
    assert "rate=0.104%" in rows(text)[3][3]
    assert "p(99)=810.2ms in the worst window, 2m10s to 2m40s" in rows(text)[2][3]


def test_without_thresholds_it_says_that_nothing_was_judged() -> None:
    assert "nothing was judged" in markdown.render(material(NO_THRESHOLDS))


def test_failed_checks_and_errors_are_listed_the_most_frequent_first() -> None:
    text = markdown.render(material(FAILED))

    assert ["<code>has a price</code>", "606", "315300"] in rows(text)
    errors = [
        row for row in rows(text) if row[0] in ("<code>timeout</code>", "<code>refused</code>")
    ]
    assert [row[2] for row in errors] == ["604", "2"]


def test_a_run_that_never_was_one_says_why() -> None:
    problems = [Problem("t.yaml", 3, 1, "no <such> key", "did you mean `x`?")]
    text = markdown.render_failure("t.yaml", InvalidTest(problems))

    assert "No run" in text
    assert "t.yaml:3:1: no &lt;such&gt; key (did you mean \\`x\\`?)" in text


def test_names_are_text_and_nothing_else() -> None:
    summary = replace(
        INCONCLUSIVE,
        test=HOSTILE,
        labels={"k": HOSTILE},
        reasons=(ReasonSummary("agent_lost", HOSTILE, agent=HOSTILE),),
        thresholds=(replace(PASSED.thresholds[0], metric=HOSTILE),),
        checks=(CheckSummary(HOSTILE, 1, 1),),
        errors=(ErrorSummary("timeout", HOSTILE, 1),),
    )
    text = markdown.render(material(summary))

    kinds = {token.type for token in tokens(text)}
    assert kinds.isdisjoint({"link_open", "image", "html_inline", "html_block", "s_open", "hr"})
    assert [token.tag for token in tokens(text) if token.type == "heading_open"] == ["h3"]
    outside_code = re.sub(r"(`+).*?\1", "", text)
    assert not re.search(r"@\w|#\d|https?://", outside_code)


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_prose_is_read_as_the_text_that_it_was(text: str) -> None:
    inline = READER.parseInline(f"x {prose(text)} x")[0]
    assert {token.type for token in inline.children or ()} <= {"text", "text_special"}
    shown = "".join(token.content for token in inline.children or ())
    expected = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", "\ufffd", f"x {text} x")
    assert shown.replace("\u2060", "") == expected.replace("\u2060", "")


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1))
def test_code_in_a_table_is_read_as_the_text_that_it_was(text: str) -> None:
    lines = table(("a", "b"), [(code(text), code("next"))])
    cells = [token for token in READER.parse("\n".join(lines)) if token.type == "inline"][2:]
    spans = [list(cell.children or ()) for cell in cells]

    assert [[span.type for span in cell] for cell in spans] == [["code_inline"]] * 2
    assert spans[0][0].content.strip() == text.strip()
