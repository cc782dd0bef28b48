"""What a comparison may be told to compare, found: a file, a folder of files, a baseline, a group, a run.

They are looked for in that order. What is a file is asked of no store, so that a CI runner, which has
no yesterday, needs none.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError, UnknownRun
from groundswell_coordinator.cli.past import MOST_RUNS, ask, ended_summaries
from groundswell_coordinator.cli.repeat import REPEAT
from groundswell_coordinator.cli.stored import opened
from groundswell_coordinator.compare.comparability import is_doubtful
from groundswell_coordinator.compare.party import Party, SummaryAlone
from groundswell_coordinator.compare.read_run import read_run
from groundswell_coordinator.report.summary import Summary
from groundswell_coordinator.store.run_file import reading

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from groundswell.credentials import Remote
    from groundswell_coordinator.cli.past import Runs
    from groundswell_coordinator.compare.party import Run

# What is known of a test's runs by then changes little with more of them.
_MOST_EARLIER = 20
_GZIP = b"\x1f\x8b"


def find_parties(
    base: str, candidate: str, coordinator: Remote | None, env: Mapping[str, str]
) -> tuple[Party, Party]:
    """Two single runs of one test come with other runs of it, if either is in a store."""
    one, other = (find_party(name, coordinator, env) for name in (base, candidate))
    if one.is_group or other.is_group or (Path(base).exists() and Path(candidate).exists()):
        return one, other
    first, second = (party.runs[0].summary for party in (one, other))
    if first.test_hash != second.test_hash:
        return one, other
    both = {first.run, second.run}
    return replace(one, earlier=ask(coordinator, lambda runs: _others(runs, first, both))), other


async def _others(runs: Runs, like: Summary, but: Container[str]) -> tuple[SummaryAlone, ...]:
    """The newest runs of the same test, the oldest of them first."""
    found = await ended_summaries(runs, like.test, _MOST_EARLIER + 2)
    others = [
        one
        for one in found
        if one.test_hash == like.test_hash and one.run not in but and not is_doubtful(one)
    ]
    return tuple(map(SummaryAlone, others[-_MOST_EARLIER:]))


def find_party(name: str, coordinator: Remote | None, env: Mapping[str, str]) -> Party:
    """Raises UnknownRun where nothing has the name."""
    path = Path(name)
    if path.is_dir():
        return Party(name, tuple(_from_file(one, env) for one in _files_in(path)))
    if path.is_file():
        return Party(name, (_from_file(path, env),))
    runs = [_from_store(run_id, coordinator, env) for run_id in _run_ids(name, coordinator, env)]
    return Party(name, tuple(runs))


def _files_in(folder: Path) -> Sequence[Path]:
    found = sorted(path for path in folder.iterdir() if path.is_file())
    if not found:
        raise UnknownRun(
            f"the folder {folder} is empty", hint="`groundswell export RUN FILE` writes a run"
        )
    return found


def _from_file(path: Path, env: Mapping[str, str]) -> Run:
    try:
        with path.open("rb") as file:
            is_packed = file.read(len(_GZIP)) == _GZIP
        if not is_packed:
            return SummaryAlone(_summary_in(path))
    except OSError as error:
        raise GroundswellError(f"cannot read {path}: {error.strerror}") from error
    with reading(path) as foreign:
        return read_run(foreign.run, foreign.intervals(), env)


def _summary_in(path: Path) -> Summary:
    try:
        return Summary.from_json(path.read_bytes())
    except GroundswellError as error:
        raise GroundswellError(
            f"{path} is neither a run nor its summary: {error.message}",
            hint="`groundswell export` writes the one, `run --summary-json` the other",
        ) from error


def _from_store(run_id: str, coordinator: Remote | None, env: Mapping[str, str]) -> Run:
    with opened(run_id, coordinator) as (stored, intervals):
        return read_run(stored, intervals, env)


def _run_ids(name: str, coordinator: Remote | None, env: Mapping[str, str]) -> Sequence[str]:
    """The whole ids of all that the name stands for."""
    return ask(coordinator, lambda runs: find_run_ids(runs, name, env))


async def find_run_ids(runs: Runs, name: str, env: Mapping[str, str]) -> Sequence[str]:
    """Of a baseline, a group or a run. Raises UnknownRun where it is none of them."""
    named = [one.run_id for one in await runs.baselines() if one.name == name]
    return named or await find_members(runs, name) or [await _find_run(runs, name, env)]


async def find_members(runs: Runs, group: str) -> Sequence[str]:
    """The runs of a `run --repeat`, the first of them first; those that never started are left out."""
    lines = await runs.lines(MOST_RUNS)
    return sorted(
        (one.run_id for one in lines if one.labels.get(REPEAT) == group and one.verdict),
        key=lambda run_id: (len(run_id), run_id),
    )


async def _find_run(runs: Runs, name: str, env: Mapping[str, str]) -> str:
    try:
        return (await runs.summary(name, None, env)).run
    except UnknownRun as error:
        if not error.message.startswith("there is no run"):
            raise
        raise UnknownRun(
            f"nothing is called {name!r}: no file, baseline, group or run",
            hint="`groundswell runs` and `groundswell baseline list` show what there is",
        ) from error
