"""Bodies out of files: in memory where they are small, else in parts from where the file is kept.

A multipart body is put together around its values as other bodies are. Quotes and line ends in names
are escaped as browsers do it, so that no value ends a line of a part's head.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from groundswell.scenario.step_model import SentFile
from groundswell.scenario.values import as_text
from groundswell_agent.engine.sent_files import content_of, place_of
from groundswell_agent.engine.texts import compile_text, escaped
from groundswell_agent.http.multipart import content_type, quoted
from groundswell_agent.http.request import InvalidRequest
from groundswell_agent.http.upload import FileBody, JoinedBody

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.scenario.expressions import Text
    from groundswell.scenario.step_model import MultipartBody, Part, RequestStep
    from groundswell_agent.engine.values import Names
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.http.upload import BodySource

    BytesOf = Callable[[VirtualUser], bytes]
    Piece = bytes | BytesOf | FileBody

# Bytes. What is no larger is read once, before the load; a thread for each of its parts would cost
# more than all the rest of the request.
LARGEST_IN_MEMORY = 256 * 1024

_TYPE = "Content-Type"


@dataclass(frozen=True, slots=True)
class Streamed:
    """A body that is sent in parts; `constant` is it where nothing in it changes."""

    make: Callable[[VirtualUser], BodySource]
    constant: BodySource | None = None


def compile_upload(body: SentFile | MultipartBody, names: Names) -> bytes | BytesOf | Streamed:
    if isinstance(body, SentFile):
        return _assembled([_file(body, names)])
    return _assembled(_joined(_multipart(body, names)))


def with_type(step: RequestStep, body: MultipartBody, names: Names) -> RequestStep:
    """The step with the Content-Type of its body, whatever the defaults say."""
    kind = content_type(_boundary(body, names))
    others = {key: value for key, value in step.headers.items() if key.lower() != _TYPE.lower()}
    return replace(step, headers={**others, _TYPE: kind})


def _boundary(body: MultipartBody, names: Names) -> str:
    """The same on every agent, and in none of the files: it is made of what is in them."""
    stamps = names.files.stamps
    files = [part.content.path for part in body.parts if isinstance(part.content, SentFile)]
    known = [stamps[path].sha256 for path in files if path in stamps]
    made = sha256(repr((body, known)).encode("utf-8", "replace")).hexdigest()
    return f"groundswell-{made[:32]}"


def _file(file: SentFile, names: Names) -> bytes | FileBody:
    whole = FileBody(place_of(names.files, file.path))
    is_small = whole.length is not None and whole.length <= LARGEST_IN_MEMORY
    return content_of(names.files, file.path) if is_small else whole


def _multipart(body: MultipartBody, names: Names) -> list[Piece]:
    """RFC 7578."""
    boundary = _boundary(body, names)
    pieces: list[Piece] = []
    for part in body.parts:
        pieces.append(f"--{boundary}\r\n".encode())
        pieces += _head(part, names)
        pieces += (_content(part.content, names, boundary), b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode())
    return pieces


def _head(part: Part, names: Names) -> list[Piece]:
    line = f'Content-Disposition: form-data; name="{_parameter(part.name)}"'
    pieces: list[Piece] = [line.encode("utf-8", "replace")]
    if part.filename is not None:
        pieces += [b'; filename="', _quoted(part.filename, names), b'"']
    kind = "" if part.type is None else f"\r\nContent-Type: {part.type}"
    pieces.append(f"{kind}\r\n\r\n".encode())
    return pieces


def _content(content: Text | SentFile, names: Names, boundary: str) -> Piece:
    if isinstance(content, SentFile):
        return _file(content, names)
    if isinstance(content, str):
        return content.encode("utf-8", "replace")
    text = compile_text(content, names)

    def checked(vu: VirtualUser) -> bytes:
        """What a target has been sent, it may give back: then it would be two parts."""
        made = text(vu)
        if boundary in made:
            raise InvalidRequest("a value holds what stands between the parts of its body")
        return made.encode("utf-8", "replace")

    return checked


def _quoted(text: Text, names: Names) -> Piece:
    if isinstance(text, str):
        return _parameter(text).encode("utf-8", "replace")
    made = compile_text(escaped(text, _parameter), names, _parameter)
    return lambda vu: made(vu).encode("utf-8", "replace")


def _parameter(value: object) -> str:
    return quoted(as_text(value))


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Bytes beside bytes made one."""
    joined: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def _assembled(pieces: list[Piece]) -> bytes | BytesOf | Streamed:
    if len(pieces) == 1 and isinstance(pieces[0], bytes):
        return pieces[0]
    if not any(isinstance(piece, FileBody) for piece in pieces):
        return lambda vu: b"".join([_filled(piece, vu) for piece in pieces])  # type: ignore[misc]  # none is a file
    known = [piece for piece in pieces if isinstance(piece, bytes | FileBody)]
    if len(known) == len(pieces):
        source = JoinedBody(known)
        return Streamed(lambda vu: source, source)
    return Streamed(lambda vu: JoinedBody([_filled(piece, vu) for piece in pieces]))


def _filled(piece: Piece, vu: VirtualUser) -> bytes | FileBody:
    return piece if isinstance(piece, bytes | FileBody) else piece(vu)
