"""A test gone through once, and told: setup, one iteration of each scenario, teardown.

The steps are compiled and run by the engine of a load; there is one VU and no schedule, nothing is
measured, and a trace hears of everything.
"""

from __future__ import annotations

import asyncio
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from groundswell.errors import GroundswellError
from groundswell.exit_codes import ExitCode, worst
from groundswell.scenario.values import as_text
from groundswell.telling import Begin, End, Event, Summary
from groundswell_agent.engine.engine import Engine
from groundswell_agent.engine.phases import Kind
from groundswell_agent.engine.secrets import secrets_read
from groundswell_agent.engine.steps.traced import shortened
from groundswell_agent.engine.virtual_user import VirtualUser
from groundswell_agent.http.guard import guard_of
from groundswell_agent.once.masking import Masking, secrets_of
from groundswell_agent.once.teller import Teller

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from groundswell.files.places import Files
    from groundswell.scenario.http_model import Http
    from groundswell.telling import PhaseName
    from groundswell.v1 import agent_pb2
    from groundswell_agent.engine.phases import Performed
    from groundswell_agent.engine.scenario_load import ScenarioLoad
    from groundswell_agent.once.wishes import Wishes

T = TypeVar("T")

_MOST_OF_RESULT = 500
_MOST_OF_ROW = 300


class UnknownScenario(GroundswellError):
    """The test has no scenario of that name."""

    exit_code = ExitCode.INVALID_TEST


