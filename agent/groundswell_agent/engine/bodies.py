"""Bodies: bytes where nothing in them changes, else a function of a VU that makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.scenario.expressions import Template
from groundswell.scenario.step_model import FormBody, JsonBody, MultipartBody, SentFile
from groundswell.scenario.values import as_json_bytes, form_text
from groundswell_agent.engine.texts import (
    compile_pieces,
    compile_text,
    compile_typed,
    escaped,
    join_pieces,
)
from groundswell_agent.engine.uploads import Streamed, compile_upload
from groundswell_agent.engine.values import is_constant

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.scenario.step_model import Body
    from groundswell_agent.engine.texts import TextOf
    from groundswell_agent.engine.values import Names
    from groundswell_agent.engine.virtual_user import VirtualUser

    BytesOf = Callable[[VirtualUser], bytes]


def compile_body(body: Body, names: Names) -> bytes | BytesOf | Streamed:
    match body:
        case bytes():
            return body
        case Template():
            return _encoded(compile_text(body, names))
        case JsonBody():
            return _json(body, names)
        case FormBody():
            return _encoded(_form(body, names))
        case SentFile() | MultipartBody():
            return compile_upload(body, names)


def _encoded(text: TextOf) -> BytesOf:
    return lambda vu: text(vu).encode("utf-8", "replace")


def _form(body: FormBody, names: Names) -> TextOf:
    pieces: list[str | TextOf] = []
    for number, (name, value) in enumerate(body.fields):
        pieces.append(f"{'&' if number else ''}{form_text(name)}=")
        if isinstance(value, str):
            pieces.append(form_text(value))
        else:
            pieces += compile_pieces(escaped(value, form_text), names, form_text)
    return join_pieces(pieces)


def _json(body: JsonBody, names: Names) -> BytesOf:
    pieces = [
        piece if isinstance(piece, bytes) else _json_piece(piece, names) for piece in body.pieces
    ]
    if len(pieces) == 1 and not isinstance(pieces[0], bytes):
        return pieces[0]
    return lambda vu: b"".join(
        [piece if isinstance(piece, bytes) else piece(vu) for piece in pieces]
    )


def _json_piece(template: Template, names: Names) -> bytes | BytesOf:
    made = compile_typed(template, names)
    if is_constant(template):
        return as_json_bytes(made(None))  # type: ignore[arg-type]  # a constant asks no VU
    return lambda vu: as_json_bytes(made(vu))
