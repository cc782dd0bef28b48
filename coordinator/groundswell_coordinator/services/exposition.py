"""Prometheus' text format, version 0.0.4: families of samples, as /metrics serves them.

Written by hand, as it is thirty lines: the client library would bring registries and locks for
values that we only read out once in a while.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from groundswell_coordinator.telemetry import Distribution

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Sample:
    """`suffix` is what follows the family's name: `_sum`, `_bucket`."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """A metric in all its label sets. A counter's name ends in `_total`."""

    name: str
    kind: Kind
    help: str
    samples: tuple[Sample, ...]


def counter(name: str, help: str, value: float) -> Family:  # noqa: A002  # the format's word
    return Family(name, Kind.COUNTER, help, (Sample(value),))


def gauge(name: str, help: str, value: float) -> Family:  # noqa: A002  # the format's word
    return Family(name, Kind.GAUGE, help, (Sample(value),))


def by_label(
    name: str,
    kind: Kind,
    help: str,  # noqa: A002  # the format's word
    label: str,
    values: Mapping[str, float],
) -> Family:
    """One sample for each value of one label."""
    samples = (Sample(value, {label: key}) for key, value in values.items())
    return Family(name, kind, help, tuple(samples))


def histogram(name: str, help: str, values: Distribution) -> Family:  # noqa: A002  # the format's word
    buckets = [
        Sample(count, {"le": _number(bound)}, "_bucket") for bound, count in values.cumulative()
    ]
    count = values.count
    samples = (
        *buckets,
        Sample(count, {"le": "+Inf"}, "_bucket"),
        Sample(values.sum, suffix="_sum"),
        Sample(count, suffix="_count"),
    )
    return Family(name, Kind.HISTOGRAM, help, samples)


def tally(words: Iterable[str], found: Iterable[str]) -> dict[str, float]:
    """How often each was found; a word that was not is 0 and no gap."""
    counts = dict.fromkeys(words, 0.0)
    for word in found:
        counts[word] = counts.get(word, 0.0) + 1
    return counts


def exposition(families: Iterable[Family]) -> str:
    """One page; a family without samples is left out."""
    return "".join(f"{line}\n" for family in families if family.samples for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {_escaped(family.help)}"
    yield f"# TYPE {family.name} {family.kind}"
    for sample in family.samples:
        labels = ",".join(f'{key}="{_quoted(value)}"' for key, value in sample.labels.items())
        braces = f"{{{labels}}}" if labels else ""
        yield f"{family.name}{sample.suffix}{braces} {_number(sample.value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
