"""What is written, as Prometheus' own parser reads it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from groundswell_coordinator.services.exposition import (
    Family,
    Kind,
    Sample,
    by_label,
    counter,
    exposition,
    gauge,
    histogram,
    tally,
)
from groundswell_coordinator.telemetry import Distribution

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prometheus_client import Metric

_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x85\u2028\u2029"))


def _parsed(*families: Family) -> dict[str, Metric]:
    return {one.name: one for one in text_string_to_metric_families(exposition(families))}


def _values(metric: Metric) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value for sample in metric.samples
    }


def test_a_family_has_a_help_line_a_type_and_its_samples() -> None:
    text = exposition([by_label("agents", Kind.GAUGE, "Agents.", "state", {"free": 2, "busy": 0})])

    assert text == (
        "# HELP agents Agents.\n"
        "# TYPE agents gauge\n"
        'agents{state="free"} 2\n'
        'agents{state="busy"} 0\n'
    )


def test_a_family_without_samples_is_left_out() -> None:
    assert exposition([Family("nothing", Kind.GAUGE, "Nothing.", ())]) == ""


@given(st.floats() | st.integers(-(2**53), 2**53))
def test_every_number_is_read_as_it_was_meant(value: float) -> None:
    (sample,) = _parsed(gauge("g", "G.", value))["g"].samples

    assert sample.value == value or (math.isnan(value) and math.isnan(sample.value))


@given(_text, st.dictionaries(st.sampled_from(["run", "test", "state"]), _text, max_size=3))
def test_no_text_breaks_out_of_its_quotes(text: str, labels: Mapping[str, str]) -> None:
    families = _parsed(
        Family("g", Kind.GAUGE, text, (Sample(1, labels),)), counter("after_total", "After.", 3)
    )

    assert families["g"].samples[0].labels == labels
    assert families["after"].samples[0].value == 3


@given(st.lists(st.floats(0, 20)))
def test_a_histogram_counts_every_value_once(values: list[float]) -> None:
    distribution = Distribution((0.5, 1.0, 5.0))
    for value in values:
        distribution.add(value)

    read = _values(_parsed(histogram("h", "H.", distribution))["h"])

    for bound, le in ((0.5, "0.5"), (1.0, "1"), (5.0, "5"), (math.inf, "+Inf")):
        count = sum(value <= bound for value in values)
        assert read["h_bucket", frozenset({("le", le)})] == count
    assert read["h_count", frozenset()] == len(values)
    assert math.isclose(read["h_sum", frozenset()], math.fsum(values), abs_tol=1e-9)


def test_a_tally_has_every_word_also_one_that_nobody_expected() -> None:
    assert tally(("ok", "lost"), ["ok", "odd", "ok"]) == {"ok": 2, "lost": 0, "odd": 1}
