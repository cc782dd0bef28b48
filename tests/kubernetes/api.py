"""A small API server: create, get, list, watch and delete, with rights, quotas and strict schemas."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import kubernetes_validate  # pyright: ignore[reportMissingTypeStubs]  # it ships no types
from aiohttp import web

from tests.kubernetes.store import Conflict, Object, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_RESOURCES = {
    ("", "pods"): "Pod",
    ("", "services"): "Service",
    ("", "secrets"): "Secret",
    ("", "events"): "Event",
    ("", "resourcequotas"): "ResourceQuota",
    ("batch", "jobs"): "Job",
}
_VERSION = "1.32"
_REASONS = {403: "Forbidden", 404: "NotFound", 409: "AlreadyExists", 422: "Invalid"}


class ApiServer:
    """`rights` are those of everybody who asks; `asked` is all that was, by group, resource and verb."""

    def __init__(
        self,
        store: Store,
        namespace: str,
        rights: Mapping[tuple[str, str], frozenset[str]],
        port_of: Callable[[str], int | None],
    ) -> None:
        self.store = store
        self.rights = dict(rights)
        self.asked: set[tuple[str, str, str]] = set()
        # Kinds that cannot be created, with the status that says so.
        self.broken: dict[str, int] = {}
        # Of clients that watch; to be broken.
        self.watching: set[asyncio.Task[object]] = set()
        self._namespace = namespace
        self._port_of = port_of

    def app(self) -> web.Application:
        app = web.Application()
        for prefix in ("/api/v1", "/apis/{group}/v1"):
            base = f"{prefix}/namespaces/{{namespace}}/{{plural}}"
            app.router.add_get(base, self._list)
            app.router.add_post(base, self._create)
            app.router.add_get(base + "/{name}", self._get)
            app.router.add_delete(base + "/{name}", self._delete)
            app.router.add_get(base + "/{name}/portforward", self._forward)
        return app

    async def _list(self, request: web.Request) -> web.StreamResponse:
        watching = "watch" in request.query
        if refusal := self._refusal(request, "watch" if watching else "list"):
            return refusal
        group, plural = _resource(request)
        if watching:
            return await self._watch(request, plural)
        items = [one for one in self.store.of(plural) if _selected(request, one)]
        kind = _RESOURCES[group, plural]
        version = f"{group}/v1" if group else "v1"
        metadata = {"resourceVersion": self.store.version}
        body = {"kind": f"{kind}List", "apiVersion": version, "metadata": metadata, "items": items}
        return _json(body)

    async def _watch(self, request: web.Request, plural: str) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_type = "application/json"
        await response.prepare(request)
        task = asyncio.current_task()
        assert task is not None
        self.watching.add(task)
        task.add_done_callback(self.watching.discard)
        async for change, one in self.store.watch(plural, int(request.query["resourceVersion"])):
            if _selected(request, one):
                line = json.dumps({"type": change, "object": one}).encode() + b"\n"
                # Whoever watched may be gone.
                with suppress(ConnectionResetError):
                    await response.write(line)
        return response

    async def _get(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request, "get"):
            return refusal
        _, plural = _resource(request)
        one = self.store.objects.get((plural, request.match_info["name"]))
        return _missing(request) if one is None else _json(one)

    async def _create(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request, "create"):
            return refusal
        group, plural = _resource(request)
        one: Object = await request.json()
        if status := self.broken.get(one["kind"]):
            return _status(status, f"{plural}: this one is broken")
        if problem := _problem(one, _RESOURCES[group, plural], self._namespace):
            return _status(422, problem)
        if problem := self.over_quota(one):
            return _status(403, problem)
        try:
            created = self.store.create(plural, one)
        except Conflict as conflict:
            return _status(409, str(conflict))
        return _json(created, status=201)

    async def _delete(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request, "delete"):
            return refusal
        _, plural = _resource(request)
        name = request.match_info["name"]
        if (plural, name) not in self.store.objects:
            return _missing(request)
        self.store.delete(plural, name)
        return _json({"kind": "Status", "apiVersion": "v1", "status": "Success"})

    async def _forward(self, request: web.Request) -> web.Response:
        """Where a real one would speak SPDY or WebSockets: which port of this machine is the pod's."""
        if refusal := self._refusal(request, "get", "/portforward"):
            return refusal
        port = self._port_of(request.match_info["name"])
        return _missing(request) if port is None else _json({"port": port})

    def over_quota(self, one: Object) -> str:
        """Of pods alone: what the cluster says when one too many is created."""
        for quota in self.store.of("resourcequotas"):
            hard = quota["status"]["hard"].get("pods")
            if (
                one["kind"] == "Pod"
                and hard is not None
                and len(self.store.of("pods")) >= int(hard)
            ):
                name = one["metadata"]["name"]
                return (
                    f'pods "{name}" is forbidden: exceeded quota: {quota["metadata"]["name"]}, '
                    f"requested: pods=1, used: pods={hard}, limited: pods={hard}"
                )
        return ""

    def _refusal(self, request: web.Request, verb: str, sub: str = "") -> web.Response | None:
        group, plural = _resource(request)
        resource = plural + sub
        self.asked.add((group, resource, verb))
        namespace = request.match_info["namespace"]
        if namespace != self._namespace or verb not in self.rights.get((group, resource), ()):
            return _status(
                403,
                f'{resource} is forbidden: User "tester" cannot {verb} resource "{resource}" in API group '
                f'"{group}" in the namespace "{namespace}"',
            )
        return None


def _json(body: Object, status: int = 200) -> web.Response:
    # Without a charset, as a real one has it: lightkube looks at the whole header.
    return web.Response(
        body=json.dumps(body).encode(), content_type="application/json", status=status
    )


def _resource(request: web.Request) -> tuple[str, str]:
    return request.match_info.get("group", ""), request.match_info["plural"]


def _selected(request: web.Request, one: Object) -> bool:
    labels = one["metadata"].get("labels", {})
    wanted = _pairs(request.query.get("labelSelector", ""))
    fields = _pairs(request.query.get("fieldSelector", ""))
    return wanted.items() <= labels.items() and all(
        _field(one, path) == value for path, value in fields.items()
    )


def _pairs(text: str) -> dict[str, str]:
    found = (one.replace("==", "=").partition("=") for one in text.split(",") if one)
    return {key: value for key, _, value in found}


def _field(one: Any, path: str) -> Any:  # noqa: ANN401 # of JSON
    for word in path.split("."):
        one = one.get(word, {})
    return one


def _problem(one: Object, kind: str, namespace: str) -> str:
    if one["kind"] != kind or one["metadata"].get("namespace") != namespace:
        return f"{one['kind']} in {one['metadata'].get('namespace')} is no {kind} of {namespace}"
    try:
        kubernetes_validate.validate(one, _VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{kind}: {error.message} at {'.'.join(map(str, error.path))}"
    return ""


def _missing(request: web.Request) -> web.Response:
    return _status(404, f'{request.match_info["plural"]} "{request.match_info["name"]}" not found')


def _status(code: int, message: str) -> web.Response:
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": _REASONS.get(code, "InternalError"),
        "message": message,
        "code": code,
    }
    return _json(body, status=code)
