"""From a stored run to one that can be compared: what of its test matters is read again.

    with opened(run_id, coordinator) as (stored, intervals):
        run = read_run(stored, intervals, os.environ)

That is the warm-up, and when each scenario is planned to be at work. A variable of the test that
decides neither need not be known any more: it was perhaps a secret, or the address of a build.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError, InvalidTest, StoreFailed
from groundswell.scenario.loader import load
from groundswell.scenario.template import needed_env
from groundswell_coordinator.compare.measured_run import MeasuredRun
from groundswell_coordinator.report.summary import Summary
from groundswell_coordinator.run.restoration import stop_of, stored_source
from groundswell_coordinator.store.damage import contradictions
from groundswell_coordinator.store.records import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from groundswell.scenario.model import Test
    from groundswell_coordinator.store.records import StoredInterval, StoredRun

_ANYTHING = "x"


def read_run(
    stored: StoredRun, intervals: Iterable[StoredInterval], env: Mapping[str, str]
) -> MeasuredRun:
    """`env` has the variables of the test that decide when it is judged.

    Raises InvalidTest where one of them is missing, GroundswellError for a run that goes on or that
    never started.
    """
    with contradictions(stored.line.run_id):
        stop = stop_of(stored)
        return MeasuredRun(
            _summary(stored),
            _test(stored, env),
            _without_gaps(stored, intervals),
            None if stop is None else stop.at,
        )


def _summary(stored: StoredRun) -> Summary:
    line = stored.line
    if line.standing is Standing.OPEN:
        raise GroundswellError(
            f"run {line.run_id} goes on", hint="it can be compared when it has ended"
        )
    if stored.summary_json is None:
        raise GroundswellError(
            f"run {line.run_id} never came to a verdict", hint="there is nothing to compare"
        )
    return Summary.from_json(stored.summary_json)


def _test(stored: StoredRun, env: Mapping[str, str]) -> Test:
    unknown = needed_env(stored.source) - env.keys()
    placeholders = dict.fromkeys(unknown, _ANYTHING)
    try:
        return load(stored_source(stored, {**env, **placeholders}))
    except InvalidTest:
        if unknown:
            # What has to be known, in the words of whoever asked for it.
            load(stored_source(stored, env))
        raise


def _without_gaps(
    stored: StoredRun, intervals: Iterable[StoredInterval]
) -> Iterator[StoredInterval]:
    for expected, interval in enumerate(intervals):
        if interval.interval != expected:
            raise StoreFailed(
                f"interval {expected} of run {stored.line.run_id} is not in the store"
            )
        yield interval
