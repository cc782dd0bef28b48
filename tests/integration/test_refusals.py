"""What the protocol does not allow: the agent is told so and sent away, and the others go on."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import grpc
import pytest

from groundswell.v1 import agent_pb2
from groundswell.v1.metrics_pb2 import (
    METRIC_KIND_COUNTER,
    METRIC_KIND_GAUGE,
    CounterValue,
    Report,
    SeriesDeclaration,
    TrendValue,
)
from tests.coordinator.reporting import account, trend_value
from tests.integration.scripted_agent import ScriptedAgent, attached, start_together
from tests.integration.site import TEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.site import Site


def use_an_undeclared_series(report: Report) -> None:
    report.counters.append(CounterValue(series=77, delta=1))


def count_beyond_measure(report: Report) -> None:
    report.counters[0].delta = 2**64 - 1


def drop_beyond_measure(report: Report) -> None:
    report.accounts.add(scenario="s", planned=1, dropped={"no_vu": 2**64 - 1})


def sum_beyond_measure(report: Report) -> None:
    report.trends[0].sum_ns = 2**64 - 1


def declare_another_kind(report: Report) -> None:
    kind = METRIC_KIND_GAUGE
    report.declarations.append(SeriesDeclaration(number=9, metric="http_reqs", kind=kind))


def declare_no_kind(report: Report) -> None:
    report.declarations.append(SeriesDeclaration(number=9, metric="http_reqs"))


def use_a_number_twice(report: Report) -> None:
    report.declarations[0].tags["name"] = "another"


def use_a_counter_as_a_trend(report: Report) -> None:
    report.trends.append(trend_value(report.counters[0].series, [1.0]))


def name_a_series_twice(report: Report) -> None:
    report.counters.append(report.counters[0])


def declare_too_many_series(report: Report) -> None:
    for number in range(100, 1200):
        declared = SeriesDeclaration(number=number, metric="http_reqs", kind=METRIC_KIND_COUNTER)
        declared.tags["name"] = str(number)
        report.declarations.append(declared)


def send_no_histogram(report: Report) -> None:
    report.trends[0].payload = b"\xff" * 60


def send_a_histogram_that_claims_more(report: Report) -> None:
    report.trends[0].count *= 2
    report.trends[0].sum_ns *= 2


def send_a_histogram_with_negative_counts(report: Report) -> None:
    trend: TrendValue = report.trends[0]
    trend.payload = trend.payload[:-1] + b"\x01"


def be_from_the_future(report: Report) -> None:
    report.interval = 2**31


def be_from_another_agent(report: Report) -> None:
    report.incarnation = "somebody else"


SPOILED: dict[Callable[[Report], object], str] = {
    use_an_undeclared_series: "series 77 was never declared",
    declare_another_kind: "http_reqs is a counter, not a gauge",
    declare_no_kind: "series 9 has no known kind",
    use_a_number_twice: "series 1 was declared as another series before",
    use_a_counter_as_a_trend: "series 1 is a counter, not a trend: http_reqs",
    name_a_series_twice: "a series stands twice in one report",
    declare_too_many_series: "more than 1000 series of one agent",
    count_beyond_measure: "a count beyond all measure",
    drop_beyond_measure: "a count beyond all measure",
    sum_beyond_measure: "a trend beyond all measure",
    send_no_histogram: "a histogram with the cookie ffffffff",
    send_a_histogram_that_claims_more: "a histogram of 1 values that claims 2",
    send_a_histogram_with_negative_counts: "a histogram",
    be_from_the_future: "be_from_the_future: interval 2147483648 at ",
    be_from_another_agent: "a report of an unknown agent: 'somebody else'",
}


async def test_a_report_that_is_not_in_order_ends_its_agents_part_alone(site: Site) -> None:
    """All offences in one run, and one agent that commits none."""
    offenders = [ScriptedAgent(site.address, spoil.__name__) for spoil in SPOILED]
    async with contextlib.AsyncExitStack() as stack:
        for agent in offenders:
            await stack.enter_async_context(agent)
        good = await stack.enter_async_context(ScriptedAgent(site.address, "good"))
        agents = [*offenders, good]
        test = TEST.replace("max_vus: 4", f"max_vus: {len(agents)}")
        run = await site.submit(test, agents=len(agents))
        await start_together(*agents)
        for agent, spoil in zip(offenders, SPOILED, strict=True):
            agent.report(0, {"http_reqs": 3}, [account("browse", 1, 1)])
            report = agent.make_report(1, {"http_reqs": 1000, "http_req_duration": [1.0]})
            spoil(report)
            agent.send(report=report)
            code, text = await agent.refusal()
            assert code is grpc.StatusCode.INVALID_ARGUMENT
            assert text.startswith(SPOILED[spoil])
            said = f"{agent.name} broke the protocol: {text}"
            assert said in [notice.message for notice in run.notices]
        good.report(0, {"http_reqs": 4})
        await good.expect_reshare(len(offenders))
        good.report(1, {"http_reqs": 5}, last=True)
        summary = await run.summary()
        assert [agent.name for agent in await site.agents(1)] == ["good"]
    # What was in order before still counts, and nothing of the report that was not.
    assert summary.metrics["http_reqs"].values["count"] == 3 * len(offenders) + 4 + 5
    codes = [notice.code for notice in run.notices]
    assert [codes.count(code) for code in ("protocol", "agent_lost", "reshared")] == [15, 15, 15]
    browse = summary.scenarios["browse"]
    assert browse.planned == 20 == browse.fired + sum(browse.dropped.values()) + browse.unknown
    assert browse.fired == len(offenders) + good.all_fired()[0].fired


async def test_a_report_of_a_run_that_it_never_had_is_refused(site: Site) -> None:
    async with ScriptedAgent(site.address, "stray") as agent:
        agent.run_id = "somebody-elses"
        agent.report(0, {"http_reqs": 1})
        code, text = await agent.refusal()
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert text == "report of run 'somebody-elses', which this agent does not serve"


async def test_what_was_under_way_when_its_run_ended_is_no_offence(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        first = await site.submit()
        await start_together(agent)
        agent.report(0, last=True)
        await first.ended()
        await agent.expect("release")
        second = await site.submit()
        agent.report(0, {"http_reqs": 1000}, last=True)
        await start_together(agent)
        agent.report(0, {"http_reqs": 7}, last=True)
        summary = await second.summary()
    assert summary.metrics["http_reqs"].values["count"] == 7
    assert summary.reasons == ()


async def test_what_was_sent_before_the_offence_counts(site: Site) -> None:
    async with attached(site.address, "bad", "good") as (bad, good):
        run = await site.submit(agents=2)
        await start_together(bad, good)
        bad.report(0, {"http_reqs": 3})
        bad.report(1, {"http_reqs": 4})
        bad.send(hello=bad.hello)
        await bad.refusal()
        for interval in (0, 1):
            good.report(interval, {"http_reqs": 10}, last=interval == 1)
        summary = await run.summary()
    assert summary.metrics["http_reqs"].values["count"] == 27


async def test_a_second_hello_is_refused(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        agent.send(hello=agent.hello)
        code, text = await agent.refusal()
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert text == "an empty message or a second hello"


async def test_an_empty_message_is_refused(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        agent.send()
        assert (await agent.refusal())[0] is grpc.StatusCode.INVALID_ARGUMENT


async def refused_at_the_door(site: Site, message: agent_pb2.AgentMessage) -> str:
    agent = ScriptedAgent(site.address)
    try:
        agent.dial()
        agent.send(**{field.name: value for field, value in message.ListFields()})
        code, text = await agent.refusal()
    finally:
        await agent.leave()
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert await site.agents(0) == []
    return text


def hello(**fields: object) -> agent_pb2.AgentMessage:
    usual = {"protocol": "groundswell.v1", "name": "a", "incarnation": "i", "weight": 1}
    return agent_pb2.AgentMessage(hello=agent_pb2.Hello(**(usual | fields)))  # type: ignore[arg-type]  # fields by name


NO_HELLO = "this coordinator speaks groundswell.v1; the first message must be its hello"
TOO_LONG = "201 letters of an agent's name: at most 200 are taken"
TOO_HEAVY = "4294967295 as an agent's weight: at most 1000 are taken"


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (hello(protocol="groundswell.v0"), NO_HELLO),
        (hello(incarnation=""), NO_HELLO),
        (agent_pb2.AgentMessage(renewal=agent_pb2.Renewal(sent_ns=1)), NO_HELLO),
        (agent_pb2.AgentMessage(), NO_HELLO),
        (hello(name="n" * 201), TOO_LONG),
        (hello(weight=2**32 - 1), TOO_HEAVY),
    ],
    ids=["version", "incarnation", "no hello", "empty", "name", "weight"],
)
async def test_who_does_not_introduce_itself_properly_is_refused(
    site: Site, message: agent_pb2.AgentMessage, says: str
) -> None:
    assert await refused_at_the_door(site, message) == says


async def test_who_says_nothing_at_all_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundswell_coordinator.services.agent_service._HELLO_S", 0.2)
    agent = ScriptedAgent(site.address)
    agent.dial()
    assert await agent.refusal() == (grpc.StatusCode.FAILED_PRECONDITION, "no hello within 0.2 s")
    await agent.leave()


async def test_one_process_is_attached_once(site: Site) -> None:
    """Its newest stream counts: the one before may have broken without our hearing of it."""
    async with (
        ScriptedAgent(site.address, "first", incarnation="same") as first,
        ScriptedAgent(site.address, "second", incarnation="same") as second,
    ):
        assert await first.refusal() == (grpc.StatusCode.OK, "")
        assert [line.name for line in await site.agents(1)] == ["first"]
        run = await site.submit()
        await start_together(second)
        assert second.name == "first"
        second.report(0, {"http_reqs": 5}, last=True)
        assert (await run.summary()).metrics["http_reqs"].values["count"] == 5
        assert "prepare" not in first.kinds()


async def test_a_word_out_of_turn_is_refused(site: Site) -> None:
    async with ScriptedAgent(site.address, "hasty") as agent:
        run = await site.submit()
        await agent.expect_share()
        agent.report(0, {"http_reqs": 1})
        code, text = await agent.refusal()
        ended = await run.ended()
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert text == "report is not in order while the run is preparing"
    assert ended.exit_code == 102


async def test_an_agent_that_will_start_at_another_moment_is_refused(site: Site) -> None:
    async with ScriptedAgent(site.address, "wilful") as agent:
        run = await site.submit()
        await agent.prepare()
        start = await agent.expect_start()
        start.start_at_ns += 1
        agent.acknowledge_start(start)
        code, text = await agent.refusal()
        ended = await run.ended()
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert text == f"a start at {start.start_at_ns} instead of {start.start_at_ns - 1} ns"
    assert (ended.exit_code, ended.error) == (102, "wilful was lost before the start")


async def test_a_start_that_cannot_be_true_is_refused(site: Site) -> None:
    async with attached(site.address, "bad", "good") as (bad, good):
        run = await site.submit(agents=2)
        await good.prepare()
        await bad.prepare()
        start = await bad.expect_start()
        bad.acknowledge_start(start)
        await good.start()
        began = {"start_at_ns": start.start_at_ns, "started_ns": 2**63 - 1}
        bad.send(started=agent_pb2.Started(run_id=run.run_id, **began))
        assert (await bad.refusal())[0] is grpc.StatusCode.INVALID_ARGUMENT
        good.report(0, last=True)
        summary = await run.summary()
    assert {agent.name: agent.skew_ms for agent in summary.agents} == {"bad": None, "good": 0.0}


async def test_an_agent_that_was_sent_away_is_given_to_no_other_run(site: Site) -> None:
    async with ScriptedAgent(site.address, "bad") as bad:
        first = await site.submit()
        await bad.expect_share()
        bad.send(started=agent_pb2.Started(run_id=first.run_id))
        await first.ended()
        second = await site.submit()
        await bad.refusal()
        async with ScriptedAgent(site.address, "good") as good:
            await start_together(good)
            good.report(0, last=True)
            await second.summary()
    assert "prepare" not in bad.kinds()[2:]
