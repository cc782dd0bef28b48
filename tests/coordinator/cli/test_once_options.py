"""Which options go with `--once`."""

from __future__ import annotations

import click
import pytest

from groundswell_coordinator.cli.once import check_once


@pytest.mark.parametrize("option", ["--agents", "--coordinator", "--summary-json"])
def test_what_has_no_use_without_a_load_is_refused(option: str) -> None:
    with pytest.raises(click.UsageError, match=f"{option} has no use there"):
        check_once(once=True, scenario=None, pauses=False, others={"--hdr": None, option: 2})
    check_once(once=False, scenario=None, pauses=False, others={option: 2})


@pytest.mark.parametrize(
    ("scenario", "pauses", "option"), [("a", False, "--scenario"), (None, True, "--pauses")]
)
def test_what_is_of_once_alone_is_refused_without_it(
    scenario: str | None, pauses: bool, option: str
) -> None:
    with pytest.raises(click.UsageError, match=f"{option} goes with --once"):
        check_once(once=False, scenario=scenario, pauses=pauses, others={})
    check_once(once=True, scenario=scenario, pauses=pauses, others={"--agents": None})
