"""What a scenario's function records in: the scenario itself, or a group within it."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from groundswell.metrics.catalog import Kind
from groundswell.scenario.maps import refuse_tag
from groundswell.scenario.own_metrics import refuse_metric
from groundswell_agent.recording.rows import amount, span
from groundswell_agent.script.sites import Sites

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from groundswell.scenario.defaults import Defaults
    from groundswell.script.metrics import OwnMetric
    from groundswell_agent.engine.steps.scope import Scope
    from groundswell_agent.recording.meters import Rate
    from groundswell_agent.recording.recorder import Recorder
    from groundswell_agent.script.vu import ScriptVu

    Record = Callable[[bytes], None]
    Take = Callable[[float, float], None]


class ScriptScope:
    """Shared by all VUs of a scenario; everything in it is opened when it is first needed."""

    def __init__(self, scope: Scope, defaults: Defaults) -> None:
        self.load = scope.load
        self.tags = scope.tags
        self.target = scope.target
        self.sites = Sites(scope, defaults)
        self._scope = scope
        self._defaults = defaults
        self._checks: dict[str, Rate] = {}
        self._timers: dict[tuple[object, ...], Record] = {}
        self._own: dict[tuple[object, ...], Take] = {}
        self._groups: dict[str, ScriptScope] = {}
        self._group_duration: Record | None = None

    def check(self, name: str, ok: bool) -> None:
        rate = self._checks.get(name)
        if rate is None:
            rate = self.load.recorder.rate("checks", {**self.tags, "check": str(name)})
            self._checks[name] = rate
        if ok:
            rate.passed(monotonic())
        else:
            rate.failed(monotonic())

    def timer(self, name: str, tags: Mapping[str, str]) -> Record:
        key = (name, *tags.items())
        record = self._timers.get(key)
        if record is None:
            _check_name(name, tags)
            record = self.load.recorder.trend(name, {**self.tags, **tags}).record
            self._timers[key] = record
        return record

    def own(self, metric: OwnMetric, tags: Mapping[str, str]) -> Take:
        """Takes samples of a metric of the test's own, each with its moment."""
        key = (metric.name, *tags.items())
        take = self._own.get(key)
        if take is None:
            _check_tags(tags)
            take = self._own[key] = _taking(self.load.recorder, metric, {**self.tags, **tags})
        return take

    def group(self, name: str) -> ScriptScope:
        inner = self._groups.get(name)
        if inner is None:
            inner = ScriptScope(self._scope.in_group(name), self._defaults)
            self._groups[name] = inner
        return inner

    def record_group(self, began: float, ended: float) -> None:
        if self._group_duration is None:
            recorder = self.load.recorder
            self._group_duration = recorder.trend("group_duration", self.tags).record
        self._group_duration(span(began, ended))


class Timer:
    """`async with vu.timer(…)`. A block that raises is not timed."""

    __slots__ = ("_began", "_record")

    def __init__(self, record: Record) -> None:
        self._record = record
        self._began = 0.0

    async def __aenter__(self) -> None:
        self._began = monotonic()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._record(span(self._began, monotonic()))


class Group:
    """`async with vu.group(…)`."""

    __slots__ = ("_began", "_facade", "_inner", "_outer")

    def __init__(self, facade: ScriptVu, name: str) -> None:
        self._facade = facade
        self._outer = facade.scope
        self._inner = facade.scope.group(str(name))
        self._began = 0.0

    async def __aenter__(self) -> None:
        self._facade.scope = self._inner
        self._began = monotonic() - self._facade.lag

    async def __aexit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._facade.scope = self._outer
        if kind is None:
            self._inner.record_group(self._began, monotonic())


def _taking(recorder: Recorder, metric: OwnMetric, tags: Mapping[str, str]) -> Take:
    match metric.kind:
        case Kind.COUNTER:
            add = recorder.counter(metric.name, tags).record
            return lambda at, value: add(amount(at, value))
        case Kind.RATE:
            rate = recorder.rate(metric.name, tags)
            return lambda at, value: rate.passed(at) if value else rate.failed(at)
        case Kind.GAUGE:
            return recorder.gauge(metric.name, tags).set
        case Kind.TREND:
            record = recorder.trend(metric.name, tags).record
            # A trend keeps lengths of time: one of it is a millisecond.
            return lambda at, value: record(span(at - value / 1000, at))


def _check_name(name: str, tags: Mapping[str, str]) -> None:
    if refusal := refuse_metric(name):
        raise ValueError(f"{refusal.message} ({refusal.hint})")
    _check_tags(tags)


def _check_tags(tags: Mapping[str, str]) -> None:
    for tag, value in tags.items():
        if refusal := refuse_tag(tag):
            raise ValueError(f"{refusal.message} ({refusal.hint})")
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # tests need no types
            raise TypeError(f"the tag `{tag}` is text, not {type(value).__name__}")
