"""What a run says of a target that answers after known times, against the target's own clock.

p50 to p99.9 and the maximum of service time, waiting, receiving and response time: within 0.1 % + 1 ms.
How the truth is reckoned, and what it cannot know, is at the top of `reckoning`; when a difference counts, at the
top of `attempts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.truth.attempts import assert_true
from tests.e2e.truth.cases import closed_case, open_case
from tests.e2e.truth.server import Behaviour

if TYPE_CHECKING:
    from tests.e2e.commands import Groundswell


def test_constant_delays_are_what_the_target_made_them(groundswell: Groundswell) -> None:
    attempt = assert_true(groundswell, open_case("/delay/20", rate=300, seconds=5))

    median = attempt.ran.summary.metrics["http_req_duration"].values["med"]
    assert 20.0 <= median < 22.0, attempt


def test_delays_of_a_long_tailed_distribution_keep_their_tail(groundswell: Groundswell) -> None:
    attempt = assert_true(groundswell, open_case("/mixed", rate=500, seconds=6, max_vus=400))

    values = attempt.ran.summary.metrics["http_req_duration"].values
    assert values["p(99)"] > 10 * values["med"], "the target has no tail: nothing was tested"


@pytest.mark.slow
def test_closed_users_measure_the_same_delays(groundswell: Groundswell) -> None:
    assert_true(groundswell, closed_case("/mixed", vus=20, seconds=8))


@pytest.mark.slow
def test_answers_in_pieces_are_received_for_as_long_as_the_target_sends(
    groundswell: Groundswell,
) -> None:
    attempt = assert_true(groundswell, open_case("/pieces/5/40", rate=100, seconds=8))

    assert attempt.ran.summary.metrics["http_req_receiving"].values["min"] > 150.0


@pytest.mark.slow
def test_two_agents_merge_to_the_truth_of_both(groundswell: Groundswell) -> None:
    assert_true(groundswell, open_case("/mixed", rate=600, seconds=10, max_vus=400, agents=2))


@pytest.mark.slow
@pytest.mark.soak  # wants a machine of its own
def test_thousands_of_requests_a_second_are_measured_as_well_as_hundreds(
    groundswell: Groundswell,
) -> None:
    assert_true(groundswell, open_case("/", rate=8000, seconds=6, max_vus=500))


@pytest.mark.slow
@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(Behaviour(close_after=7), id="announced"),
        pytest.param(Behaviour(drop_after=25), id="without a word"),
    ],
)
def test_connections_that_the_server_ends_change_no_figure(
    groundswell: Groundswell, behaviour: Behaviour
) -> None:
    case = open_case("/delay/3", rate=300, seconds=8, behaviour=behaviour)

    attempt = assert_true(groundswell, case)

    connections = attempt.log.connection.max()
    often = behaviour.close_after or behaviour.drop_after
    assert connections >= len(attempt.log) // often, "too few: the server ended none"
