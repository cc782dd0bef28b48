"""What one agent's setup gives goes to all others, so it is looked at before."""

from __future__ import annotations

import pytest

from groundswell.errors import ProtocolViolation
from groundswell.v1 import agent_pb2
from groundswell.wire import MAX_SETUP_RESULT
from groundswell_agent.engine.phases import SetupResult
from groundswell_coordinator.run.events import Phase
from groundswell_coordinator.run.phases import check_performed

NO_JSON = [b"{", b"\xff", b"nan", b"[" * 100_000, b'"' + b"x" * MAX_SETUP_RESULT + b'"']


def said(result: bytes) -> agent_pb2.Performed:
    return agent_pb2.Performed(run_id="r", phase=agent_pb2.PHASE_SETUP, result=result)


@pytest.mark.parametrize("result", NO_JSON, ids=["cut", "no text", "nan", "deep", "long"])
def test_what_an_agent_gives_to_all_others_is_json_or_refused(result: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        check_performed(said(result), Phase.SETUP, is_performer=True)


@pytest.mark.parametrize("result", [b"", b"null", b'{"token": "x"}', b"[1, 2.5]"])
def test_what_is_json_is_taken(result: bytes) -> None:
    check_performed(said(result), Phase.SETUP, is_performer=True)


@pytest.mark.parametrize("result", NO_JSON[:4], ids=["cut", "no text", "nan", "deep"])
def test_an_agent_that_is_given_none_says_so(result: bytes) -> None:
    with pytest.raises(ProtocolViolation, match="no JSON"):
        SetupResult().take(result)
