"""Profiles: a table of times and rates becomes the curve of a scenario, and travels with its test."""

# One row of a table is one line.
# ruff: noqa: E501

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.errors import InvalidTest
from groundswell.scenario.bundle import Bundle, bundled
from groundswell.scenario.loader import TestSource, load, read_source
from groundswell.scenario.model import ConstantArrivalRate, RampingArrivalRate
from groundswell.schedule.scenario_plan import plan_scenario
from tests.core.schedule import slow_rate
from tests.core.schedule.strategies import table_of

if TYPE_CHECKING:
    from pathlib import Path

MAIN = """\
test: t
target: http://shop.test
scenarios:
  day: {executor: ramping-arrival-rate, profile: curves/day.csv, max_vus: 9, steps: [{get: /}]}
"""
OPEN = """\
test: t
target: http://shop.test
scenarios:
  buy: {executor: constant-arrival-rate, rate: 5/s, duration: 9s, max_vus: 9, start_time: 3s, tags: {a: b}, steps: [{get: /}]}
  work: {executor: constant-vus, duration: 1m, steps: [{get: /}]}
"""
TWO_OPEN = OPEN.replace("  work: {executor: constant-vus,", "  sell: {executor: constant-arrival-rate, rate: 1/s, max_vus: 1,")  # fmt: skip


def source_of(main: str, csv: str, scenario: str | None = None) -> TestSource:
    """With the profile that the test names, or that a run is given for a scenario."""
    if scenario is None:
        return TestSource("t.yaml", bundled(main.encode(), {"curves/day.csv": csv.encode()}))
    profiles = {scenario: ("day.csv", csv.encode())}
    return TestSource("t.yaml", bundled(main.encode(), {}, profiles))


def curve_of(csv: str) -> RampingArrivalRate:
    scenario = load(source_of(MAIN, csv)).scenarios["day"]
    assert isinstance(scenario, RampingArrivalRate)
    return scenario


def printed(source: TestSource) -> list[str]:
    try:
        load(source)
    except InvalidTest as error:
        return str(error).splitlines()
    return []


def test_rows_are_joined_by_straight_lines_and_two_of_one_time_are_a_jump() -> None:
    scenario = curve_of("time,rate\n60,10\n120,30/m\n120,5/s\n180,0\n")

    assert scenario.start_rate == 10
    assert [stage.duration for stage in scenario.stages] == [60, 0, 60]
    assert [stage.target for stage in scenario.stages] == [Fraction(1, 2), 5, 0]


@pytest.mark.parametrize(
    "times",
    [
        ("0", "1.5", "61.5"),
        ("1764057600", "1764057601.5", "1764057661.5"),
        ("0s", "1500ms", "1m1s500ms"),
        ("08:30", "08:30:01.5", "08:31:01.5"),
        ("23:59", "23:59:01.5", "24:00:01.5"),
        ("2026-11-24T23:59Z", "2026-11-24T23:59:01.500Z", "2026-11-25T01:00:01.5+01:00"),
        ("2026-11-24 08:00:00", "2026-11-24 08:00:01.5", "2026-11-24 08:01:01.5"),
    ],
    ids=lambda times: times[0],
)
def test_times_may_be_written_in_several_ways(times: tuple[str, ...]) -> None:
    csv = "time,rate\n" + "".join(f"{time},7\n" for time in times)

    assert [stage.duration for stage in curve_of(csv).stages] == [Fraction(3, 2), 60]


def test_a_file_as_a_spreadsheet_saves_it_is_read() -> None:
    text = '\ufeff"Rate",note,"Time"\r\n1,"a, b","0"\r\n\r\n 6.7e-05 ,,"10"\r\n'

    assert curve_of(text) == curve_of("time,rate\n0,1\n10,0.000067\n")


