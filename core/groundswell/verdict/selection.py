"""A selection: a metric and the tags its series must carry, `http_req_duration{name:cart}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from groundswell.errors import InvalidThreshold
from groundswell.metrics.catalog import BUILTIN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from groundswell.metrics.catalog import Metric
    from groundswell.metrics.series import Series

_KEY = re.compile(r"\s*(?P<metric>[^\s{}]*)\s*(?P<tags>\{.*\})?\s*", re.DOTALL)
# A value may be quoted, which lets it contain commas; a raw one may contain braces: a request's
# name is its path before templating, so `{name:/products/{{ users.sku }}}` is ordinary.
_TAG = re.compile(
    r"""\s*(?P<key>[^\s:,]+)(?P<colon>\s*:)?(?P<space>\s*)"""
    r"""(?P<value>"[^"]*"|'[^']*'|[^,]*?)\s*(?:,|$)""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Selection:
    """All series of `metric` that carry `tags` (sorted by key)."""

    metric: str
    tags: tuple[tuple[str, str], ...] = ()

    def matches(self, series: Series) -> bool:
        return self.metric == series.metric and set(self.tags).issubset(series.tags)

    def tag(self, key: str) -> str | None:
        return next((value for own, value in self.tags if own == key), None)

    def __str__(self) -> str:
        if not self.tags:
            return self.metric
        return f"{self.metric}{{{','.join(f'{key}:{value}' for key, value in self.tags)}}}"


def parse_selection(
    key: str,
    scenarios: Collection[str] | None = None,
    catalog: Mapping[str, Metric] = BUILTIN,
) -> Selection:
    """Read the key of a threshold. With `scenarios`, a `scenario` tag must name one of them;
    `catalog` are the metrics that there are.
    """
    match = _KEY.fullmatch(key)
    if match is None:
        raise InvalidThreshold(
            f"'{key}' is not a selection", hint="write metric or metric{tag:value,tag:value}"
        )
    metric = known_metric(match["metric"], catalog)
    tags = _tags(match["tags"][1:-1], metric.name) if match["tags"] else {}
    if scenarios is not None and "scenario" in tags:
        _check_known("scenario", tags["scenario"], scenarios)
    return Selection(metric.name, tuple(sorted(tags.items())))


def known_metric(name: str, catalog: Mapping[str, Metric] = BUILTIN) -> Metric:
    if not name:
        raise InvalidThreshold("a threshold needs a metric", hint="for example http_req_duration")
    _check_known("metric", name, catalog)
    return catalog[name]


def _tags(text: str, metric: str) -> dict[str, str]:
    if not text.strip():
        raise InvalidThreshold(
            f"'{metric}{{}}' selects by no tag", hint=f"write {metric} for all of its series"
        )
    tags: dict[str, str] = {}
    place = 0
    while place < len(text):
        match = _TAG.match(text, place)
        tag, value = _tag(match, text[place:].strip(), metric)
        if tag in tags:
            raise InvalidThreshold(f"tag '{tag}' is selected twice in '{{{text}}}'")
        tags[tag] = value
        place = match.end() if match else len(text)
    return tags


def _tag(match: re.Match[str] | None, text: str, metric: str) -> tuple[str, str]:
    if match is None or match["colon"] is None:
        raise InvalidThreshold(
            f"'{text}' is not a tag and its value", hint=f"write {metric}{{tag:value}}"
        )
    key, value = match["key"], match["value"]
    if match["space"] or match["colon"] != ":":
        raise InvalidThreshold(
            f"'{{{key}{match['colon']}{match['space']}{value}}}' has a space beside the colon",
            hint=f"write {metric}{{{key}:{value}}}",
        )
    if key == "url":
        raise InvalidThreshold("no series carries a tag 'url'", hint="select by name: {name:…}")
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    unquoted = value[1:-1] if is_quoted else value
    if not unquoted:
        raise InvalidThreshold(f"tag '{key}' has no value", hint=f"write {metric}{{{key}:value}}")
    return key, unquoted


def _check_known(what: str, name: str, known: Collection[str]) -> None:
    if name in known:
        return
    close = get_close_matches(name, known, n=1)
    raise InvalidThreshold(
        f"there is no {what} '{name}'", hint=f"did you mean '{close[0]}'?" if close else None
    )
