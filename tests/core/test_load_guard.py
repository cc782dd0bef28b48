"""The most that an agent carries: what is said against more, and how it is passed on."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.errors import InvalidConfiguration, ProtocolViolation
from groundswell.load_guard import NO_GUARD, LoadGuard, ShareLoad, rate_text
from groundswell.schedule.share_loads import guard_from_wire, guard_to_wire
from groundswell.units import parse_rate
from groundswell.v1 import agent_pb2


def written_rate(number: int, places: int, unit: str) -> Fraction:
    return parse_rate(f"{number / 10**places:.{places}f}/{unit}")


rates = st.builds(
    written_rate, st.integers(1, 10**9), st.integers(0, 6), st.sampled_from("smh")
).filter(bool)
guards = st.builds(
    LoadGuard, st.one_of(st.none(), rates), st.one_of(st.none(), st.integers(1, 10**7))
)


@pytest.mark.parametrize(
    ("load", "said", "hint"),
    [
        (
            ShareLoad(Fraction(800), 100),
            "starts at most 500/s, its share is 800/s",
            "--max-rate 800/s",
        ),
        (ShareLoad(Fraction(500), 101), "has at most 100 VUs, its share is 101", "--max-vus 101"),
        (
            ShareLoad(Fraction(2000, 3), 250),
            "starts at most 500/s, its share is 666.667/s and has at most 100 VUs, its share is 250",
            "--max-rate 666.667/s --max-vus 250",
        ),
    ],
)
def test_what_is_more_is_refused_by_name_with_the_flag_that_would_allow_it(
    load: ShareLoad, said: str, hint: str
) -> None:
    guard = LoadGuard(Fraction(500), 100)
    with pytest.raises(InvalidConfiguration) as caught:
        guard.check('agent "pod-7"', load, "use more agents")
    assert caught.value.message == f'agent "pod-7" {said}'
    assert caught.value.hint == f"start it with {hint}, or use more agents"
    assert caught.value.exit_code == 104
    assert not guard.allows(load)


def test_just_as_much_is_allowed_and_without_limits_everything_is() -> None:
    load = ShareLoad(Fraction(500), 100)
    guard = LoadGuard(Fraction(500), 100)
    guard.check("it", load, "")
    assert guard.allows(load)
    assert NO_GUARD.allows(ShareLoad(Fraction(10**9), 10**7))
    assert (guard.limits, NO_GUARD.limits) == (True, False)


@given(rates)
def test_the_rate_that_is_said_would_allow_what_was_refused(rate: Fraction) -> None:
    said = parse_rate(rate_text(rate))
    assert rate <= said < rate + Fraction(1, 500)


@given(guards)
def test_workers_and_the_coordinator_are_told_just_the_same(guard: LoadGuard) -> None:
    words = guard.words()
    told = dict(zip(words[::2], words[1::2], strict=True))
    rate, vus = told.get("--max-rate"), told.get("--max-vus")
    assert (rate and parse_rate(rate)) == guard.max_rate
    assert (vus and int(vus)) == guard.max_vus

    sent = agent_pb2.LoadGuard.FromString(guard_to_wire(guard).SerializeToString())
    assert guard_from_wire(sent) == guard


@pytest.mark.parametrize("rate", ["0", "-1", "1/0", "1e99", "much", "9" * 101, "2000000000"])
def test_a_guard_that_is_none_is_none_of_the_protocol(rate: str) -> None:
    with pytest.raises(ProtocolViolation, match="a guard that is none"):
        guard_from_wire(agent_pb2.LoadGuard(max_rate=rate))
