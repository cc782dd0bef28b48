"""`groundswell import openapi`: every operation of an API, with what its description gives as an example."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from groundswell.scenario.maps import HEADER_NAME
from groundswell_coordinator.counted import counted
from groundswell_coordinator.importers.bodies import FORM, MULTIPART, body_of, parts_body
from groundswell_coordinator.importers.draft import Draft, Group, Request, Step, literal
from groundswell_coordinator.importers.load import steady
from groundswell_coordinator.importers.multipart import Part
from groundswell_coordinator.importers.openapi.document import Document, Object, texts
from groundswell_coordinator.importers.openapi.example import example_of
from groundswell_coordinator.importers.openapi.security import Security
from groundswell_coordinator.importers.reading import name_of
from groundswell_coordinator.importers.recorded import Converter, shared_auth, shared_headers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from groundswell_coordinator.importers.draft import Value

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_CHANGES = frozenset(("POST", "PUT", "PATCH", "DELETE"))
_TARGET = "http://127.0.0.1:8080"
_SEGMENT_SAFE = ":@!$&()*+,;=~-._"
_PARAMETER = re.compile(r"\{([^{}]*)\}")
_MOST_OPERATIONS = 2_000


@dataclass(frozen=True, slots=True)
class ApiOptions:
    """Only these methods and tags; all where there are none."""

    methods: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass
class _Reading:
    document: Document
    options: ApiOptions
    converter: Converter = field(default_factory=lambda: Converter(_TARGET))
    groups: dict[str, list[Request]] = field(default_factory=dict[str, list[Request]])

    @property
    def lost(self) -> list[str]:
        return self.converter.lost

    def operation(self, path: str, method: str, item: Object, operation: Object) -> None:
        tags = texts(operation.get("tags"))
        if self.options.methods and method not in self.options.methods:
            return
        if self.options.tags and not set(tags) & set(self.options.tags):
            return
        where = f"{method.upper()} {path}"
        if operation.get("deprecated") is True:
            self.lost.append(f"{where}: deprecated")
            return
        request = Request(method.upper(), path)
        if isinstance(summary := operation.get("summary"), str) and summary.strip():
            request.comments.append(" ".join(summary.split())[:100])
        if request.method in _CHANGES:
            request.comments.append("changes data")
        self._parameters(request, item, operation, where)
        self._body(request, operation, where)
        Security(self.document, self.converter).apply(request, operation, where)
        request.status = _status(operation.get("responses"))
        self.lost.extend(_beside_operation(self.document, item, operation, where))
        self.groups.setdefault(tags[0] if tags else "", []).append(request)

    def _parameters(self, request: Request, item: Object, operation: Object, where: str) -> None:
        """Those in the path and the required ones; the others are named."""
        found: dict[tuple[str, str], Object] = {}
        for holder in (item, operation):
            for parameter in self.document.objects(holder.get("parameters")):
                found[str(parameter.get("in")), str(parameter.get("name"))] = parameter
        values = {
            name: example_of(self.document, parameter)
            for (place, name), parameter in found.items()
            if place == "path"
        }
        request.path = _filled(request.path, values)
        if _PARAMETER.search(path := where.partition(" ")[2]):
            request.name = path.replace("{{", "{").replace("}}", "}")
        optional = [
            name
            for (place, name), parameter in found.items()
            if place != "path" and not self._add(request, place, name, parameter, where)
        ]
        if optional:
            request.comments.append(f"optional: {', '.join(optional)[:100]}")

    def _add(self, request: Request, place: str, name: str, parameter: Object, where: str) -> bool:
        """Whether it is in the request now."""
        if parameter.get("required") is not True:
            return False
        value = _text(example_of(self.document, parameter))
        if place == "query" and name and "{{" not in name:
            request.query[name] = self.converter.value(name, value, where)
        elif place == "header" and HEADER_NAME.fullmatch(name):
            request.headers[name] = self.converter.value(name, value, where)
        else:
            self.lost.append(f"the {place} parameter {name} of {where}")
        return True

    def _body(self, request: Request, operation: Object, where: str) -> None:
        body = self.document.resolved(operation.get("requestBody"))
        content = self.document.resolved(body.get("content"))
        if not content:
            return
        kind = next((one for one in content if "json" in one), next(iter(content)))
        media = self.document.resolved(content[kind])
        example = example_of(self.document, media)
        if "json" in kind:
            text = json.dumps(example, ensure_ascii=False)
        elif kind.startswith(FORM) and isinstance(example, dict):
            pairs = ((_encoded(key), _encoded(_text(value))) for key, value in example.items())
            text = "&".join(f"{key}={value}" for key, value in pairs)
        elif kind == MULTIPART and isinstance(example, dict):
            request.body = parts_body(self._parts(media, example), where, self.converter)
            return
        elif isinstance(example, str) and not kind.startswith("multipart/"):
            text = example
        else:
            self.lost.append(f"the {kind} body of {where}")
            return
        request.body, content_type = body_of(text, kind, where, self.converter)
        if content_type:
            request.headers["Content-Type"] = literal(content_type)

    def _parts(self, media: Object, example: Object) -> list[Part]:
        """A field for each property; what is binary is a file."""
        schema = self.document.resolved(media.get("schema"))
        properties = self.document.resolved(schema.get("properties"))
        parts: list[Part] = []
        for name, value in example.items():
            form = self.document.resolved(properties.get(name))
            is_file = form.get("format") == "binary" or "contentMediaType" in form
            parts.append(Part(name, _text(value), name if is_file else None))
        return parts


def import_openapi(path: str, options: ApiOptions) -> Draft:
    """One scenario that calls one operation after the other, grouped by their first tags."""
    document = Document.read(path)
    reading = _Reading(document, options)
    target, edit = _target(document)
    reading.converter.origin = target
    for count, (place, method, item, operation) in enumerate(_operations(document)):
        if count >= _MOST_OPERATIONS:
            reading.lost.append(f"what comes after the first {_MOST_OPERATIONS:,} operations")
            break
        reading.operation(place, method, item, operation)
    requests = [one for group in reading.groups.values() for one in group]
    info = document.resolved(document.root.get("info"))
    title = " ".join(str(info.get("title") or "api").split())[:100]
    edit.append("the values in paths, queries and bodies: examples of the description, or made up")
    return Draft(
        test=literal("".join(char for char in title if char.isprintable()) or "api"),
        origin=f"{name_of(path)}: {counted(len(requests), 'operation')}",
        target=target,
        scenario="api",
        load=steady(2.0),
        steps=_steps(reading.groups),
        headers=shared_headers(requests),
        auth=shared_auth(requests),
        edit=edit,
        secrets=reading.converter.secrets.notes(),
        lost=[*reading.lost, *_beside(document)],
    )


def _operations(document: Document) -> Iterator[tuple[str, str, Object, Object]]:
    for path, item in document.resolved(document.root.get("paths")).items():
        entry = document.resolved(item)
        for method in _METHODS:
            if isinstance(entry.get(method), dict) and path.startswith("/"):
                yield path, method, entry, document.resolved(entry[method])


def _steps(groups: dict[str, list[Request]]) -> list[Step]:
    if len(groups) == 1:
        return [request for group in groups.values() for request in group]
    return [Group(literal(_one_line(tag) or "other"), list(group)) for tag, group in groups.items()]


def _one_line(text: str) -> str:
    return "".join(char for char in text if char.isprintable()).strip()[:100]


def _target(document: Document) -> tuple[str, list[str]]:
    """The first server, and what is to be said of it."""
    servers = document.objects(document.root.get("servers"))
    server = servers[0] if servers else {}
    variables = document.resolved(server.get("variables"))
    url = _PARAMETER.sub(
        lambda name: str(document.resolved(variables.get(name[1])).get("default", name[1])),
        str(server.get("url") or ""),
    )
    others = [f"{counted(len(servers) - 1, 'other server')} of the description"]
    edit = others if len(servers) > 1 else []
    try:
        split = urlsplit(url)
        is_whole = split.scheme in ("http", "https") and bool(split.hostname)
    except ValueError:
        return _TARGET, [*edit, "the target: the description has none"]
    safe = quote(split.path.rstrip("/"), safe="/:@!$&()*+,;=~-._%", errors="replace")
    if is_whole:
        return f"{split.scheme}://{split.netloc}{safe}", edit
    return f"{_TARGET}{safe}", [*edit, "the target: the description does not say where the API is"]


def _status(responses: Value) -> int | str | None:
    """The first that is a success."""
    codes = sorted(str(code) for code in responses) if isinstance(responses, dict) else []
    success = next((code for code in codes if re.fullmatch(r"2(?:[0-9]{2}|XX|xx)", code)), None)
    if success is None:
        return "2xx" if "default" in codes else None
    return int(success) if success.isdigit() else "2xx"


def _filled(path: str, values: Mapping[str, Value]) -> str:
    """The path with its parameters, encoded."""
    pieces = _PARAMETER.split(path)
    filled = [
        _encoded(piece, "/") if at % 2 == 0 else _encoded(_text(values.get(piece, "1")))
        for at, piece in enumerate(pieces)
    ]
    return "".join(filled)


def _encoded(text: str, more: str = "") -> str:
    return quote(text, safe=_SEGMENT_SAFE + more, errors="replace")


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return json.dumps(value)


def _beside_operation(
    document: Document, item: Object, operation: Object, where: str
) -> Iterator[str]:
    responses = document.resolved(operation.get("responses")).values()
    if operation.get("callbacks"):
        yield f"the callbacks of {where}"
    if any(document.resolved(one).get("links") for one in responses):
        yield f"the links of {where}: what a response brings is not used by others"
    if item.get("servers") or operation.get("servers"):
        yield f"servers of its own of {where}"


def _beside(document: Document) -> Iterator[str]:
    for key in ("webhooks", "x-webhooks"):
        if document.root.get(key):
            yield f"the {key} of the description"
    for path, item in document.resolved(document.root.get("paths")).items():
        if "trace" in document.resolved(item):
            yield f"TRACE {path}: no such method in a test"
        elif not path.startswith("/"):
            yield f"{path}: no path"
    if document.unresolved:
        names = ", ".join(list(document.unresolved)[:5])
        yield f"references that lead nowhere, or out of the file: {names}"
