from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from groundswell_coordinator.run.loss import loss_of
from hypothesis import given
from hypothesis import strategies as st

from groundswell.scenario.model import ConstantArrivalRate, Test
from groundswell.schedule.scenario_plan import plan_scenario
from groundswell.schedule.shares import ShareEntry, ShareTable
from groundswell_coordinator.timeline.accounts import Account
from tests.coordinator.played import STEP

if TYPE_CHECKING:
    from typing import Literal

TABLE = ShareTable((ShareEntry("a", 2), ShareEntry("b", 1)))


def open_test(arrivals: Literal["even", "poisson"], start_time: int = 0) -> Test:
    scenario = ConstantArrivalRate(
        steps=(STEP,),
        rate=Fraction(7),
        duration=Fraction(9),
        max_vus=6,
        pre_allocated_vus=6,
        arrivals=arrivals,
        start_time=Fraction(start_time),
    )
    return Test(test="t", target="http://t", scenarios={"browse": scenario})


@pytest.mark.parametrize("arrivals", ["even", "poisson"])
@given(lease_end=st.floats(-1, 12), start_time=st.integers(0, 2), decided=st.integers(0, 10))
def test_what_was_due_before_its_lease_ended_is_unknown_and_the_rest_is_dropped(
    arrivals: Literal["even", "poisson"], lease_end: float, start_time: int, decided: int
) -> None:
    test = open_test(arrivals, start_time)
    share = plan_scenario("browse", test.scenarios["browse"], TABLE, "a", 1)
    moments = [moment + start_time for _, moment in share.arrivals()]
    due = max(decided, sum(moment < lease_end for moment in moments))
    account = Account(planned=decided, fired=decided)
    loss = loss_of(
        test,
        TABLE,
        1,
        agent="a",
        incarnation="i",
        accounts={"browse": account},
        lease_end=lease_end,
    )
    assert loss.unknown == {"browse": due - decided}
    assert loss.dropped == {"browse": len(moments) - due}
