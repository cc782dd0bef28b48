"""One HTTP request and the redirects it leads to: exchange, record, capture, check."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from groundswell.scenario.maps import merged_headers
from groundswell.scenario.requests import REDIRECTS
from groundswell_agent.engine.ending import EndIteration
from groundswell_agent.engine.outgoing import compile_request
from groundswell_agent.engine.reading import FAILED, LACKING, Reading
from groundswell_agent.engine.redirects import redirected, take_cookies
from groundswell_agent.engine.samples import Samples
from groundswell_agent.http.head import lower_head
from groundswell_agent.http.request import InvalidRequest

if TYPE_CHECKING:
    from groundswell.scenario.step_model import RequestStep
    from groundswell_agent.engine.outgoing import Outgoing
    from groundswell_agent.engine.reading import Reads
    from groundswell_agent.engine.steps.scope import Scope
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.http.exchange import Exchange
    from groundswell_agent.http.request import Origin, PreparedRequest


# What each request says to a server whose connections are for one request alone.
CLOSING = {"Connection": "close"}


class Request:
    __slots__ = (
        "_constant",
        "_ends_iteration",
        "_expected",
        "_follows",
        "_is_over",
        "_looks_at_head",
        "_outgoing",
        "_reading",
        "_redirects",
        "_samples",
        "_takes_cookies",
    )

    def __init__(
        self,
        step: RequestStep,
        scope: Scope,
        reading: Reads | None = None,
        outgoing: Outgoing | None = None,
    ) -> None:
        """What reads the responses and builds the requests is the step's own, or given."""
        if scope.load.closes_connections:
            step = replace(step, headers=merged_headers(CLOSING, step.headers))
        self._reading = reading or Reading(step, scope)
        self._outgoing = outgoing or compile_request(
            step, scope.target, scope.load, reads_body=self._reading.reads_body
        )
        self._constant = self._outgoing.constant
        self._samples = Samples(step, scope)
        self._expected = step.expect_status
        self._redirects = step.redirects
        # The statuses that lead to another request.
        self._follows = REDIRECTS if step.redirects else frozenset[int]()
        self._takes_cookies = scope.takes_cookies
        self._looks_at_head = scope.takes_cookies or self._reading.reads_body
        self._ends_iteration = step.ends_iteration
        # Nothing comes after the record of an answer whose head is known.
        self._is_over = reading is None and not (
            step.checks or step.captures or step.ends_iteration
        )

    async def __call__(self, vu: VirtualUser) -> None:
        client = vu.client
        request = self._constant
        if request is None or vu.jar.cookies:
            try:
                request = self._outgoing.build(vu)
            except InvalidRequest:
                await self._refuse(vu)
                return
        exchange = client.last
        try:
            await client.begin(request)
        except asyncio.CancelledError:
            client.abandon()
            self._cut_off(vu, request, exchange)
            raise
        exchange.given = monotonic()
        status = exchange.status
        if not status:
            await self._failed(vu, exchange)
        elif status in self._follows:
            await self._follow(vu, request, exchange)
        else:
            self._samples.record(vu.due, exchange)
            if self._is_over and exchange.lower_head:
                vu.due = exchange.end
            else:
                self._answered(vu, request, exchange)

    def _answered(self, vu: VirtualUser, request: PreparedRequest, exchange: Exchange) -> None:
        """The response that the step is about has been recorded."""
        vu.due = exchange.end
        head = exchange.lower_head
        if self._looks_at_head and not head:
            head = lower_head(exchange.raw)
            if self._takes_cookies:
                take_cookies(vu.jar, request, exchange, head)
        outcome = self._reading.of_answer(vu, exchange, head)
        # A VU that pauses now must not hold it until its next response.
        exchange.raw = exchange.collected = b""
        if outcome is LACKING or (
            self._ends_iteration and (outcome is FAILED or exchange.status not in self._expected)
        ):
            raise EndIteration

    async def _failed(self, vu: VirtualUser, exchange: Exchange) -> None:
        assert exchange.error is not None
        self._samples.record_error(exchange.error, vu.due, exchange)
        # An error may come back without ever waiting; others must have their turn nevertheless.
        await asyncio.sleep(0)
        self._without_answer(vu, exchange.end)

    async def _refuse(self, vu: VirtualUser) -> None:
        """A value of this iteration would have made two requests of one, or none: nothing is sent."""
        now = monotonic()
        self._samples.record_failure("unsendable", vu.due, now)
        await asyncio.sleep(0)
        self._without_answer(vu, now)

    def _without_answer(self, vu: VirtualUser, at: float) -> None:
        vu.due = at
        outcome = self._reading.of_nothing(vu, at)
        if outcome is LACKING or self._ends_iteration:
            raise EndIteration

    async def _follow(self, vu: VirtualUser, request: PreparedRequest, exchange: Exchange) -> None:
        """From the first redirect to the end; each hop is a sample. `exchange` is the record of all
        of them, one after the other.
        """
        samples, left, first = self._samples, self._redirects, request.origin
        while exchange.status in REDIRECTS:
            if self._takes_cookies:
                take_cookies(vu.jar, request, exchange, lower_head(exchange.raw))
            following = redirected(request, exchange, vu.jar)
            if following is None:
                break
            if not left:
                samples.record_hop(vu.due, exchange, request.method, "redirects")
                self._without_answer(vu, exchange.end)
                return
            samples.record_hop(vu.due, exchange, request.method)
            vu.due, request, left = exchange.end, following, left - 1
            try:
                await self._send(vu, request, first)
            except asyncio.CancelledError:
                self._cut_off(vu, request, exchange)
                raise
        if exchange.error is None:
            samples.record_end(vu.due, exchange, request.method)
            self._answered(vu, request, exchange)
        else:
            await self._failed(vu, exchange)

    async def _send(self, vu: VirtualUser, request: PreparedRequest, first: Origin) -> None:
        """One that a redirect has led to, from a request to the origin `first`."""
        await vu.client.exchange(request)

    def _cut_off(self, vu: VirtualUser, request: PreparedRequest, exchange: Exchange) -> None:
        """The engine cancelled the iteration. Not a byte sent: not a request."""
        # It may have ended by itself, only the VU has not had its turn since.
        with suppress(EndIteration):
            if exchange.status:
                self._samples.record_end(vu.due, exchange, request.method)
                self._answered(vu, request, exchange)
            elif exchange.error is not None:
                self._samples.record_error(exchange.error, vu.due, exchange)
                self._without_answer(vu, exchange.end)
            elif exchange.wrote:
                self._samples.record_cut(vu.due, exchange)
