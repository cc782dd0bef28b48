"""Rows of data on agents: who gets which, and what becomes of iterations that have none."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from groundswell.errors import FileUnavailable
from groundswell.files.places import Beside
from groundswell.schedule.division import Handover
from groundswell.schedule.shares import ShareEntry
from tests.agent.engine.played import (
    Measured,
    Scenario,
    at,
    build,
    constant,
    get,
    open_at,
    per_vu,
    played,
    preparation,
    ramping,
    shared,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from groundswell_agent.engine.engine import Engine
    from tests.agent.engine.target import Target

ASK = get("/ok?id={{ users.id }}")


class Place:
    """A folder with data in it, and engines that run beside it."""

    def __init__(self, folder: Path, target: Target) -> None:
        self._files = Beside(folder)
        self._folder = folder
        self.target = target

    def users(self, count: int, **more: object) -> dict[str, object]:
        text = "id,name\n" + "".join(f"{number},user {number}\n" for number in range(count))
        (self._folder / "users.csv").write_text(text)
        return {"users": {"file": "users.csv", **more}}

    def write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text)

    async def play(
        self,
        data: dict[str, object],
        *agents: str,
        shares: dict[str, int] | None = None,
        seed: int = 1,
        during: Callable[[Engine, float], None] | None = None,
        **scenarios: Scenario,
    ) -> list[Measured]:
        names = agents or ("a",)
        prepares = [
            preparation(
                scenarios,
                self.target.url,
                agent=name,
                shares=shares or dict.fromkeys(names, 1),
                data=data,
                seed=seed,
            )
            for name in names
        ]
        return await played(*prepares, files=self._files, during=during)

    def build(self, data: dict[str, object], **scenarios: Scenario) -> Engine:
        return build(preparation(scenarios, self.target.url, data=data), self._files)

    def ids(self) -> list[int]:
        """Of the rows that arrived, in order."""
        return [int(parse_qs(one.query)["id"][0]) for one in self.target.arrivals]


@pytest.fixture
def place(tmp_path: Path, target: Target) -> Place:
    return Place(tmp_path, target)


EXACT: dict[str, Scenario] = {
    "shared": shared(6, 60, steps=[ASK]),
    "per vu": per_vu(6, 10, steps=[ASK]),
    "open": open_at(60, 1, max_vus=6, steps=[ASK]),
}


@pytest.mark.parametrize("scenario", EXACT.values(), ids=EXACT)
async def test_each_row_of_a_unique_source_arrives_exactly_once(
    place: Place, scenario: Scenario
) -> None:
    data = place.users(60, pick="unique")
    runs = await place.play(data, "a", "b", "c", s=scenario)
    # A busy machine may drop an arrival, which then takes no row.
    dropped = Counter[str]()
    for run in runs:
        run.assert_balanced()
        dropped.update(run.dropped())
    assert len(place.ids()) == 60 - dropped.total()
    assert len(set(place.ids())) == len(place.ids())
    if not dropped:
        assert sorted(place.ids()) == list(range(60))


async def test_rows_are_given_to_those_who_carry_out_the_iterations(place: Place) -> None:
    """Of three VUs an agent of weight 2 has two, so it has two thirds of the rows as well."""
    data = place.users(30, pick="unique")
    shares = {"a": 2, "b": 1, "idle": 1}
    scenario = shared(3, 30, steps=[ASK])
    runs = await place.play(data, "a", "b", "idle", shares=shares, s=scenario)
    assert [run.dropped() for run in runs] == [{}, {}, {}]
    assert sorted(place.ids()) == list(range(30))


@pytest.mark.parametrize(
    ("scenario", "dropped"),
    [
        (shared(2, 25, steps=[ASK]), 15),
        (per_vu(5, 5, steps=[ASK]), 15),
        (open_at(250, 0.1, steps=[ASK]), 15),
        (open_at(10_000, 60, steps=[ASK]), 600_000 - 10),
    ],
    ids=["shared", "per vu", "open", "a long one"],
)
async def test_a_scenario_ends_where_its_rows_do(
    place: Place, scenario: Scenario, dropped: int
) -> None:
    (run,) = await place.play(place.users(10, pick="unique"), s=scenario)
    run.assert_balanced()
    late = run.dropped().get("late", 0) + run.dropped().get("no_vu", 0)
    assert run.dropped()["no_data"] + late == dropped
    assert sorted(place.ids()) == list(range(10))
    assert run.account().fired == 10
    assert len(run.reports) < 20


@pytest.mark.parametrize(
    "scenario",
    [constant(3, 60, steps=[ASK]), ramping((0, 3), (60, 3), steps=[ASK])],
    ids=["constant", "ramping"],
)
async def test_vus_end_where_their_rows_do(place: Place, scenario: Scenario) -> None:
    (run,) = await place.play(place.users(10, pick="unique"), s=scenario)
    run.assert_balanced(has_plan=False)
    # Each VU that came back for another row found none.
    assert 1 <= run.dropped()["no_data"] <= 3
    assert sorted(place.ids()) == list(range(10))


async def test_an_iteration_without_a_row_takes_none_of_another_source(place: Place) -> None:
    place.write("few.csv", "id\n0\n1\n2\n")
    data = {**place.users(10, pick="unique"), "few": {"file": "few.csv", "pick": "unique"}}
    step = get("/ok?id={{ users.id }}&few={{ few.id }}")
    (run,) = await place.play(data, s=shared(1, 5, steps=[step]))
    assert run.dropped() == {"no_data": 2}
    assert place.ids() == [0, 1, 2]


async def test_a_row_is_one_for_the_whole_iteration_and_another_in_the_next(place: Place) -> None:
    steps = [
        ASK,
        {"parallel": [ASK, [{"if": "users.id == '0'", "then": [ASK], "else": [ASK]}]]},
        {"repeat": 2, "steps": [ASK]},
    ]
    await place.play(place.users(3, pick="sequential"), s=shared(1, 4, steps=steps))
    assert place.ids() == [0] * 5 + [1] * 5 + [2] * 5 + [0] * 5


async def test_rows_in_turn_are_taken_by_iterations_that_do_not_come_to_use_them(
    place: Place,
) -> None:
    steps = [{"if": "iteration == 1", "then": [ASK]}]
    await place.play(place.users(9, pick="sequential"), s=shared(1, 3, steps=steps))
    assert place.ids() == [1]


async def test_a_scenario_that_names_no_source_takes_nothing_of_it(place: Place) -> None:
    data = place.users(4, pick="unique")
    runs = await place.play(
        data, using=shared(1, 4, steps=[ASK]), other=shared(1, 50, steps=[get("/ok?id=99")])
    )
    assert [run.dropped("using") for run in runs] == [{}]
    assert sorted(id_ for id_ in place.ids() if id_ < 99) == [0, 1, 2, 3]


async def test_sequential_rows_begin_again_at_the_end(place: Place) -> None:
    await place.play(place.users(3, pick="sequential"), s=shared(1, 8, steps=[ASK]))
    assert place.ids() == [0, 1, 2, 0, 1, 2, 0, 1]


async def test_sequential_rows_may_stop_at_the_end_as_well(place: Place) -> None:
    data = place.users(3, pick="sequential", on_end="stop")
    (run,) = await place.play(data, s=shared(1, 8, steps=[ASK]))
    assert place.ids() == [0, 1, 2]
    assert run.dropped() == {"no_data": 5}


async def test_agents_go_through_their_own_parts_again_and_again(place: Place) -> None:
    await place.play(place.users(6, pick="sequential"), "a", "b", s=shared(2, 24, steps=[ASK]))
    assert Counter(place.ids()) == dict.fromkeys(range(6), 4)


async def test_where_there_are_fewer_rows_than_agents_they_share(place: Place) -> None:
    data = place.users(1, pick="sequential")
    await place.play(data, "a", "b", s=shared(2, 6, steps=[ASK]))
    assert place.ids() == [0] * 6


async def test_random_rows_are_the_same_for_the_same_seed(place: Place) -> None:
    data = place.users(1000, pick="random")
    drawn: list[list[int]] = []
    for seed in (1, 1, 2):
        await place.play(data, s=shared(1, 20, steps=[ASK]), seed=seed)
        drawn.append(place.ids()[-20:])
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) > 15


async def test_random_rows_come_from_all_of_the_file(place: Place) -> None:
    await place.play(place.users(5, pick="random"), s=shared(1, 200, steps=[ASK]))
    counts = Counter(place.ids())
    assert set(counts) == set(range(5))
    assert min(counts.values()) > 15


async def test_a_vu_keeps_its_row(place: Place) -> None:
    step = get("/ok?id={{ users.id }}&vu={{ vu }}")
    await place.play(place.users(3, pick="per-vu"), "a", "b", s=per_vu(4, 3, steps=[step]))
    rows: dict[int, set[int]] = {}
    for arrival in place.target.arrivals:
        query = parse_qs(arrival.query)
        rows.setdefault(int(query["vu"][0]), set()).add(int(query["id"][0]))
    assert rows == {1: {0}, 2: {1}, 3: {2}, 4: {0}}


async def test_a_lost_agents_rows_are_not_given_again_and_its_vus_use_their_heirs(
    place: Place,
) -> None:
    """Half of the rows are gone with it: whoever inherits its arrivals soon has none."""
    handover = Handover(1, "b", 0, (ShareEntry("a"),))

    def inherit(engine: Engine, start: float) -> None:
        at(start, 0.05, engine.reshare, [handover])

    data = place.users(20, pick="unique")
    scenario = open_at(40, 0.5, max_vus=10, steps=[ASK])
    (run,) = await place.play(data, "a", shares={"a": 1, "b": 1}, s=scenario, during=inherit)
    account = run.account()
    assert account.planned == 20 == account.fired + sum(account.dropped.values())
    assert run.dropped()["no_data"] >= 1
    assert sorted(place.ids()) == list(range(0, 20, 2))


async def test_the_vus_of_a_lost_agent_keep_their_rows(place: Place) -> None:
    handover = Handover(1, "b", 0, (ShareEntry("a"),))

    def inherit(engine: Engine, start: float) -> None:
        at(start, 0.05, engine.reshare, [handover])

    steps = [ASK, {"pause": "20ms"}]
    data = place.users(4, pick="per-vu")
    await place.play(data, shares={"a": 1, "b": 1}, s=constant(4, 0.5, steps=steps), during=inherit)
    assert set(place.ids()) == {0, 1, 2, 3}


async def test_values_of_json_keep_their_types(place: Place) -> None:
    rows = [{"id": 7, "tags": ["x", {"deep": None}], "price": 1.5}]
    place.write("items.json", json.dumps(rows))
    place.write("items.jsonl", "\n".join(map(json.dumps, rows)))
    for kind in ("json", "jsonl"):
        data: dict[str, object] = {"item": {"file": f"items.{kind}"}}
        body = {"id": "{{ item.id }}", "tags": "{{ item.tags }}", "first": "{{ item.tags[0] }}"}
        await place.play(data, s=shared(1, 1, steps=[{"post": "/ok", "json": body}]))
        sent = json.loads(place.target.arrivals[-1].body)
        assert sent == {"id": 7, "tags": ["x", {"deep": None}], "first": "x"}


async def test_defaults_may_name_data(place: Place, tmp_path: Path) -> None:
    prepare = preparation({"s": shared(1, 2)}, place.target.url, data=place.users(2))
    test = json.loads(prepare.source.text)
    test["defaults"] = {"headers": {"X-User": "{{ users.name }}"}}
    prepare.source.text = json.dumps(test).encode()
    await played(prepare, files=Beside(tmp_path))
    assert [one.headers["x-user"] for one in place.target.arrivals] == ["user 0", "user 1"]


async def test_more_rows_than_are_read_at_once_come_in_order(place: Place) -> None:
    await place.play(place.users(150, pick="unique"), s=shared(1, 150, steps=[ASK]))
    assert place.ids() == list(range(150))


async def test_a_file_that_is_not_on_the_machine_is_said(place: Place) -> None:
    data: dict[str, object] = {"users": {"file": "users.csv"}}
    with pytest.raises(FileUnavailable, match=r"users\.csv is not on this machine"):
        build(preparation({"s": shared(1, 1, steps=[ASK])}, place.target.url, data=data))
