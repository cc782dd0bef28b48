from __future__ import annotations

import asyncio

from groundswell_coordinator.services.readiness import Readiness


def test_it_is_ready_when_nothing_is_in_the_way_any_more() -> None:
    readiness = Readiness()
    assert readiness.is_ready

    readiness.hinder("store", "the store is not open yet")
    readiness.hinder("start", "it is starting")
    readiness.hinder("store", "the store fails")
    assert readiness.obstacles == ("the store fails", "it is starting")

    readiness.clear("store")
    assert not readiness.is_ready
    readiness.clear("start")
    assert readiness.is_ready


def test_what_nobody_put_in_the_way_can_be_cleared() -> None:
    readiness = Readiness()
    readiness.clear("store")

    assert readiness.is_ready


async def test_a_listener_hears_of_a_change_that_came_before_it_listened() -> None:
    readiness = Readiness()
    readiness.hinder("store", "the store fails")
    await asyncio.wait_for(readiness.change(), 5)

    later = asyncio.create_task(readiness.change())
    await asyncio.sleep(0)
    assert not later.done()
    readiness.clear("store")
    await asyncio.wait_for(later, 5)
