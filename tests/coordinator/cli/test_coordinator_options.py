"""Options of `groundswell coordinator`, as far as they are read before anything is started."""

from __future__ import annotations

import click
import pytest

from groundswell_coordinator.cli.coordinator import command


@pytest.mark.parametrize(
    ("text", "seconds"), [("1m", 60), ("30d", 2_592_000), ("366d", 31_622_400)]
)
def test_runs_are_retained_for_a_minute_to_a_year(text: str, seconds: float) -> None:
    with command.make_context("coordinator", ["--retain", text]) as context:
        assert context.params["retain"] == seconds


@pytest.mark.parametrize("text", ["59s", "367d"])
def test_and_not_for_less_or_more(text: str) -> None:
    with pytest.raises(click.BadParameter):
        command.make_context("coordinator", ["--retain", text])


def test_a_url_with_a_password_need_not_be_an_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_STORE", "postgresql://load:secret@db/groundswell")
    with command.make_context("coordinator", []) as context:
        assert context.params["store"] == "postgresql://load:secret@db/groundswell"
