"""Rows of data for functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from groundswell.files.places import Beside
from groundswell.scenario.loader import load
from groundswell.v1 import agent_pb2
from tests.agent.engine.played import RUN_ID, played
from tests.agent.script.played import script
from tests.core.script.writing import problems, source_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.engine.played import Measured
    from tests.agent.engine.site import Site

USERS = 'data={"users": {"file": "users.csv", "pick": "unique"}}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "users.csv").write_text("id,name\n0,Ann\n1,Ben\n2,Cleo\n")
    return tmp_path


async def play(text: str, site: Site, folder: Path) -> Measured:
    source = source_of(text)
    prepare = agent_pb2.Prepare(
        run_id=RUN_ID,
        source=agent_pb2.TestSource(name=source.name, text=source.text, target=site.url),
        shares=agent_pb2.ShareTable(entries=[agent_pb2.ShareEntry(agent="a", weight=1)]),
        agent="a",
    )
    (run,) = await played(prepare, files=Beside(folder))
    return run


async def test_a_function_has_its_iterations_row(site: Site, folder: Path) -> None:
    body = """
        first = vu.row("users")
        await vu.http.get("/echo")
        vu.check(first["id"] + first["name"], vu.row("users") is first)
    """
    executor = "shared_iterations(5, data=['users'])"
    run = await play(script(body, executor=executor, test=USERS), site, folder)
    assert run.rate("checks") == (3, 3)
    assert {tags["check"] for tags in run.tags("checks")} == {"0Ann", "1Ben", "2Cleo"}
    assert run.dropped() == {"no_data": 2}


async def test_a_scenario_that_does_not_say_so_has_no_row(site: Site, folder: Path) -> None:
    body = """
        try:
            vu.row("users")
        except LookupError as error:
            vu.check(str(error), True)
    """
    run = await play(script(body, test=USERS), site, folder)
    (tags,) = run.tags("checks")
    assert tags["check"] == "the scenario s does not say data=['users'] among its options"


def test_data_travels_with_the_test_and_is_checked_by_its_line(folder: Path) -> None:
    text = script("pass", executor="shared_iterations(3, data=['users'])", test=USERS)
    test = load(source_of(text))
    assert test.files == ("users.csv",)
    assert test.scenarios["s"].data == ("users",)
    wrong = script("pass", executor="shared_iterations(3, data=['user'])", test=USERS)
    assert problems(wrong) == ["t.py:6:43: there is no data source `user` (did you mean `users`?)"]
    recycled = USERS.replace("}}", ", 'on_end': 'recycle'}}")
    (line,) = problems(script("pass", test=recycled))
    assert "a `unique` row is never given twice" in line
