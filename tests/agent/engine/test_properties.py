"""Whatever a test asks for: the accounts balance, and the target saw what the engine counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundswell_agent.events import HaltMode
from tests.agent.engine.played import (
    at,
    constant,
    get,
    open_at,
    per_vu,
    played,
    preparation,
    ramping,
    shared,
)
from tests.agent.engine.target import listening

if TYPE_CHECKING:
    from groundswell_agent.engine.engine import Engine
    from tests.agent.engine.played import Scenario, Step

PATHS = st.sampled_from(["/ok", "/status/500", "/slow/0.03", "/slow/0.3", "/hang", "/reset"])
REQUESTS = st.builds(get, PATHS, timeout=st.sampled_from(["0.1s", "60s"]))
STAGES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.2]), st.integers(0, 5)), min_size=1, max_size=3
)


def pause(text: str) -> Step:
    return {"pause": text}


PAUSES = st.builds(pause, st.sampled_from(["0s", "1ms", "5ms..20ms"]))
STEPS = st.lists(REQUESTS | PAUSES, min_size=1, max_size=3)


@st.composite
def load(draw: st.DrawFn) -> Scenario:
    """A scenario of any executor, its steps left to others."""
    vus = draw(st.integers(1, 5))
    duration = draw(st.sampled_from([0.05, 0.2, 0.4]))
    count = draw(st.integers(0, 30))
    match draw(st.sampled_from(["constant", "ramping", "open", "poisson", "shared", "each"])):
        case "constant":
            return constant(vus, duration)
        case "ramping":
            ramp_down = draw(st.sampled_from(["0s", "0.05s", "30s"]))
            return ramping(*draw(STAGES), (0.1, 1), graceful_ramp_down=ramp_down)
        case "shared":
            return shared(vus, vus + count, max_duration=f"{duration}s")
        case "each":
            return per_vu(vus, 1 + count // 4, max_duration=f"{duration}s")
        case kind:
            arrivals = "even" if kind == "open" else "poisson"
            return open_at(5 * (1 + count), duration, max_vus=4 * vus, arrivals=arrivals)


@st.composite
def scenario(draw: st.DrawFn) -> Scenario:
    return {
        **draw(load()),
        "steps": draw(STEPS),
        "start_time": draw(st.sampled_from(["0s", "0.1s"])),
        "graceful_stop": draw(st.sampled_from(["0s", "0.1s"])),
    }


SCENARIOS = st.lists(scenario(), min_size=1, max_size=3)
HALTS = st.none() | st.tuples(st.sampled_from([0.0, 0.1, 0.3]), st.sampled_from(HaltMode))
WITHOUT_PLAN = ("constant-vus", "ramping-vus")


@given(SCENARIOS, HALTS, st.integers(1, 3))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
async def test_what_the_target_saw_is_what_was_counted(
    scenarios: list[Scenario], halt: tuple[float, HaltMode] | None, agents: int
) -> None:
    def during(engine: Engine, start: float) -> None:
        if halt is not None:
            at(start, halt[0], engine.halt, halt[1])

    named = {f"s{number}": scenario for number, scenario in enumerate(scenarios)}
    shares = {f"agent-{number}": number + 1 for number in range(agents)}
    async with listening() as target:
        runs = await played(
            *(preparation(named, target.url, agent=a, shares=shares) for a in shares),
            during=during,
        )
        await target.nobody_left()
    for run in runs:
        for name, scenario in named.items():
            run.assert_balanced(name, has_plan=scenario["executor"] not in WITHOUT_PLAN)
        # An abort's requests are in no rate; all others are.
        failed, rated = run.rate("http_req_failed")
        assert rated == run.trend("http_req_response_time").count
        assert rated <= run.count("http_reqs")
        assert failed <= rated
    assert sum(run.count("http_reqs") for run in runs) == len(target.arrivals)
    assert sum(run.count("data_sent") for run in runs) == sum(a.size for a in target.arrivals)
    assert target.overlaps == 0
