"""What comes from the environment goes to the target and nowhere else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.writing import arrivals, iterations, write_test

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.byte_counter import ByteCounter
    from tests.e2e.commands import Groundswell

_NAME = "GROUNDSWELL_E2E_TOKEN"
# Nothing that would be there by chance, in any encoding that keeps letters.
_SECRET = "vhqz-PLUGH-7391-xyzzy"


def _bytes_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("namespace", ["env", "secret"])
def test_a_secret_of_the_environment_reaches_the_target_and_no_file_text_or_argument(
    groundswell: Groundswell, byte_counter: ByteCounter, namespace: str
) -> None:
    steps = [{"get": "/", "headers": {"Authorization": f"Bearer {{{{ {namespace}.{_NAME} }}}}"}}]
    test = write_test(
        groundswell.folder, byte_counter.url, {"load": arrivals("20/s", "1s", steps=steps)}
    )
    with groundswell.starting_run(test, "-v", env={_NAME: _SECRET}) as running:
        while running.process.poll() is None:
            for process in groundswell.processes():
                assert _SECRET not in " ".join(process.arguments)
            for name, content in _bytes_in(groundswell.home).items():
                assert _SECRET.encode() not in content, f"in {name} while the run goes on"
            time.sleep(0.1)
        ran = running.end_of_run()

    assert byte_counter.requests == byte_counter.seen(_SECRET.encode()) == 20
    assert _SECRET not in ran.stdout + ran.stderr + ran.summary.to_json()
    for name, content in _bytes_in(groundswell.folder).items():
        assert _SECRET.encode() not in content, f"in {name}"


def test_a_secret_that_no_agent_has_is_told_before_any_load(
    groundswell: Groundswell, byte_counter: ByteCounter
) -> None:
    steps = [{"get": "/", "headers": {"Authorization": "Bearer {{ secret.NO_SUCH_SECRET }}"}}]
    test = write_test(
        groundswell.folder, byte_counter.url, {"load": arrivals("20/s", "1s", steps=steps)}
    )

    done = groundswell("run", test)

    assert done.exit_code == 104, done
    assert "the secret NO_SUCH_SECRET is not here" in done.stderr
    assert byte_counter.requests == 0


def test_a_secret_is_not_repeated_in_the_problems_of_an_invalid_test(
    groundswell: Groundswell,
) -> None:
    scenarios = {"load": arrivals(f"{{{{ env.{_NAME} }}}}", "1s"), "more": iterations(1, vus=5)}
    test = write_test(groundswell.folder, "http://127.0.0.1:1", scenarios)

    done = groundswell("run", test, env={_NAME: _SECRET})

    assert done.exit_code == 104
    assert _SECRET not in done.stdout + done.stderr, done
