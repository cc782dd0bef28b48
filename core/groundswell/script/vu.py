"""A virtual user as a scenario in Python sees it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from random import Random

    from groundswell.script.http import Http

T = TypeVar("T")


class VU(ABC):
    """Given to a scenario's function for one iteration. Times are seconds."""

    __slots__ = ()

    @property
    @abstractmethod
    def http(self) -> Http:
        """Its HTTP client."""

    @property
    @abstractmethod
    def number(self) -> int:
        """Which VU of the scenario it is, from 1 on, over all agents."""

    @property
    @abstractmethod
    def iteration(self) -> int:
        """How many iterations of this VU came before, as k6 counts."""

    @property
    @abstractmethod
    def scenario(self) -> str:
        """The name of its scenario."""

    @property
    @abstractmethod
    def target(self) -> str:
        """The test's target, without a slash at its end; "" where it has none."""

    @property
    @abstractmethod
    def env(self) -> Mapping[str, str]:
        """The variables of the test; those of the scenario go before them."""

    @property
    @abstractmethod
    def random(self) -> Random:
        """Chance of its own: the same in every run with the same seed, whatever the others do."""

    @property
    @abstractmethod
    def setup(self) -> Any:  # noqa: ANN401  # whatever it returned
        """What the test's setup returned, as JSON gives it back; None without one."""

    @abstractmethod
    def row(self, source: str) -> Mapping[str, Any]:
        """This iteration's row of a data source, which the scenario says it uses: `data=["users"]`."""

    @abstractmethod
    def secret(self, name: str) -> str:
        """A secret of the agent, as `{{ secret.NAME }}` in a test file."""

    @abstractmethod
    def check(self, name: str, ok: object) -> bool:
        """Count whether an expectation holds, in the metric `checks`; returns whether it does."""

    @abstractmethod
    async def pause(self, shortest: float, longest: float | None = None) -> None:
        """Think: so long, or evenly at random between two lengths."""

    @abstractmethod
    async def pace(self, length: float) -> None:
        """Wait until the iteration has taken so long."""

    @abstractmethod
    def timer(self, name: str, **tags: str) -> AbstractAsyncContextManager[None]:
        """Time the block, in a trend of that name. What ends by an exception is not timed."""

    @abstractmethod
    def group(self, name: str) -> AbstractAsyncContextManager[None]:
        """Put the block's samples under the tag `group`, and time it in `group_duration`."""

    @abstractmethod
    async def shared(self, make: Callable[[], AbstractAsyncContextManager[T]]) -> T:
        """What all VUs of this agent share, such as a pool of connections: `make` is called by the
        first that asks, and its block is left after the load. It is known by the function itself.

            @asynccontextmanager
            async def pool() -> AsyncGenerator[asyncpg.Pool]:
                async with asyncpg.create_pool(env["DATABASE_URL"]) as pool:
                    yield pool

            rows = await (await vu.shared(pool)).fetch("SELECT …")
        """

    @abstractmethod
    def end_iteration(self) -> NoReturn:
        """End the iteration here; it counts like any other."""
        raise NotImplementedError  # a body that ends would not be a NoReturn
