from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from groundswell.credentials import Remote
from groundswell_coordinator.client import ControlClient
from groundswell_coordinator.coordinator import Coordinator
from groundswell_coordinator.launch.private_socket import LOOPBACK, private_address
from groundswell_coordinator.run.owner import RunOwner

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(params=["XDG_RUNTIME_DIR", "TMPDIR"])
def sockets(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path], None]:
    """Sets the folder that there is for such things."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)

    def use(folder: Path) -> None:
        monkeypatch.setattr("tempfile.tempdir", None)
        monkeypatch.setenv(request.param, str(folder))

    return use


async def test_a_coordinator_is_reached_there_and_by_its_own_user_alone(
    sockets: Callable[[Path], None], tmp_path: Path
) -> None:
    sockets(tmp_path)
    with private_address() as address:
        folder = Path(address.removeprefix("unix:")).parent
        assert folder.parent == tmp_path
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        coordinator = Coordinator(RunOwner("own"))
        await coordinator.start(address)
        async with ControlClient(address) as client:
            assert str(Remote.of(address)) == client.address == address
            assert await client.agents() == []
        await coordinator.stop()
    assert not folder.exists()


def test_where_a_path_would_be_too_long_it_is_loopback(
    sockets: Callable[[Path], None], tmp_path: Path
) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    sockets(deep)
    with private_address() as address:
        assert address == LOOPBACK
    assert list(deep.iterdir()) == []


def test_where_nothing_can_be_made_it_is_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> str:
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with private_address() as address:
        assert address == LOOPBACK
