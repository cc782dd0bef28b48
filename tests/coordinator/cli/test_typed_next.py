"""Commands that are printed for people to type next reach the same coordinator, with the same credentials."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from groundswell.credentials import Credentials, Remote
from groundswell.scenario.source import TestSource
from groundswell_coordinator.cli.confirmation import Confirmation
from groundswell_coordinator.cli.order import Order
from groundswell_coordinator.cli.repeat import Group
from groundswell_coordinator.cli.report_files import ReportFiles
from groundswell_coordinator.report.forms import MARKDOWN
from tests.coordinator.report.samples import PASSED

_POOL = Remote("load.test", 9700, Credentials(ca=Path("my ca.crt"), token_file=Path("ci.token")))
_SHOWN = " --coordinator load.test:9700 --ca 'my ca.crt' --token-file ci.token"

whose = pytest.mark.parametrize(("coordinator", "shown"), [(None, ""), (_POOL, _SHOWN)])


@whose
def test_a_file_that_could_not_be_written_is_written_by_what_is_said(
    coordinator: Remote | None, shown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "not there" / "run.md"
    with ReportFiles({MARKDOWN: path}, is_step=False).written(PASSED, coordinator):
        pass
    command = f"groundswell show {PASSED.run}{shown} --markdown {shlex.quote(str(path))}"
    assert f"the run is stored: `{command}` writes it again\n" in capsys.readouterr().err


@whose
def test_a_group_is_compared_by_what_is_said(
    coordinator: Remote | None, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    order = Order(
        TestSource("t.yaml", b"", {}),
        agents=None,
        labels={},
        seed=1,
        wait_s=1.0,
        quiet=False,
        confirmation=Confirmation(),
        run_id="20260304-050607-1f3a9c",
    )
    Group(order, 2).tell(coordinator, as_json=False, quiet=False)
    said = f"compare it: groundswell compare BASE {order.run_id}{shown}\n"
    assert capsys.readouterr().err == said
