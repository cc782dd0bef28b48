"""One coordinator at a time writes to a store, whatever is killed or cut."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundswell.errors import StoreFailed
from groundswell_coordinator.store import ownership
from groundswell_coordinator.store.run_store import RunStore
from tests.coordinator.store.runs import CREATED, close, new_run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from groundswell_coordinator.store.records import Ownership
    from tests.postgres_server import PostgresServer

OWNER = str(Path(__file__).with_name("owning_process.py"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is refused is refused at once."""
    monkeypatch.setattr(ownership, "_PATIENCE_S", 0.0)


@pytest.fixture(params=["sqlite", "postgres"])
def cut(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Take the lock from whoever has it, as a server's restart or a careless hand does."""
    if request.param == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        return lambda: (folder / "groundswell.db.lock").unlink()
    server: PostgresServer = request.getfixturevalue("postgres")
    database: str = request.getfixturevalue("postgres_database")
    return lambda: end_lock_sessions(server, database)


def end_lock_sessions(server: PostgresServer, database: str) -> None:
    ended = server.sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND"
        f" database = (SELECT oid FROM pg_database WHERE datname = '{database}')"
    )
    assert ended == "t"


@pytest.fixture
def url_to_cut(request: pytest.FixtureRequest, cut: Callable[[], None]) -> str:
    """Of the store whose lock `cut` takes."""
    kind = request.node.callspec.params["cut"]
    url: str = request.getfixturevalue(f"{kind}_url")
    return url


@contextmanager
def owning_process(url: str, holder: str) -> Generator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, OWNER, url, holder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip().isdecimal()
        try:
            yield process
        finally:
            process.kill()


def test_every_owner_has_a_generation_of_its_own_in_the_same_store(url: str) -> None:
    owned: list[Ownership] = []
    for _ in range(3):
        with RunStore.open(url) as store:
            owned.append(store.own("one"))
            assert store.own("one") == owned[-1]
            assert store.still_owned()
    assert [one.generation for one in owned] == [1, 2, 3]
    assert len({one.store_id for one in owned}) == 1


def test_stores_have_different_identities(url: str, tmp_path: Path) -> None:
    with RunStore.open(url) as one, RunStore.open(f"sqlite:///{tmp_path / 'other.db'}") as other:
        assert one.own("one").store_id != other.own("other").store_id


@pytest.mark.usefixtures("impatient")
def test_a_second_owner_is_refused_and_told_who_the_first_is(url: str) -> None:
    with owning_process(url, "coordinator on host-a"), RunStore.open(url) as store:
        with pytest.raises(StoreFailed) as caught:
            store.own("coordinator on host-b")
        assert caught.value.message.endswith(
            "belongs to another coordinator, coordinator on host-a"
        )
        assert caught.value.hint == "stop that one first, or give this one a store of its own"
        assert not store.still_owned()


def test_an_owner_that_was_killed_is_succeeded(url: str) -> None:
    with owning_process(url, "killed") as process:
        process.kill()
        with RunStore.open(url) as store:
            assert store.own("next").generation == 2


def test_a_successor_waits_a_moment_for_the_owner_to_leave(url: str) -> None:
    with owning_process(url, "leaving") as process, RunStore.open(url) as store:
        leaving = threading.Timer(0.2, process.kill)
        leaving.start()
        assert store.own("next").generation == 2
        leaving.join()


def test_embedded_coordinators_write_beside_an_owner(url: str) -> None:
    with owning_process(url, "owner"), RunStore.open(url) as store:
        store.create_run(new_run())
        close(store)
        assert store.get_run("run-1").line.verdict == "PASS"


@pytest.mark.usefixtures("impatient")
def test_a_lock_that_was_lost_is_taken_anew(cut: Callable[[], None], url_to_cut: str) -> None:
    with RunStore.open(url_to_cut) as store:
        before = store.own("one")
        cut()
        store.create_run(new_run())
        assert store.still_owned()
        assert store.own("one") == before
        refuse_another(url_to_cut)


