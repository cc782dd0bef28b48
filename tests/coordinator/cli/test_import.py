"""`groundswell import`, as people type it: where its test comes from, and where it goes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from groundswell.errors import GroundswellError
from groundswell.scenario.loader import TestSource, load, read_source
from groundswell_coordinator.cli.import_group import IMPORTERS, command
from tests.coordinator.importers.recording import SITE, entry, har

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = {
    "har": har([entry(0, "GET", f"{SITE}/a"), entry(9, "GET", "https://other.test/b")]),
    "curl": f"curl {SITE}/a --http2",
    "openapi": json.dumps({"openapi": "3.0.0", "paths": {"/a": {"get": {}, "trace": {}}}}),
    "access-log": '::1 - - [24/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 1\nnone\n',
}


def test_every_importer_is_tried_here() -> None:
    assert set(SOURCES) == set(IMPORTERS)


@pytest.mark.parametrize("importer", SOURCES)
def test_what_comes_from_standard_input_goes_to_standard_output(importer: str) -> None:
    result = CliRunner().invoke(command, [importer, "-", "--name", "piped"], SOURCES[importer])

    assert result.exit_code == 0, result.output
    # Nothing but the test: it can be piped on.
    assert load(TestSource("<stdin>", result.stdout.encode(), {})).test == "piped"
    assert "not carried over:" in result.stderr


@pytest.mark.parametrize("importer", SOURCES)
def test_nothing_is_no_test(importer: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [importer, "-", "-o", str(tmp_path / "t.yaml")], "")

    assert isinstance(result.exception, GroundswellError)
    assert result.stdout == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("importer", SOURCES)
def test_a_file_that_is_there_is_never_written_over(importer: str, tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    first = CliRunner().invoke(command, [importer, "-", "-o", str(path)], SOURCES[importer])
    text = path.read_text()
    second = CliRunner().invoke(command, [importer, "-", "-o", str(path)], SOURCES[importer])

    assert first.exit_code == 0, first.output
    assert f"next: groundswell run {path} --once" in first.stderr
    assert load(read_source(str(path), env={}))
    assert (
        str(second.exception) == f"{path} is there already (name another file, or remove this one)"
    )
    assert path.read_text() == text


def test_a_log_with_its_timing_is_two_files_or_none(tmp_path: Path) -> None:
    words = ["access-log", "-", "--timing", "--speed", "0.5x", "--every", "2s"]
    nowhere = CliRunner().invoke(command, words, SOURCES["access-log"])
    (tmp_path / "day.csv").write_text("mine")
    taken = CliRunner().invoke(
        command, [*words, "-o", str(tmp_path / "day.yaml")], SOURCES["access-log"]
    )
    beside = sorted(path.name for path in tmp_path.iterdir())
    done = CliRunner().invoke(
        command, [*words, "-o", str(tmp_path / "t.yaml")], SOURCES["access-log"]
    )

    assert str(nowhere.exception).startswith("--timing writes a file beside the test")
    assert str(taken.exception).startswith(f"{tmp_path / 'day.csv'} is there already")
    assert beside == ["day.csv"]
    assert done.exit_code == 0, done.output
    # One request, in two seconds at half the speed.
    assert (tmp_path / "t.csv").read_text() == "time,rate\n0,0.5\n2,0.5\n"
    assert load(read_source(str(tmp_path / "t.yaml"), env={}))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["harr", "-"], "Did you mean 'har'?"),
        (["access-log", "-", "--speed", "2x"], "--speed and --every go with --timing"),
        (["access-log", "-", "--timing", "--speed", "0x"], "'0x' is no factor"),
        (["access-log", "-", "--timing", "--every", "7s"], "'7s' is not one of"),
        (["openapi", "-", "--method", "trace"], "'trace' is not one of"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_wrong_usage(words: list[str], told: str) -> None:
    result = CliRunner().invoke(command, words, "")

    assert result.exit_code == 2
    assert told in result.output
