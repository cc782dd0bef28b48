"""`groundswell import curl`: commands that somebody copied out of a browser or a manual."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from groundswell.errors import GroundswellError
from groundswell_coordinator.importers.bodies import FORM, JSON
from groundswell_coordinator.importers.curl.command import read_command
from groundswell_coordinator.importers.draft import Draft, literal
from groundswell_coordinator.importers.load import steady
from groundswell_coordinator.importers.recorded import (
    METHODS,
    Converter,
    Recorded,
    origin_of,
    shared_auth,
    shared_headers,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell_coordinator.importers.curl.command import Command
    from groundswell_coordinator.importers.draft import Request, Value


def import_curl(commands: Sequence[str]) -> Draft:
    """One step for each address of each command, in their order."""
    read = [read_command(command) for command in commands]
    urls = [url for command in read for url in command.urls]
    if not urls:
        raise GroundswellError("the command names no address", hint="curl 'https://…'")
    first = urlsplit(urls[0])
    converter = Converter(origin_of(first))
    requests = [one for command in read for one in _requests(command, converter)]
    http: dict[str, Value] = {}
    for command in read:
        http |= _connection(command, converter)
    return Draft(
        test=literal(first.hostname or "curl"),
        origin="a curl command" if len(commands) == 1 else f"{len(commands)} curl commands",
        target=converter.origin,
        scenario="curl",
        load=steady(),
        steps=list(requests),
        headers=shared_headers(requests),
        auth=shared_auth(requests),
        http=http,
        origins=converter.origins,
        secrets=converter.secrets.notes(),
        lost=[*(note for command in read for note in command.lost), *converter.lost],
    )


def _requests(command: Command, converter: Converter) -> list[Request]:
    made: list[Request] = []
    for url in command.urls:
        recorded = _recorded(command, url)
        if recorded.method not in METHODS:
            command.lost.append(f"{recorded.method} {urlsplit(url).path}: no such method in a test")
            continue
        request = converter.request(recorded)
        if command.is_digest and request.auth is not None:
            request.auth = {"digest": request.auth.get("basic")}
        request.timeout = command.timeout
        # curl asks for no status, and this is what a person looks for.
        request.status = "2xx"
        made.append(request)
    return made


def _recorded(command: Command, url: str) -> Recorded:
    headers, body = list(command.headers), None
    data = ("" if command.is_json else "&").join(command.data)
    if command.user is not None:
        both = base64.b64encode(command.user.encode("utf-8", "replace")).decode()
        headers.append(("Authorization", f"Basic {both}"))
    if command.is_get and data:
        url += ("&" if "?" in url else "?") + data
    elif command.data:
        body = data
        named = {name.lower() for name, _ in headers}
        implied = [("Content-Type", JSON if command.is_json else FORM)]
        implied += [("Accept", JSON)] if command.is_json else []
        headers += [(name, value) for name, value in implied if name.lower() not in named]
    sends = body is not None or command.parts
    method = command.method or ("POST" if sends else "GET")
    return Recorded(method.upper(), url, tuple(headers), body, tuple(command.parts))


def _connection(command: Command, converter: Converter) -> dict[str, Value]:
    """`http` of the test, with the proxy's password as a variable."""
    http = dict(command.http)
    proxy = http.get("proxy")
    if isinstance(proxy, dict) and command.proxy_user is not None:
        user, _, password = command.proxy_user.partition(":")
        secret = converter.secrets.variable("proxy_password", password, "the proxy's password")
        http["proxy"] = {**proxy, "user": literal(user), "password": secret}
    return http