def refuse_another(url: str) -> None:
    with RunStore.open(url) as other, pytest.raises(StoreFailed, match="another coordinator, one"):
        other.own("other")


@pytest.mark.usefixtures("impatient")
def test_who_lost_the_lock_to_another_writes_nothing(
    cut: Callable[[], None], url_to_cut: str
) -> None:
    with RunStore.open(url_to_cut) as first, RunStore.open(url_to_cut) as second:
        first.own("first")
        cut()
        second.own("second")
        with pytest.raises(StoreFailed, match="belongs to another coordinator by now"):
            first.create_run(new_run())
        assert not first.still_owned()
        second.create_run(new_run())
        assert second.still_owned()


def test_who_was_succeeded_meanwhile_never_writes_again(
    cut: Callable[[], None], url_to_cut: str
) -> None:
    with RunStore.open(url_to_cut) as first:
        first.own("first")
        cut()
        with RunStore.open(url_to_cut) as second:
            assert second.own("second").generation == 2
        # The lock is free, but the store went through other hands.
        for _ in range(2):
            with pytest.raises(StoreFailed, match="belongs to another coordinator by now"):
                first.create_run(new_run())
        assert not first.still_owned()
        with RunStore.open(url_to_cut) as third:
            assert third.own("third").generation == 3


STEPS = st.lists(
    st.tuples(st.sampled_from(["own", "write", "cut", "leave"]), st.integers(0, 2)), max_size=25
)


@pytest.mark.usefixtures("impatient")
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_in_any_order_of_events_only_the_newest_owner_writes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    url = f"sqlite:///{folder / 'groundswell.db'}"
    stores = [RunStore.open(url) for _ in range(3)]
    generations: dict[int, int] = {}
    newest = 0
    for number, (step, who) in enumerate(steps):
        if step == "own" and who not in generations:
            try:
                generations[who] = stores[who].own(str(who)).generation
            except StoreFailed:
                assert newest in generations.values()
            else:
                assert generations[who] == newest + 1
                newest = generations[who]
        elif step == "write" and who in generations:
            try:
                stores[who].create_run(new_run(f"run-{number}"))
            except StoreFailed:
                assert generations[who] < newest
            else:
                assert generations[who] == newest
        elif step == "cut":
            (folder / "groundswell.db.lock").unlink(missing_ok=True)
        elif step == "leave":
            stores[who].close()
            stores[who] = RunStore.open(url)
            generations.pop(who, None)
    for store in stores:
        store.close()


def test_a_store_has_one_lock_whatever_its_file_is_called(tmp_path: Path, impatient: None) -> None:
    url = f"sqlite:///{tmp_path / 'groundswell.db'}"
    with RunStore.open(url) as store:
        store.own("one")
        (tmp_path / "alias.db").symlink_to(tmp_path / "groundswell.db")
        with (
            RunStore.open(f"sqlite:///{tmp_path / 'alias.db'}") as other,
            pytest.raises(StoreFailed, match="belongs to another coordinator"),
        ):
            other.own("other")


def test_a_lock_that_cannot_be_made_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "groundswell.db.lock").mkdir()
    with RunStore.open(f"sqlite:///{tmp_path / 'groundswell.db'}") as store:
        with pytest.raises(StoreFailed, match="cannot lock") as caught:
            store.own("one")
        assert caught.value.hint is not None


def test_an_owner_finds_the_runs_to_take_up(url: str) -> None:
    with RunStore.open(url) as store:
        for hours, name in ((0, "young"), (2, "old"), (1, "closed")):
            created = CREATED - timedelta(hours=hours)
            store.create_run(replace(new_run(name, created_at=created), is_local=False))
        close(store, "closed")
        store.create_run(new_run("local"))
        with pytest.raises(StoreFailed, match="only the owner"):
            store.unended_runs()
        store.own("one")
        found = store.unended_runs()
    assert [run.line.run_id for run in found] == ["old", "young"]
    assert found[0].source == new_run().source