class Once:
    """`run` says how it went. What it is doing can be interrupted; teardown follows nevertheless."""

    def __init__(
        self,
        prepare: agent_pb2.Prepare,
        wishes: Wishes,
        tell: Callable[[Event], None],
        files: Files,
    ) -> None:
        """Compiles the test; InvalidTest and its kin where that fails."""
        self._tell = tell
        self._seed = prepare.seed
        self._codes: set[ExitCode] = set()
        self._doing: asyncio.Task[object] | None = None
        self.interrupted = False
        # What is a secret is known once the test is compiled, and nothing is told before.
        self._teller = Teller(self._tell, Masking(()), wishes)
        self._engine = Engine.build(
            prepare,
            incarnation="once",
            files=files,
            trace=self._teller,
            guard=partial(guard_of, also=wishes.allowed),
        )
        envs = [prepare.source.env, *(one.env for one in self._engine.test.scenarios.values())]
        self._secrets = secrets_of(envs, secrets_read())
        self._teller.masking = Masking(self._secrets)
        self._loads = _chosen(self._engine, wishes.scenario)

    async def run(self) -> ExitCode:
        began = monotonic()
        test = self._engine.test
        is_set_up = test.setup is None or await self._phase(Kind.SETUP)
        if is_set_up:
            for name, load in self._loads.items():
                if not self.interrupted:
                    await self._scenario(name, load)
            if test.teardown is not None:
                await self._phase(Kind.TEARDOWN)
        if self._engine.script is not None:
            await self._engine.script.resources.close()
        self._engine.connectors.close()
        return self._sum_up(began)

    def interrupt(self) -> None:
        """End what is going on now."""
        self.interrupted = True
        if self._doing is not None:
            self._doing.cancel()

    async def _phase(self, kind: Kind) -> bool:
        test = self._engine.test
        phase = test.setup if kind is Kind.SETUP else test.teardown
        assert phase is not None
        began = self._begin(kind.value, None, phase.http)
        performance = self._engine.phases.performance(kind)
        performed = await self._do(performance.run())
        if performed is None:
            self._end(kind.value, None, "interrupted", began)
            return False
        if kind is Kind.SETUP and not performed.failure:
            self._engine.phases.take_result(performed.result)
            self._tell_result(performed.result)
        self._note_failure(kind, performed)
        outcome = performed.failure or "complete"
        self._end(kind.value, None, outcome, began, performed.message, performed.hint)
        return not performed.failure

    def _tell_result(self, result: bytes) -> None:
        """What a function returns; what steps capture has been told."""
        setup = self._engine.test.setup
        if setup is not None and not setup.steps and result != b"null":
            text = result[:_MOST_OF_RESULT].decode("utf-8", "replace")
            self._teller.note(f"setup gives {text}{'…' if len(result) > _MOST_OF_RESULT else ''}")

    def _note_failure(self, kind: Kind, performed: Performed) -> None:
        if performed.failure == "exception":
            self._codes.add(ExitCode.SCRIPT_EXCEPTION)
        elif performed.failure:
            is_setup = kind is Kind.SETUP
            self._codes.add(ExitCode.SETUP_FAILED if is_setup else ExitCode.TEARDOWN_FAILED)

    async def _scenario(self, name: str, load: ScenarioLoad) -> None:
        began = self._begin("scenario", name, self._engine.test.scenarios[name].http)
        sums = self._teller.sums
        sums.is_ended = False
        vu = VirtualUser(1, load)
        self._take_rows(vu, name)
        try:
            ended = await self._do(vu.iteration(monotonic(), monotonic()))
        finally:
            vu.close()
        outcome = "interrupted" if ended is None else "ended" if sums.is_ended else "complete"
        self._end("scenario", name, outcome, began)

    def _take_rows(self, vu: VirtualUser, scenario: str) -> None:
        """The first of those in turn; which row of any kind it is, is told."""
        load = vu.load
        if load.take_rows is not None and not load.take_rows(vu):
            self._teller.note("a data source has no row: the iteration ends where it asks for one")
            return
        for source in self._engine.test.scenarios[scenario].data:
            row = vu.fields(source, load.namespaces[source])
            # What its columns say is a secret is one wherever it is sent to.
            self._secrets += secrets_of([{name: as_text(value) for name, value in row.items()}], ())
            self._teller.masking = Masking(self._secrets)
            self._teller.note(f"row of {source}: {shortened(row, _MOST_OF_ROW)}")

    async def _do(self, work: Coroutine[object, object, T]) -> T | None:
        """None where it was interrupted."""
        self._doing = task = asyncio.create_task(work)
        try:
            return await task
        except asyncio.CancelledError:
            return None
        finally:
            self._doing = None

    def _begin(self, phase: PhaseName, scenario: str | None, http: Http) -> float:
        self._tell(Begin(phase, scenario))
        if not http.verifies:
            self._teller.note("certificates are NOT verified: the test says `verify: false`")
        return monotonic()

    def _end(
        self,
        phase: PhaseName,
        scenario: str | None,
        outcome: str,
        began: float,
        message: str = "",
        hint: str = "",
    ) -> None:
        text = self._teller.masking.text
        took = _ms(monotonic() - began)
        self._tell(End(phase, scenario, outcome, took, text(message) or None, hint or None))

    def _sum_up(self, began: float) -> ExitCode:
        sums = self._teller.sums
        if sums.faults:
            self._codes.add(ExitCode.SCRIPT_EXCEPTION)
        if not sums.is_well and not self._codes:
            self._codes.add(ExitCode.FAIL)
        if self.interrupted:
            self._codes.add(ExitCode.INTERRUPTED)
        code = worst(self._codes)
        self._tell(
            Summary(
                ok=code is ExitCode.OK,
                exit_code=int(code),
                seed=self._seed,
                requests=sums.requests,
                failed_requests=sums.failed_requests,
                checks_passed=sums.checks_passed,
                checks_failed=sums.checks_failed,
                captures=sums.captures,
                captures_missing=sums.captures_missing,
                faults=sums.faults,
                ms=_ms(monotonic() - began),
                skipped_ms=_ms(sums.skipped_s),
            )
        )
        return code


def _chosen(engine: Engine, scenario: str | None) -> dict[str, ScenarioLoad]:
    if scenario is None:
        return dict(engine.loads)
    load = engine.loads.get(scenario)
    if load is None:
        raise UnknownScenario(
            f"the test has no scenario `{scenario}`", hint=f"it has {', '.join(engine.loads)}"
        )
    return {scenario: load}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
