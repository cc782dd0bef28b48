"""The Role of people, against what a real kubectl asks an API server for that says yes to everything but the last."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.deploy.renders import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_NAME = "groundswell-coordinator"
_META = {"name": _NAME, "namespace": "groundswell", "labels": {"app": "x"}}
_POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {**_META, "name": "pod"},
    "spec": {"containers": [{"name": "c", "ports": [{"name": "grpc", "containerPort": 9700}]}]},
    "status": {"phase": "Running"},
}
_SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": _META,
    "spec": {
        "selector": {"app": "x"},
        "ports": [{"name": "grpc", "port": 9700, "targetPort": "grpc"}],
    },
}
_HERE = "/api/v1/namespaces/groundswell"
_ANSWERS: dict[str, Any] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {"name": "services", "namespaced": True, "kind": "Service", "verbs": ["get"]},
            {"name": "pods", "namespaced": True, "kind": "Pod", "verbs": ["get", "list"]},
        ],
    },
    f"{_HERE}/services/{_NAME}": _SERVICE,
    f"{_HERE}/pods": {"apiVersion": "v1", "kind": "PodList", "items": [_POD]},
    f"{_HERE}/pods/pod": _POD,
}


@contextmanager
def _api_server() -> Generator[tuple[str, list[tuple[str, str]]]]:
    """Its URL, and what it was asked: method and path."""
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            path = self.path.partition("?")[0]
            asked.append((self.command, path))
            body = json.dumps(_ANSWERS.get(path, {"kind": "Status", "code": 403})).encode()
            self.send_response(200 if path in _ANSWERS else 403)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
            """Nothing on standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_people_may_do_all_that_kubectl_does_to_forward_the_port(tmp_path: Path) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("NOT TESTED: the Role of people, as there is no kubectl here")
    with _api_server() as (url, asked):
        words = ("port-forward", f"service/{_NAME}", ":9700", "--namespace=groundswell")
        done = subprocess.run(
            [
                kubectl,
                f"--server={url}",
                f"--cache-dir={tmp_path}",
                "--kubeconfig=/dev/null",
                *words,
            ],
            capture_output=True,
            check=False,
            timeout=60,
        )
    assert done.returncode != 0
    used = {_right(method, path) for method, path in asked if path.startswith(_HERE)}
    assert ("pods/portforward", "pod") in {(resource, name) for resource, name, _ in used}, asked
    rules = OPTIONS["people"]().one("Role", "groundswell-people")["rules"]
    for resource, name, verb in used:
        assert any(
            resource in rule["resources"]
            and verb in rule["verbs"]
            and name in rule.get("resourceNames", [name])
            for rule in rules
        ), (resource, name, verb)


def _right(method: str, path: str) -> tuple[str, str, str]:
    """Resource, name and verb, as an API server authorizes a request."""
    resource, *rest = path.removeprefix(f"{_HERE}/").split("/")
    name, *sub = rest or [""]
    verb = "create" if method == "POST" else "get" if name else "list"
    return "/".join([resource, *sub]), name, verb
