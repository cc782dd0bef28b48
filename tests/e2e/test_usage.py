"""Wrong usage is exit code 2 with a way out; help is a page with an example."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from groundswell.cli import COMMANDS

if TYPE_CHECKING:
    from tests.e2e.commands import Groundswell


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("run", "TEST"),
        ("run --agnts 2 t.yaml", "--agents"),
        ("run --agents 0 t.yaml", "--agents"),
        ("run --agents many t.yaml", "many"),
        ("run --label nothing t.yaml", "K=V"),
        ("run --wait 5 t.yaml", "5s"),
        ("run -e 1=2 t.yaml", "NAME=VALUE"),
        ("run --inconclusive perhaps t.yaml", "warn"),
        ("run one.yaml two.yaml", "two.yaml"),
        ("runn t.yaml", "runn"),
        ("show", "RUN"),
        ("coordinator --listen 9700", "HOST:PORT"),
        ("coordinator --http 9701", "HOST:PORT"),
        ("coordinator --retain 30", "30"),
        ("coordinator --retain yesterday", "yesterday"),
        ("coordinator --lease 0s", "lease"),
        ("coordinator --log-format xml", "json"),
        ("agent", "--coordinator"),
        ("agent --coordinator nowhere", "HOST:PORT"),
        ("agent --coordinator nowhere:0", "port 0"),
        ("agent --coordinator nowhere:1 --workers 0", "auto"),
        ("agent --coordinator nowhere:1 --workers many", "auto"),
        ("agent --coordinator nowhere:1 --label zone", "K=V"),
        ("agent --coordinator nowhere:1 --label =a", "K=V"),
        ("agent --coordinator nowhere:1 --label a=1 --label a=2", "twice"),
        ("agent --coordinator nowhere:1 --weight 0", "weight"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_wrong(
    groundswell: Groundswell, words: str, said: str
) -> None:
    done = groundswell(*words.split())

    assert done.exit_code == 2, done
    assert said in done.stderr
    assert "--help" in done.stderr
    assert done.stdout == ""
    groundswell.assert_nothing_is_left()


def test_a_command_that_is_nearly_right_is_suggested(groundswell: Groundswell) -> None:
    assert "'run'" in groundswell("rum", "t.yaml").stderr


def test_help_lists_every_command_and_the_exit_codes(groundswell: Groundswell) -> None:
    done = groundswell("--help")

    assert done.exit_code == 0
    for word in (*COMMANDS, "groundswell run test.yaml", "96  INCONCLUSIVE"):
        assert word in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_page_with_an_example(
    groundswell: Groundswell, command: str
) -> None:
    done = groundswell(command, "--help")

    assert done.exit_code == 0
    assert f"Usage: groundswell {command}" in done.stdout
    assert "Example" in done.stdout
    assert f"\n    groundswell {command}" in done.stdout


_LOOK = """
import importlib, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
print(*sorted({"aiohttp", "cryptography", "grpc", "lightkube", "numpy", "sqlalchemy"} & sys.modules.keys()))
"""


def test_what_is_heavy_is_imported_by_no_commands_options() -> None:
    """But by those of the demo target, which is a server and nothing else."""
    modules = [module for name, (module, _) in COMMANDS.items() if name != "demo-target"]
    done = subprocess.run([sys.executable, "-c", _LOOK, *modules], capture_output=True, check=True)
    assert done.stdout.split() == []
