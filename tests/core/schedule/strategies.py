"""Share tables and curves to try properties on."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from groundswell.schedule.rate import RateCurve
from groundswell.schedule.shares import ShareEntry, ShareTable
from groundswell.schedule.vus import VuCurve

if TYPE_CHECKING:
    from collections.abc import Sequence

RateStages = list[tuple[Fraction, Fraction]]
VuStages = list[tuple[Fraction, int]]


def table_of(weights: Sequence[int]) -> ShareTable:
    return ShareTable(tuple(ShareEntry(f"agent-{i}", weight) for i, weight in enumerate(weights)))


tables = st.lists(st.integers(1, 12), min_size=1, max_size=24).map(table_of)

# Thousandths, and 0 often: a stage without duration is a jump.
durations = st.one_of(st.just(Fraction(0)), st.integers(1, 9000).map(lambda ms: Fraction(ms, 1000)))
# Sixtieths, as `7/m` makes them, and 0 often: a stage without load, or a ramp from or to nothing.
rates = st.one_of(st.just(Fraction(0)), st.integers(1, 12_000).map(lambda n: Fraction(n, 60)))
rate_stages = st.lists(st.tuples(durations, rates), min_size=1, max_size=7)
vu_stages = st.lists(st.tuples(durations, st.integers(0, 9)), min_size=1, max_size=7)

rate_curves = st.builds(RateCurve.ramping, rates, rate_stages)
vu_curves = st.builds(VuCurve.ramping, st.integers(0, 9), vu_stages)
