"""`run --repeat N`: the same test several times, one after the other, so that what differs from run to run is seen.

    group = Group(order, 5)
    group.run(run_once, files, coordinator, hdr)
    group.tell(coordinator, as_json=False, quiet=False)

All runs have the label `repeat` with the group's id, and that id is how theirs begin.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from statistics import fmean, stdev
from typing import TYPE_CHECKING

import click

from groundswell.errors import GroundswellError
from groundswell.exit_codes import ExitCode, worst
from groundswell_coordinator.cli.ended import tell_ended
from groundswell_coordinator.cli.histograms import write_histograms
from groundswell_coordinator.cli.inconclusive import as_asked
from groundswell_coordinator.cli.output import printing
from groundswell_coordinator.cli.table import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from groundswell.credentials import Remote
    from groundswell.v1.control_pb2 import Ended
    from groundswell_coordinator.cli.order import Order
    from groundswell_coordinator.cli.report_files import ReportFiles
    from groundswell_coordinator.report.summary import Summary

# The label that the runs of a group share.
REPEAT = "repeat"
VERSION = 1

_TITLES = ("RUN", "VERDICT", "MED", "P(95)", "P(99)", "FAILED", "REQUESTS")
_DURATION = "http_req_duration"
_ENDS_IT = (ExitCode.INTERRUPTED, ExitCode.STOPPED_BY_OPERATOR)


class Group:
    """`order` many times; its run id becomes the group's."""

    def __init__(self, order: Order, count: int) -> None:
        if REPEAT in order.labels:
            raise click.UsageError(
                f"--label {REPEAT}: that is the label --repeat gives to its runs."
            )
        if any(output.is_file for output in order.outputs):
            raise click.UsageError(
                "--out jsonl: with --repeat every run would write over the last."
            )
        self.name = order.run_id
        self._order = order
        self._count = count
        self._codes: set[ExitCode] = set()
        self._summaries: list[Summary] = []
        self._files: list[ReportFiles] = []

    def run(
        self,
        run_once: Callable[[Order], Ended],
        files: ReportFiles,
        coordinator: Remote | None,
        hdr: Path | None,
    ) -> None:
        """All of them, until one is interrupted. Each has files of its own."""
        # What there is of earlier runs is not of this failure.
        files.is_over = True
        for number, order in enumerate(self._orders(), 1):
            own = files.numbered(number)
            try:
                ended = run_once(order)
            except GroundswellError as error:
                own.tell_failure(order.run_id, error)
                raise
            self._files.append(own)
            self._codes.add(ExitCode(ended.exit_code))
            tell_ended(ended, own, coordinator, as_json=False, quiet=True, verbose=False)
            if hdr is not None:
                folder = hdr / str(number)
                folder.mkdir(exist_ok=True)
                write_histograms(order.run_id, coordinator, folder)
            self._note(ended, number, quiet=order.quiet)
            if ended.exit_code in _ENDS_IT:
                return

    def exit_code(self, inconclusive: str) -> int:
        """The worst of all runs."""
        code = int(worst({ExitCode(as_asked(inconclusive, code)) for code in self._codes}))
        return max((own.exit_code(code) for own in self._files), default=code)

    def tell(self, coordinator: Remote | None, *, as_json: bool, quiet: bool) -> None:
        with printing():
            if as_json:
                click.echo(self._as_json())
            elif not quiet:
                click.echo(_text(self.name, self._summaries))
        if not (as_json or quiet):
            whose = [] if coordinator is None else coordinator.words()
            command = shlex.join(["groundswell", "compare", "BASE", self.name, *whose])
            click.echo(f"compare it: {command}", err=True)

    def _note(self, ended: Ended, number: int, *, quiet: bool) -> None:
        # Not before the agents have been started.
        from groundswell_coordinator.report.summary import Summary

        summary = Summary.from_json(ended.summary_json)
        self._summaries.append(summary)
        if not quiet:
            said = f"{number} of {self._count}: {summary.verdict}, run {summary.run}"
            click.echo(said, err=True)

    def _orders(self) -> Iterator[Order]:
        labels = {**self._order.labels, REPEAT: self.name}
        for number in range(self._count):
            # The same draws again would hide what differs from run to run.
            yield replace(
                self._order,
                run_id=f"{self.name}-{number + 1}",
                labels=labels,
                seed=(self._order.seed + number) % 2**63,
            )

    def _as_json(self) -> str:
        group = {
            "version": VERSION,
            "group": self.name,
            "exit_code": self.exit_code("fail"),
            "runs": [json.loads(summary.to_json()) for summary in self._summaries],
        }
        return json.dumps(group, ensure_ascii=False)


def _text(name: str, summaries: Sequence[Summary]) -> str:
    rows = [_cells(summary) for summary in summaries]
    lines = ["", f"group {name}", "", table(_TITLES, rows)]
    if len(summaries) > 1:
        lines += ["", _spread(summaries)]
    return "\n".join(lines)


def _cells(summary: Summary) -> tuple[str, ...]:
    from groundswell_coordinator.report import quantity

    times = (_time(summary, name) for name in ("med", "p(95)", "p(99)"))
    failed = summary.metrics.get("http_req_failed")
    requests = summary.metrics.get("http_reqs")
    return (
        summary.run,
        summary.verdict or "",
        *("" if time is None else quantity.duration(time) for time in times),
        "" if failed is None else quantity.percent(failed.values["rate"]),
        "" if requests is None else quantity.per_second(requests.values["rate"]),
    )


def _time(summary: Summary, name: str) -> float | None:
    metric = summary.metrics.get(_DURATION)
    return None if metric is None else metric.values.get(name)


def _spread(summaries: Sequence[Summary]) -> str:
    """How much runs of the same build differ, which is what another build has to differ by."""
    from groundswell_coordinator.report import quantity

    said: list[str] = []
    for name in ("med", "p(95)", "p(99)"):
        times = [time for one in summaries if (time := _time(one, name)) is not None]
        if len(times) > 1 and fmean(times) > 0:
            share = stdev(times) / fmean(times)
            said.append(f"{name} {quantity.duration(fmean(times))} ± {100 * share:.2g}%")
    return f"{_DURATION} from run to run: {', '.join(said) or 'nothing was measured'}"
