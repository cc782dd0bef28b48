"""`groundswell init`: three answers become a test that loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from groundswell.errors import GroundswellError
from groundswell.scenario.loader import load, read_source
from groundswell.scenario.model import ConstantArrivalRate
from groundswell_coordinator.cli import init
from groundswell_coordinator.cli.init import command

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

_FLAGS = ("--target", "https://shop.test/api/", "--rate", "90/m", "--duration", "1m30s")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(monkeypatch: pytest.MonkeyPatch, answers: str, *words: str) -> Result:
    """As at a terminal."""

    class Terminal:
        class stdin:
            @staticmethod
            def isatty() -> bool:
                return True

    monkeypatch.setattr(init, "sys", Terminal)
    return CliRunner().invoke(command, words, input=answers)


def scenario_in(path: Path) -> ConstantArrivalRate:
    (scenario,) = load(read_source(str(path), env={})).scenarios.values()
    assert isinstance(scenario, ConstantArrivalRate)
    return scenario


def test_options_become_a_test_that_loads(folder: Path) -> None:
    result = CliRunner().invoke(command, ["shop.yaml", *_FLAGS])

    assert result.exit_code == 0, result.output
    scenario = scenario_in(folder / "shop.yaml")
    assert (float(scenario.rate), int(scenario.duration), scenario.max_vus) == (1.5, 90, 50)
    test = load(read_source("shop.yaml", env={"BASE_URL": "http://other.test"}))
    assert (test.test, test.target) == ("shop", "http://other.test")
    assert test.warmup == 9
    assert "groundswell run shop.yaml" in (folder / "shop.yaml").read_text()


def test_what_no_option_says_is_asked_until_the_answer_is_right(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = "shop.test\nftp://shop.test\nhttp://shop.test/a'b\n5\n0/s\n5/s\n10\n\n"
    result = asked(monkeypatch, answers)

    assert result.exit_code == 0, result.output
    for told in ("write https://host/path", "write 5/s", "0/s is nothing", "10 has no unit"):
        assert told in result.output
    assert scenario_in(folder / "test.yaml").duration == 30
    assert load(read_source("test.yaml", env={})).target == "http://shop.test/a%27b"


def test_the_usual_answers_are_a_test_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = asked(monkeypatch, "\n\n\n")

    assert result.exit_code == 0, result.output
    assert scenario_in(folder / "test.yaml").rate == 10
    assert load(read_source("test.yaml", env={})).test == "127.0.0.1"


@pytest.mark.parametrize("name", ["{{ x }}.yaml", "no.yaml", "a: b #c\n.yaml", "ü \u2028.yaml"])
def test_any_name_of_a_file_is_the_name_of_a_test(folder: Path, name: str) -> None:
    result = CliRunner().invoke(command, [name, *_FLAGS])

    assert result.exit_code == 0, result.output
    assert scenario_in(folder / name)


def test_without_anybody_to_ask_the_options_are_named(folder: Path) -> None:
    result = CliRunner().invoke(command, ["--rate", "5/s"])

    assert isinstance(result.exception, GroundswellError)
    assert str(result.exception) == (
        "there is nobody to ask: --target --duration must be given "
        "(groundswell init --target http://127.0.0.1:8080 --duration 30s)"
    )
    assert not list(folder.iterdir())


def test_a_file_that_is_there_stays_as_it_is(folder: Path) -> None:
    (folder / "test.yaml").write_text("mine")
    result = CliRunner().invoke(command, _FLAGS)

    assert isinstance(result.exception, GroundswellError)
    assert "test.yaml is there already" in str(result.exception)
    assert (folder / "test.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--target", "shop", "is not http:// or https://"),
        ("--rate", "1e9", "is not a rate"),
        ("--rate", "2000000000/s", "is too high"),
        ("--duration", "0s", "0s is nothing"),
        ("--duration", "400d", "is too long"),
    ],
)
def test_a_wrong_option_is_told(folder: Path, option: str, value: str, told: str) -> None:
    result = CliRunner().invoke(command, [*_FLAGS, option, value])

    assert result.exit_code == 2
    assert told in result.output
    assert not list(folder.iterdir())


@pytest.mark.parametrize("rate", ["0.000000001/h", "1000000000/s"])
@pytest.mark.parametrize("duration", ["1us", "366d"])
def test_the_smallest_and_the_largest_load_as_well(folder: Path, rate: str, duration: str) -> None:
    flags = ["--target", "http://a.test", "--rate", rate, "--duration", duration]
    result = CliRunner().invoke(command, flags)

    assert result.exit_code == 0, result.output
    assert scenario_in(folder / "test.yaml").rate > 0
