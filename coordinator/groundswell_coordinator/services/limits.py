"""What a client may ask for at most, and an agent be: checked before anything is done or kept of it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from groundswell.errors import ProtocolViolation
from groundswell.files.stamp import MOST_FILES
from groundswell.scenario.source import MAX_BYTES
from groundswell.schedule.share_loads import guard_from_wire
from groundswell_coordinator.pool import MOST_AGENTS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from groundswell.v1 import agent_pb2, control_pb2

# It stands in file names, in commands and in URLs.
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_LONGEST_NAME = 200
_LONGEST_BASELINE = 128
_LONGEST_VALUE = 1000
_MOST_LABELS = 64
_MOST_VARIABLES = 1000
_LARGEST_ENVIRONMENT = 1024 * 1024
_HEAVIEST = 1000
_LONGEST_WAIT_MS = 24 * 3600 * 1000
_MOST_LINES = 10_000


def check_submit(request: control_pb2.SubmitRequest) -> None:
    """Raises ProtocolViolation, as all of these do."""
    check_run_id(request.run_id)
    source = request.source
    _at_most(len(source.text), MAX_BYTES, "bytes of a test")
    _at_most(len(source.name), _LONGEST_VALUE, "letters of a test's name")
    _at_most(len(source.target), _LONGEST_VALUE, "letters of a target")
    check_environment(source.env)
    check_files(source.files)
    for path in source.files:
        _at_most(len(path), _LONGEST_VALUE, "letters of a file's path")
    _at_most(request.agents, MOST_AGENTS, "agents")
    _at_most(request.wait_ms, _LONGEST_WAIT_MS, "milliseconds to wait")
    if request.agents < 1:
        raise ProtocolViolation("a run has at least 1 agent")
    for labels in (request.labels, request.selector):
        _check_labels(labels)


def check_hello(hello: agent_pb2.Hello) -> None:
    """Of an agent, whose name and labels stand in tables, logs and reports."""
    words = (hello.name, hello.incarnation, hello.version)
    for word in (*words, hello.holding.run_id, hello.holding.agent):
        _at_most(len(word), _LONGEST_NAME, "letters of an agent's name")
    if not "".join(words).isprintable():
        raise ProtocolViolation("an agent's name is printable text, and this one is not")
    _at_most(hello.weight, _HEAVIEST, "as an agent's weight")
    _check_labels(hello.labels)
    guard_from_wire(hello.guard)


def check_files(files: Collection[object]) -> None:
    _at_most(len(files), MOST_FILES, "files of a test")


def check_run_id(run_id: str) -> None:
    """Of a run that is to be."""
    if not _RUN_ID.fullmatch(run_id):
        raise ProtocolViolation(
            f"{run_id[:_LONGEST_NAME]!r} is no run's id", hint="1 to 128 of A-Z a-z 0-9 . _ -"
        )


def check_run(run: str) -> None:
    """What may name a run that there is."""
    if not run or len(run) > _LONGEST_NAME:
        raise ProtocolViolation(f"a run is named by 1 to {_LONGEST_NAME} letters")


def check_baseline(name: str, runs: Sequence[str]) -> None:
    """Printable, so that a list of them is one; short enough for the store's key."""
    if not 0 < len(name) <= _LONGEST_BASELINE or not name.isprintable() or name != name.strip():
        raise ProtocolViolation(
            f"a baseline is named by 1 to {_LONGEST_BASELINE} printable letters"
        )
    _at_most(len(runs), _MOST_LINES, "runs of a baseline")
    if not runs:
        raise ProtocolViolation(f"the baseline {name!r} is to be no run at all")
    for run in runs:
        check_run(run)


def check_part(request: control_pb2.GetRunRequest) -> None:
    start, end = request.from_s, request.to_s
    if not (math.isfinite(start) and math.isfinite(end) and start >= 0 and end >= 0):
        raise ProtocolViolation(f"from {start:g} s to {end:g} s is no part of a run")
    if end and end <= start:
        raise ProtocolViolation(f"from {start:g} s to {end:g} s is no time at all")
    check_environment(request.env)


def check_limit(limit: int) -> None:
    _at_most(limit, _MOST_LINES, "runs in a list")


def check_environment(env: Mapping[str, str]) -> None:
    _at_most(len(env), _MOST_VARIABLES, "variables")
    size = sum(len(name) + len(value) for name, value in env.items())
    _at_most(size, _LARGEST_ENVIRONMENT, "letters of an environment")


def _check_labels(labels: Mapping[str, str]) -> None:
    _at_most(len(labels), _MOST_LABELS, "labels")
    for key, value in labels.items():
        _at_most(len(key), _LONGEST_NAME, "letters of a label's name")
        _at_most(len(value), _LONGEST_VALUE, "letters of a label's value")
        if not key or not (key + value).isprintable():
            raise ProtocolViolation(
                f"a label is printable text, and {key[:_LONGEST_NAME]!r} is not"
            )


def _at_most(count: int, limit: int, what: str) -> None:
    if count > limit:
        raise ProtocolViolation(f"{count} {what}: at most {limit} are taken")
