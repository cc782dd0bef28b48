"""What one report says, found to be in order: plain numbers by the slots of their series.

The series of a run are the same for all of its agents, so what each adds every second is looked up
by number alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from groundswell.errors import ProtocolViolation
from groundswell.metrics.catalog import Kind

if TYPE_CHECKING:
    from groundswell.metrics.scratch import Decoded, Scratch
    from groundswell.v1.metrics_pb2 import Report, TrendValue
    from groundswell_coordinator.timeline.declarations import Declarations

# Exact in a double, and a thousandth of what 64 bits hold: a thousand agents may say it at once.
_MOST = 2**53
_MOST_NS = 2**60
# Of one trend: a thousand agents that claim it for ten days reach what the counters hold.
_MOST_SAMPLES = 2**32


@dataclass(frozen=True, slots=True)
class Measured:
    """Each entry begins with a slot, and no slot stands twice. Rates are passes and total.

    Trends are as they were sent: whether a payload is in order shows where it is decoded.
    """

    counters: list[tuple[int, int]]
    gauges: list[tuple[int, float]]
    rates: list[tuple[int, int, int]]
    trends: list[tuple[int, TrendValue]]

    def decode(self, scratch: Scratch) -> list[tuple[int, Decoded]]:
        """All of its trends; ProtocolViolation unless all are in order. Good until it is cleared."""
        decode = scratch.decode
        decoded: list[tuple[int, Decoded]] = []
        for slot, t in self.trends:
            count, sum_ns = t.count, t.sum_ns
            if sum_ns > _MOST_NS or count > _MOST_SAMPLES:
                raise ProtocolViolation("a trend beyond all measure")
            one = decode(t.payload, count, sum_ns, t.min_ns, t.max_ns, t.clamped)
            decoded.append((slot, one))
        return decoded


def read(report: Report, declarations: Declarations) -> Measured:
    """A report's values; ProtocolViolation where they contradict the declarations or themselves."""
    try:
        measured = _values(report, declarations)
    except KeyError:
        _find_the_wrong_number(report, declarations)
        raise
    _check_once(measured)
    if any(passes > total for _, passes, total in measured.rates):
        raise ProtocolViolation("a rate with more passes than observations")
    if any(isnan(value) for _, value in measured.gauges):
        raise ProtocolViolation("a gauge that is no number")
    return measured


def check_amounts(report: Report, measured: Measured) -> None:
    """No second of an honest agent comes near these bounds, and no sum within them overflows.

    Of what one agent sends; what many have sent may add up to more.
    """
    counts = [delta for _, delta in measured.counters]
    counts += [total for _, _, total in measured.rates]
    for account in report.accounts:
        counts += (account.planned, account.fired, account.interrupted, *account.dropped.values())
    if max(counts, default=0) > _MOST:
        raise ProtocolViolation("a count beyond all measure")
    if any(abs(value) > _MOST for _, value in measured.gauges):
        raise ProtocolViolation("a gauge beyond all measure")


def _values(report: Report, declarations: Declarations) -> Measured:
    """KeyError for a number that is not declared, or not of that kind."""
    counters = declarations.slots(Kind.COUNTER)
    gauges = declarations.slots(Kind.GAUGE)
    rates = declarations.slots(Kind.RATE)
    trends = declarations.slots(Kind.TREND)
    return Measured(
        counters=[(counters[value.series], value.delta) for value in report.counters],
        gauges=[(gauges[value.series], value.value) for value in report.gauges],
        rates=[(rates[value.series], value.passes, value.total) for value in report.rates],
        trends=[(trends[value.series], value) for value in report.trends],
    )


def _find_the_wrong_number(report: Report, declarations: Declarations) -> None:
    """Raise the ProtocolViolation that says what is wrong with it."""
    sent = (
        (Kind.COUNTER, report.counters),
        (Kind.GAUGE, report.gauges),
        (Kind.RATE, report.rates),
        (Kind.TREND, report.trends),
    )
    for kind, values in sent:
        for value in values:
            declarations.slot(value.series, kind)


def _check_once(measured: Measured) -> None:
    slots = [entry[0] for entry in measured.counters]
    slots += [entry[0] for entry in measured.gauges]
    slots += [entry[0] for entry in measured.rates]
    slots += [entry[0] for entry in measured.trends]
    if len(set(slots)) != len(slots):
        raise ProtocolViolation("a series stands twice in one report")
