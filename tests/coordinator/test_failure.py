from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.errors import (
    GroundswellError,
    InvalidTest,
    NotEnoughAgents,
    Problem,
    ProtocolViolation,
    StoreFailed,
    UnknownRun,
)
from groundswell.exit_codes import ExitCode
from groundswell.v1 import control_pb2
from groundswell_coordinator.failure import from_wire, to_wire

KINDS = (GroundswellError, UnknownRun, StoreFailed, ProtocolViolation, NotEnoughAgents)
TEXTS = st.text(min_size=1, max_size=200)


def there_and_back(error: GroundswellError) -> GroundswellError:
    return from_wire(control_pb2.Failure.FromString(to_wire(error).SerializeToString()))


@given(st.sampled_from(KINDS), TEXTS, st.none() | TEXTS)
def test_an_error_arrives_as_what_it_was(
    kind: type[GroundswellError], message: str, hint: str | None
) -> None:
    arrived = there_and_back(kind(message, hint=hint))
    assert type(arrived) is kind
    assert (arrived.message, arrived.hint) == (message, hint)
    assert arrived.exit_code == kind.exit_code


PROBLEMS = st.builds(
    Problem, TEXTS, st.integers(0, 10**6), st.integers(0, 10**6), TEXTS, st.none() | TEXTS
)


@given(st.lists(PROBLEMS, min_size=1, max_size=20))
def test_all_problems_of_a_test_arrive_with_their_places(problems: list[Problem]) -> None:
    arrived = there_and_back(InvalidTest(problems))
    assert isinstance(arrived, InvalidTest)
    assert arrived.problems == tuple(problems)


def test_of_very_many_problems_the_first_arrive_and_how_many_more_there_are() -> None:
    arrived = there_and_back(
        InvalidTest([Problem("t.yaml", n, 1, "wrong " * 1000) for n in range(1, 501)])
    )
    assert isinstance(arrived, InvalidTest)
    assert [problem.line for problem in arrived.problems[:20]] == list(range(1, 21))
    assert str(arrived.problems[-1]) == "t.yaml: and 480 more problems"
    assert len(to_wire(arrived).SerializeToString()) < 64 * 1024


@pytest.mark.parametrize(("code", "meant"), [(107, ExitCode.SCRIPT_EXCEPTION), (999, 1)])
def test_an_error_of_a_newer_coordinator_keeps_its_exit_code(code: int, meant: int) -> None:
    failure = control_pb2.Failure(kind="Unheard", message="of", hint="it", exit_code=code)
    arrived = from_wire(failure)
    assert (arrived.message, arrived.hint, arrived.exit_code) == ("of", "it", meant)
    assert GroundswellError.exit_code is ExitCode.ERROR
