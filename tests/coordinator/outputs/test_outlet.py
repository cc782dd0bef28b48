"""Whatever a receiver does: offering never waits, the end comes within seconds, what is missed is counted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.outputs import outlet as outlets
from groundswell_coordinator.outputs.destination import parse_destination
from groundswell_coordinator.outputs.outlet import Outlet
from groundswell_coordinator.outputs.outputs import Outputs
from tests.coordinator.outputs.receiver import HttpReceiver
from tests.coordinator.outputs.seconds import facts, second
from tests.coordinator.outputs.test_prometheus import by_name
from tests.free_port import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CLOSES_WITHIN_S = 8.0


def opened(url: str, troubles: list[str], **more: int) -> Outlet:
    sink = parse_destination(f"prometheus={url}/api/v1/write").open(facts())
    return Outlet(sink, troubles.append, **more)


async def closed(outlet: Outlet) -> Outlet:
    """Sooner than the tests' own patience, and with nothing left behind."""
    async with asyncio.timeout(_CLOSES_WITHIN_S):
        await outlet.close()
    return outlet


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_CLOSES_WITHIN_S):
        while not condition():  # noqa: ASYNC110 # it is the receiver's to come about
            await asyncio.sleep(0.01)


def totals(receiver: HttpReceiver) -> list[float]:
    found = (
        by_name(got.body, "groundswell_http_reqs_total", name="/cart") for got in receiver.taken
    )
    # The last request says that all is over.
    return [value for values in found for value in values if value == value]


async def test_a_receiver_that_is_well_gets_everything_in_order() -> None:
    troubles: list[str] = []
    async with HttpReceiver().listening() as receiver:
        outlet = opened(receiver.url, troubles)
        for number in range(20):
            outlet.offer(second(number))
        await closed(outlet)

    assert totals(receiver) == [3.0 * (number + 1) for number in range(20)]
    assert (outlet.offered, outlet.missed, troubles) == (20, 0, [])
    got = receiver.taken[0]
    assert got.path == "/api/v1/write"
    assert got.headers["Content-Encoding"] == "snappy"
    assert got.headers["X-Prometheus-Remote-Write-Version"] == "0.1.0"


async def test_one_that_is_not_there_misses_everything_and_is_complained_of_once() -> None:
    troubles: list[str] = []
    outlet = opened(f"http://127.0.0.1:{free_port()}", troubles)
    for number in range(10):
        outlet.offer(second(number))
        await asyncio.sleep(0.01)
    await closed(outlet)

    assert (outlet.offered, outlet.missed) == (10, 10)
    assert len(troubles) == 1
    assert "Connection refused" in troubles[0]


async def test_one_that_comes_back_gets_what_waited() -> None:
    troubles: list[str] = []
    port = free_port()
    outlet = opened(f"http://127.0.0.1:{port}", troubles)
    for number in range(5):
        outlet.offer(second(number))
    await until(lambda: bool(troubles))
    async with HttpReceiver().listening(port) as receiver:
        await until(lambda: len(receiver.taken) == 5)
        await closed(outlet)

    assert totals(receiver) == [3.0, 6.0, 9.0, 12.0, 15.0]
    assert (outlet.missed, len(troubles)) == (0, 1)


async def test_one_that_answers_too_slowly_holds_up_nothing_but_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outlets, "_PATIENCE_S", 0.3)
    troubles: list[str] = []
    async with HttpReceiver(delay_s=30.0).listening() as receiver:
        outlet = opened(receiver.url, troubles, most_waiting=3)
        for number in range(10):
            outlet.offer(second(number))
            await asyncio.sleep(0)
        assert outlet.missed == 6
        await closed(outlet)

    assert outlet.missed == 10
    assert outlet.last_failure


@pytest.mark.parametrize(("status", "tries_again"), [(400, False), (429, True), (503, True)])
async def test_what_is_refused_for_good_is_not_sent_again(
    status: int, tries_again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlets, "_FIRST_PAUSE_S", 0.01)
    troubles: list[str] = []
    async with HttpReceiver(status=status, answer=b"no\x1b[31m").listening() as receiver:
        outlet = opened(receiver.url, troubles)
        outlet.offer(second(0))
        await until(lambda: receiver.refused >= (3 if tries_again else 1))
        receiver.status = 204
        outlet.offer(second(1))
        await until(lambda: bool(receiver.taken))
        await closed(outlet)

    assert outlet.missed == (0 if tries_again else 1)
    assert totals(receiver) == ([3.0, 6.0] if tries_again else [6.0])
    assert troubles == [f"it answered {status}: no [31m"]


async def test_what_a_full_queue_drops_is_in_later_totals() -> None:
    troubles: list[str] = []
    async with HttpReceiver().listening() as receiver:
        outlet = opened(receiver.url, troubles, most_waiting=2)
        for number in range(6):
            outlet.offer(second(number))
        await closed(outlet)

    assert outlet.missed == 4
    assert totals(receiver) == [15.0, 18.0]


async def test_values_that_an_otlp_receiver_refuses_are_missed() -> None:
    # partial_success: 3 rejected, "too old".
    answer = bytes.fromhex("0a0b0803") + b"\x12\x07too old"
    troubles: list[str] = []
    async with HttpReceiver(answer=answer).listening() as receiver:
        sink = parse_destination(f"otlp={receiver.url}").open(facts())
        outlet = Outlet(sink, troubles.append)
        outlet.offer(second(0))
        await closed(outlet)

    assert receiver.taken[0].path == "/v1/metrics"
    assert outlet.missed == 1
    assert troubles == ["it refused 3 values: too old"]


async def test_a_user_and_a_password_are_sent_and_never_shown() -> None:
    notices: list[tuple[str, str]] = []

    def notice(code: str, message: str) -> None:
        notices.append((code, message))

    async with HttpReceiver().listening() as receiver:
        url = receiver.url.replace("//", "//me:s3cret@") + "/write?token=s3cret"
        dead = f"otlp=http://me:s3cret@127.0.0.1:{free_port()}/x?token=s3cret"
        destinations = [parse_destination(f"prometheus={url}"), parse_destination(dead)]
        outputs = Outputs(destinations, facts(), notice)
        outputs.take(second(0))
        warnings = await outputs.close()

    assert receiver.taken[0].headers["Authorization"] == "Basic bWU6czNjcmV0"
    said: Sequence[object] = (*notices, *warnings, *map(str, destinations))
    assert len(warnings) == 1
    assert warnings[0].code == "output_missed"
    assert "missed 1 of 1 second: cannot connect" in warnings[0].message
    assert "s3cret" not in str(said)