@pytest.mark.parametrize(
    ("csv", "problem"),
    [
        ("", "curves/day.csv:1:1: the profile has no rows (the first line names the columns: time,rate)"),
        ("time,rate\n", "curves/day.csv:1:1: the profile has no rows (the first line names the columns: time,rate)"),
        ("0,10\n9,10\n", "curves/day.csv:1:1: no column `time` (the first line names the columns: time,rate)"),
        ("time;rate\n0;1\n", "curves/day.csv:1:1: no column `time` (separate them by commas, not by ';')"),
        ("time,rate,rate\n0,1,2\n", "curves/day.csv:1:1: two columns are called `rate` (the first line names the columns: time,rate)"),
        ("time,rate\n5,1\n", "curves/day.csv:2:1: the profile lasts no time (its last row is its end)"),
        ("time,rate\n0,0\n5,0\n", "curves/day.csv:3:1: every rate of the profile is 0 (there would be no load)"),
        ("time,rate\n0,1\n9,1\n5,1\n", "curves/day.csv:4:1: '5' is before '9' in the row above (sort the rows by time)"),
        ("time,rate\n23:00,1\n00:30,1\n", "curves/day.csv:3:1: '00:30' is before '23:00' in the row above (sort the rows by time; after midnight, hours go on: 24:30)"),
        ("time,rate\n0,1\n5s,1\n", "curves/day.csv:3:1: '5s' is a duration, the row above has a number of seconds (write all times in one way)"),
        ("time,rate\n0,1\n-5,1\n", "curves/day.csv:3:1: the time '-5' is negative (write seconds, 1m30s, 08:30 or 2026-11-24T08:30:00Z)"),
        ("time,rate\n0,1\n5 min,1\n", "curves/day.csv:3:1: '5 min' is not a duration (write 5m)"),
        ("time,rate\n0,1\nnoon,1\n", "curves/day.csv:3:1: 'noon' is no time (write seconds, 1m30s, 08:30 or 2026-11-24T08:30:00Z)"),
        ("time,rate\n0,1\n2026-13-01,1\n", "curves/day.csv:3:1: '2026-13-01' is no date and time (write seconds, 1m30s, 08:30 or 2026-11-24T08:30:00Z)"),
        ("time,rate\n0,1\n,1\n", "curves/day.csv:3:1: a row has no time (write seconds, 1m30s, 08:30 or 2026-11-24T08:30:00Z)"),
        ("time,rate\n0,1\n5,\n", "curves/day.csv:3:1: a row has no rate (write 0, or leave the row out: a line is drawn over it)"),
        ("time,rate\n0,1\n5\n", "curves/day.csv:3:1: a row of 1 cells has no `time` and `rate`"),
        ("time,rate\n0,1\n5,-1\n", "curves/day.csv:3:1: '-1' is negative (write events per second, minute or hour: 500/s, 30/m, 10/h)"),
        ("time,rate\n0,1\n5,nan\n", "curves/day.csv:3:1: 'nan' is not a rate (write events per second, minute or hour: 500/s, 30/m, 10/h)"),
        ("time,rate\n0,1\n5,10/min\n", "curves/day.csv:3:1: '10/min' is not a rate (write 10/m)"),
        ("time,rate\n0,1\n5,1e12\n", "curves/day.csv:3:1: the rate '1e12' is too high (the highest is 1000000000/s)"),
        ("time,rate\n0,1\n1764057600000,1\n", "curves/day.csv:3:1: the profile is too long (the longest is 366d; a bare time is in seconds)"),
        ("time,rate\n0,1e9\n30000000,1e9\n", "curves/day.csv:3:1: the profile plans more arrivals than can be told apart (2**53)"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_profile_is_told_by_its_file_and_line(csv: str, problem: str) -> None:
    assert printed(source_of(MAIN, csv)) == [problem]


def test_a_profile_of_too_many_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groundswell.scenario.profile.MOST_ROWS", 200)
    csv = "time,rate\n" + "".join(f"{n},1\n" for n in range(201))

    hint = "give the curve in larger steps: lines are drawn between its rows"
    assert printed(source_of(MAIN, csv)) == [f"curves/day.csv:202:1: more than 200 rows ({hint})"]  # fmt: skip


def test_bytes_that_are_no_text_are_told_by_their_line() -> None:
    text = bundled(MAIN.encode(), {"curves/day.csv": b"time,rate\n0,1\n\xff,2\n"})

    assert printed(TestSource("t.yaml", text)) == ["curves/day.csv:3:1: the profile is not UTF-8 (save it as CSV in UTF-8)"]  # fmt: skip


@pytest.mark.parametrize(
    ("scenario", "problem"),
    [
        ("profile: '{{ env.X }}'", "the profile '{{ env.X }}' is not part of this test (a constant path, from the folder of the test)"),
        ("profile: [a.csv]", "`profile` must be the path of a file, not a list (such as day.csv, with the columns time and rate)"),
        ("profile: curves/day.csv, stages: [{duration: 1m, target: 1/s}]", "a scenario has either `profile` or `stages` (remove one of them)"),
        ("profile: curves/day.csv, time_unit: 1m", "a scenario has either `profile` or `time_unit` (remove one of them)"),
        ("tags: {a: b}", "`stages` is missing in a scenario (or `profile`, a CSV file)"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_key_is_told_by_its_place(scenario: str, problem: str) -> None:
    main = MAIN.replace("profile: curves/day.csv", scenario)
    text = bundled(main.encode(), {"curves/day.csv": b"time,rate\n0,1\n9,1\n"})

    (line,) = printed(TestSource("t.yaml", text, {"X": "curves/day.csv"}))
    assert line.startswith("t.yaml:4:")
    assert line.endswith(f": {problem}")


@pytest.mark.parametrize(
    ("main", "scenario", "problem"),
    [
        (TWO_OPEN, "", "--profile: 2 scenarios could follow day.csv (write --profile buy|sell=day.csv)"),
        (OPEN, "work", "--profile: the scenario `work` has no rate to follow a profile: it is constant-vus (write --profile buy=day.csv)"),
        (OPEN, "bye", "--profile: there is no scenario `bye` (write --profile buy=day.csv)"),
        (OPEN.replace("buy", "b").replace("constant-arrival-rate, rate: 5/s", "constant-vus").replace("max_vus: 9, ", ""), "", "--profile: no scenario of this test has a rate: a profile needs one with arrivals"),
    ],
)  # fmt: skip
def test_a_given_profile_needs_one_scenario_with_arrivals(
    main: str, scenario: str, problem: str
) -> None:
    assert printed(source_of(main, "time,rate\n0,1\n9,1\n", scenario)) == [problem]


@pytest.mark.parametrize("scenario", ["", "buy"])
def test_a_given_profile_replaces_the_curve_and_nothing_else(scenario: str) -> None:
    plain = load(TestSource("t.yaml", OPEN.encode())).scenarios["buy"]
    assert isinstance(plain, ConstantArrivalRate)
    curve = curve_of("time,rate\n0,1\n9,4\n")

    given = load(source_of(OPEN, "time,rate\n0,1\n9,4\n", scenario)).scenarios["buy"]

    assert given == RampingArrivalRate(
        start_time=plain.start_time,
        tags={"a": "b"},
        max_vus=9,
        pre_allocated_vus=9,
        steps=plain.steps,
        start_rate=curve.start_rate,
        stages=curve.stages,
    )


def test_every_scenario_may_have_its_own() -> None:
    profiles = {"buy": ("a.csv", b"time,rate\n0,1\n9,1\n"), "sell": ("b.csv", b"time,rate\n0,2\n9")}
    source = TestSource("t.yaml", bundled(TWO_OPEN.encode(), {}, profiles))

    assert printed(source) == ["b.csv:3:1: a row of 1 cells has no `time` and `rate`"]


def test_a_profile_travels_in_the_text_of_its_test(tmp_path: Path) -> None:
    (tmp_path / "curves").mkdir()
    (tmp_path / "curves" / "day.csv").write_text("time,rate\n0,1\n9,4\n")
    (tmp_path / "other.csv").write_text("time,rate\n0,7\n9,7\n")
    (tmp_path / "t.yaml").write_text(MAIN)
    own = read_source(str(tmp_path / "t.yaml"))
    given = read_source(str(tmp_path / "t.yaml"), profiles={"day": str(tmp_path / "other.csv")})

    # Whoever has the text, an agent or the store, has the curve.
    assert load(TestSource("x", own.text)) == load(own)
    assert load(TestSource("x", given.text)) == load(given)
    assert load(given) != load(own)
    assert given.hash != own.hash
    assert Bundle.of(given.text).profiles[0].scenario == "day"


def test_a_profile_that_is_not_there_is_told_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(MAIN)
    with pytest.raises(InvalidTest, match=r"t\.yaml:4:50: .*day\.csv: there is no such file"):
        read_source(str(tmp_path / "t.yaml"))


ROWS = st.lists(
    st.tuples(st.integers(0, 4000), st.integers(0, 30_000)), min_size=2, max_size=12
).filter(lambda rows: any(step for step, _ in rows[1:]) and any(rate for _, rate in rows))


@settings(deadline=None, max_examples=60, derandomize=True)
@given(rows=ROWS, weights=st.lists(st.integers(1, 5), min_size=1, max_size=4), data=st.data())
def test_arrivals_along_a_profile_are_those_of_an_independent_computation(
    rows: list[tuple[int, int]], weights: list[int], data: st.DataObject
) -> None:
    """Steps in ms between rows, rates in thousandths per second."""
    clock, lines = 0, ["time,rate"]
    for step, rate in rows:
        clock += step
        lines.append(f"{clock / 1000:.3f},{rate / 1000:.3f}")
    start = Fraction(rows[0][1], 1000)
    stages = [(Fraction(step, 1000), Fraction(rate, 1000)) for step, rate in rows[1:]]
    whole = slow_rate.area(start, stages, sum((step for step, _ in stages), Fraction(0)))

    scenario = load(source_of(MAIN.replace("max_vus: 9", "max_vus: 90"), "\n".join(lines))).scenarios["day"]  # fmt: skip
    table = table_of(weights)
    planned: dict[int, float] = {}
    for agent in table.agents:
        share = plan_scenario("day", scenario, table, agent, 1)
        for source in share.sources:
            for index, moment in source.walk():
                assert index not in planned
                planned[index] = moment

    assert sorted(planned) == list(range(-(-whole.numerator // whole.denominator)))
    for index in data.draw(st.lists(st.sampled_from(sorted(planned)), max_size=5)):
        assert planned[index] == pytest.approx(float(slow_rate.moment(start, stages, index)), abs=1e-6)  # fmt: skip


@settings(deadline=None, max_examples=200, derandomize=True)
@given(
    csv=st.one_of(
        st.text(max_size=60),
        st.lists(st.tuples(st.sampled_from(["time", "0", "08:00", "1s", "2026-01-01", "9" * 30, "", "-1", '"', "1:2:3:4", "2026-1", "\u0663"]), st.sampled_from(["rate", "1", "5/s", "1e9", "", "x", '"', "1e-99"])), max_size=6).map(lambda rows: "time,rate\n" + "\n".join(map(",".join, rows))),
    )
)  # fmt: skip
def test_whatever_a_profile_holds_there_is_a_test_or_a_problem_of_its_file(csv: str) -> None:
    text = bundled(MAIN.encode(), {"curves/day.csv": csv.encode("utf-8", "replace")})

    for line in printed(TestSource("t.yaml", text)):
        assert re.match(r"curves/day\.csv:[1-9]\d*:1: ", line)


def test_the_pairs_of_rows_are_the_stages() -> None:
    moments = [0, 5, 5, 12]
    csv = "time,rate\n" + "".join(f"{moment},1\n" for moment in moments)

    assert [stage.duration for stage in curve_of(csv).stages] == [b - a for a, b in pairwise(moments)]  # fmt: skip
