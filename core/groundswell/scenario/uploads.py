"""Bodies out of files beside the test: a file as it is, or the parts of a form with files.

    file: video.mp4
    multipart: {title: "{{ name }}", photo: {file: photo.jpg}, meta: {text: "{}", type: application/json}}

What type a file is of is told by its name alone, and by the same table on every machine.
"""

from __future__ import annotations

import re
from dataclasses import replace
from mimetypes import MimeTypes
from posixpath import basename
from typing import TYPE_CHECKING

from groundswell.scenario.file_path import FILE
from groundswell.scenario.nodes import Mapping, Node, Scalar
from groundswell.scenario.record import Fields, Key, Record
from groundswell.scenario.scalars import refuse_comment
from groundswell.scenario.shape import Json, Leaf, MapOf, OneOrMore, Refusal, Shape
from groundswell.scenario.step_model import MultipartBody, Part, SentFile
from groundswell.scenario.templated import Templated

if TYPE_CHECKING:
    from groundswell.scenario.expressions import Text
    from groundswell.scenario.problems import Problems

UNKNOWN_TYPE = "application/octet-stream"
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:\s*;\s*[\x20-\x7e]+)?")

# Python's own table; what it learned late is added, so that every version says the same.
_TYPES = MimeTypes(())
for _kind, _ending in (
    ("image/avif", ".avif"),
    ("image/webp", ".webp"),
    ("image/heic", ".heic"),
    ("application/yaml", ".yaml"),
    ("application/yaml", ".yml"),
    ("text/markdown", ".md"),
    ("font/woff2", ".woff2"),
    ("application/x-ndjson", ".jsonl"),
    ("application/vnd.apache.parquet", ".parquet"),
):
    _TYPES.add_type(_kind, _ending)
_PACKED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}


def type_of(name: str) -> str:
    """The media type of a file by its name."""
    kind, packing = _TYPES.guess_type(f"/{basename(name)}")
    if packing is not None:
        return _PACKED.get(packing, UNKNOWN_TYPE)
    return kind or UNKNOWN_TYPE


def refuse_type(kind: str) -> bool:
    """Whether it is no media type."""
    return _TYPE.fullmatch(kind) is None


def _media_type(scalar: Scalar) -> str | None:
    refuse_comment(scalar)
    if refuse_type(scalar.text):
        raise Refusal(f"{scalar.shown} is not a media type", "such as image/png")
    return scalar.text


def _content(scalar: Scalar) -> str | None:
    """Of any number of lines; a number as it is written."""
    refuse_comment(scalar)
    if scalar.plain and scalar.value is None:
        raise Refusal("has no value", 'for an empty one write ""')
    return scalar.text


_MEDIA_TYPE = Leaf("a media type such as image/png", _media_type, {"type": "string"})
_CONTENT = Templated(Leaf("text or a number", _content, {"type": ["string", "number", "boolean"]}))


def _build_file(fields: Fields) -> SentFile | None:
    if not fields.complete:
        return None
    path: str = fields.values["path"]
    return SentFile(path, fields.values.get("type") or type_of(path))


_FILE = Record(
    "file",
    {
        "path": Key(FILE, "The file, by its path from the test's folder.", required=True),
        "type": Key(_MEDIA_TYPE, "Its media type. Default: by its name."),
    },
    _build_file,
)


class _FileBody(Shape[SentFile]):
    """A path, or that with more."""

    def read(self, node: Node, label: str, problems: Problems) -> SentFile | None:
        if isinstance(node, Mapping):
            return _FILE.read(node, label, problems)
        path = FILE.read(node, label, problems)
        return None if path is None else SentFile(path, type_of(path))

    def schema(self, definitions: Json) -> Json:
        full, plain = _FILE.schema(definitions), FILE.schema(definitions)
        return {"if": {"type": "object"}, "then": full, "else": plain}


def _build_part(fields: Fields) -> Part | None:
    given = [key for key in ("file", "text") if fields.given(key)]
    if len(given) == 2:
        fields.refuse("text", "a part has either `file` or `text`", "remove one of them")
    if not given and fields.complete:
        fields.problems.add(fields.node, "a part says what is sent", "one of file, text")
        return None
    if not fields.complete:
        return None
    kind: str | None = fields.values.get("type")
    name: Text | None = fields.values.get("filename")
    if "text" in fields.values:
        if kind is None and isinstance(name, str) and name:
            kind = type_of(name)
        return Part("", fields.values["text"], kind, name or None)
    path: str = fields.values["file"]
    file = SentFile(path, kind or type_of(path))
    return Part("", file, file.type, basename(path) if name is None else name or None)


_PART = Record(
    "a part",
    {
        "file": Key(FILE, "The file whose content is sent."),
        "text": Key(_CONTENT, "The text that is sent."),
        "type": Key(_MEDIA_TYPE, "Its media type. Default: by the file's name."),
        "filename": Key(_CONTENT, 'What the file is called. Default: its own name; "" for none.'),
    },
    _build_part,
    extra={"oneOf": [{"required": ["file"]}, {"required": ["text"]}]},
)


class _PartShape(Shape[Part]):
    """The text of a field, or a mapping that says more. Its name is the key that it stands at."""

    def read(self, node: Node, label: str, problems: Problems) -> Part | None:
        if isinstance(node, Mapping):
            return _PART.read(node, label, problems)
        text = _CONTENT.read(node, label, problems)
        return None if text is None else Part("", text)

    def schema(self, definitions: Json) -> Json:
        full, plain = _PART.schema(definitions), _CONTENT.schema(definitions)
        return {"if": {"type": "object"}, "then": full, "else": plain}


_PARTS = MapOf(
    OneOrMore(_PartShape(), "[{file: a.png}, {file: b.png}]"),
    "{photo: {file: photo.jpg}}",
    may_be_empty=False,
)


class _Multipart(Shape[MultipartBody]):
    """Fields by their names; a list is several of one name."""

    def read(self, node: Node, label: str, problems: Problems) -> MultipartBody | None:
        read = _PARTS.read(node, label, problems)
        if read is None:
            return None
        return MultipartBody(
            tuple(replace(part, name=name) for name, several in read.items() for part in several)
        )

    def schema(self, definitions: Json) -> Json:
        return _PARTS.schema(definitions)


FILE_BODY = _FileBody()
MULTIPART = _Multipart()
