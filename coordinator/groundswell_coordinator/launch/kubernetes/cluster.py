"""A namespace of a cluster, asked through lightkube; what it answers instead is raised as our errors."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

import httpx2
import msgspec
from lightkube import ApiError, AsyncClient, ConfigError, KubeConfig
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Event, Pod, ResourceQuota, Secret, Service
from lightkube.types import CascadeType

from groundswell.errors import InvalidConfiguration
from groundswell_coordinator.launch.kubernetes.errors import ClusterUnreachable, Missing, error_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping

    from groundswell_coordinator.launch.kubernetes.manifest import Object
# Any: the checkers take the classes of these classes for what they have in common.
_KINDS: dict[str, Any] = {"Job": Job, "Pod": Pod, "Secret": Secret, "Service": Service}
_ANSWER_S = 10.0


class Cluster:
    """`async with Cluster.of(context, namespace) as cluster:`"""

    def __init__(self, client: AsyncClient, namespace: str) -> None:
        # Its signatures have holes, which pyright does not let pass.
        self._client: Any = client
        self.namespace = namespace

    @classmethod
    def of(cls, context: str | None, namespace: str | None) -> Cluster:
        """As kubectl would find it. Raises InvalidConfiguration."""
        try:
            config = KubeConfig.from_env().get(context)
            assert config is not None, "without a default it raises"
            where = namespace or config.namespace
            timeout = httpx2.Timeout(_ANSWER_S)
            return cls(AsyncClient(config, namespace=where, timeout=timeout), where)
        except (ConfigError, OSError, KeyError) as error:
            raise InvalidConfiguration(
                f"no cluster: {error}",
                hint="KUBECONFIG names a file, --context one of `kubectl config get-contexts`",
            ) from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._client.aclose()

    async def create(self, one: Object) -> Object:
        """As the cluster has it, with its uid."""
        kind = _KINDS[one["kind"]]
        with self._telling("create", _plural(one["kind"])):
            created = await self._client.create(kind.from_dict(one))
        return {**created.to_dict(), "kind": one["kind"]}

    async def delete(self, kind: str, name: str) -> None:
        """What it owns goes with it, a little later. One that is gone already is gone."""
        with suppress(Missing), self._telling("delete", _plural(kind)):
            await self._client.delete(_KINDS[kind], name, cascade=CascadeType.BACKGROUND)

    async def pods(self, labels: Mapping[str, str]) -> list[Object]:
        return (await self._list(Pod, "pods", labels=dict(labels)))[0]

    async def quotas(self) -> list[Object]:
        return (await self._list(ResourceQuota, "resourcequotas"))[0]

    async def events_of(self, kind: str, name: str) -> list[Object]:
        fields = {"involvedObject.kind": kind, "involvedObject.name": name}
        return (await self._list(Event, "events", fields=fields))[0]

    async def watch_pods(self, labels: Mapping[str, str]) -> AsyncGenerator[dict[str, Object]]:
        """All of them by name, at first and whenever one has changed. Raises when the watch breaks."""
        items, version = await self._list(Pod, "pods", labels=dict(labels))
        known = {one["metadata"]["name"]: one for one in items}
        yield dict(known)
        with self._telling("watch", "pods"):
            async for change, pod in self._client.watch(
                Pod, labels=dict(labels), resource_version=version
            ):
                one = pod.to_dict()
                if change == "DELETED":
                    known.pop(one["metadata"]["name"], None)
                else:
                    known[one["metadata"]["name"]] = one
                yield dict(known)

    async def _list(
        self,
        kind: type[Any],
        resource: str,
        **selection: Any,  # noqa: ANN401 # lightkube's own
    ) -> tuple[list[Object], str | None]:
        with self._telling("list", resource):
            listing = self._client.list(kind, **selection)
            items = [one.to_dict() async for one in listing]
            return items, listing.resourceVersion

    @contextmanager
    def _telling(self, verb: str, resource: str) -> Generator[None]:
        try:
            yield
        except ApiError as error:
            status = error.status
            raise error_of(
                status.code or 0, status.message or "", verb, resource, self.namespace
            ) from error
        except httpx2.HTTPStatusError as error:
            code = error.response.status_code
            raise error_of(
                code, error.response.reason_phrase, verb, resource, self.namespace
            ) from error
        except msgspec.MsgspecError as error:
            raise ClusterUnreachable(
                f"what answers is no API server: {error}", hint="kubeconfig says where it is"
            ) from error
        except httpx2.HTTPError as error:
            raise ClusterUnreachable(
                f"the API server does not answer: {error or type(error).__name__}",
                hint="`kubectl version` asks it, too; --context names another cluster",
            ) from error


def _plural(kind: str) -> str:
    return f"{kind.lower()}s"
