"""A target that stands still, or is slow to accept: what waits in its kernel is in the numbers.

See `reckoning` and `attempts` for how the truth is known and when a difference counts.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.truth.attempts import assert_true
from tests.e2e.truth.cases import closed_case, open_case, tagged_case
from tests.e2e.truth.server import Behaviour

if TYPE_CHECKING:
    from tests.e2e.commands import Groundswell
    from tests.e2e.truth.target import TruthfulTarget

_STALL_S = 2.0
# Five thousand a second: what has piled up comes back no faster than an agent takes it with ease.
_GAP_MS = 0.2


def _stall(target: TruthfulTarget) -> None:
    time.sleep(3.0)
    target.stall(_STALL_S)


def test_a_stall_of_two_seconds_is_in_the_response_times_of_all_who_came_meanwhile(
    groundswell: Groundswell,
) -> None:
    behaviour = Behaviour(gap_ms=_GAP_MS)
    case = open_case(
        "/delay/5", rate=200, seconds=10, max_vus=800, behaviour=behaviour, meanwhile=_stall
    )

    attempt = assert_true(groundswell, case)

    # 400 of 2,000 came during the stall: one in five waited, evenly from two seconds down to none.
    values = attempt.ran.summary.metrics["http_req_response_time"].values
    assert 0.8e3 < values["p(90)"] < 1.3e3, attempt
    assert values["max"] > 1.9e3, attempt


@pytest.mark.slow
def test_a_stall_is_once_in_the_figures_of_every_closed_user(groundswell: Groundswell) -> None:
    behaviour = Behaviour(gap_ms=_GAP_MS)
    case = closed_case("/delay/5", vus=10, seconds=10, behaviour=behaviour, meanwhile=_stall)

    attempt = assert_true(groundswell, case)

    values = attempt.ran.summary.metrics["http_req_duration"].values
    assert values["max"] > 1.9e3, attempt
    assert values["p(99)"] < 50.0, "ten of thousands: it can hardly be seen"


@pytest.mark.slow
def test_waiting_to_be_accepted_is_part_of_the_time(groundswell: Groundswell) -> None:
    behaviour = Behaviour(accept_every_ms=250.0, close_after=1)
    case = open_case("/delay/2", rate=200, seconds=8, max_vus=300, behaviour=behaviour)

    attempt = assert_true(groundswell, case)

    assert attempt.ran.summary.metrics["http_req_response_time"].values["p(90)"] > 200.0


@pytest.mark.slow
@pytest.mark.soak  # wants a machine of its own
def test_a_full_backlog_is_in_the_response_time_and_not_in_the_service_time(
    groundswell: Groundswell,
) -> None:
    # The kernel lets in one more than it is told; to all others it does not answer, and they ask again after
    # a second, and after two more. Three come in 450 ms, four and a half want to.
    behaviour = Behaviour(accept_every_ms=450.0, backlog=2, close_after=1)
    case = tagged_case("/delay/2", count=30, apart_ms=100, behaviour=behaviour)

    attempt = assert_true(groundswell, case)

    metrics = attempt.ran.summary.metrics
    longest = metrics["http_req_connecting"].values["max"]
    assert longest > 900.0, "nobody had to ask twice: the backlog was not full"
    assert metrics["http_req_response_time"].values["max"] >= longest
