"""A body without its Content-Encoding, for those who read it; all others never ask for one.

gzip and deflate are always there; br with the package brotli or brotlicffi, zstd with zstandard.
Of what unpacks to more than the limit, the rest is never unpacked.
"""

from __future__ import annotations

import importlib
import importlib.util
import zlib
from typing import TYPE_CHECKING, Any

from groundswell.errors import GroundswellError
from groundswell_agent.http.limits import MOST_CODINGS, MOST_MEMBERS, ZSTD_WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_GZIP, _ZLIB, _RAW = 31, 15, -15
_BROTLI = ("brotli", "brotlicffi")

_NO_CODING = frozenset({"", "identity"})


class UndecodableBody(GroundswellError, ValueError):
    """A body whose Content-Encoding cannot be taken off."""


def accepted() -> str:
    """The Accept-Encoding of a request whose response is read."""
    names = ["gzip", "deflate"]
    if _brotli() is not None:
        names.append("br")
    if importlib.util.find_spec("zstandard") is not None:
        names.append("zstd")
    return ", ".join(names)


def decoded(body: bytes, encodings: Iterable[str], limit: int) -> tuple[bytes, bool]:
    """The body as it was, cut at `limit` bytes, and whether it was cut.

    `encodings` are the values of the response's Content-Encoding headers. UndecodableBody for a
    coding nobody knows, or whose package is missing, or bytes that are not what they claim.
    """
    named = (name.strip().lower() for value in encodings for name in value.split(","))
    names = [name for name in named if name not in _NO_CODING]
    if len(names) > MOST_CODINGS:
        raise UndecodableBody(f"the body has {len(names)} codings on top of each other")
    cut = False
    # The last one named was put on last.
    for name in reversed(names):
        decode = _DECODERS.get(name)
        if decode is None:
            raise UndecodableBody(f"the body has the unknown Content-Encoding {name!r}")
        body = decode(body, limit + 1)
        cut = cut or len(body) > limit
        body = body[:limit]
    return body, cut


def _gzip(body: bytes, most: int) -> bytes:
    found, members = b"", 0
    # One member after the other; what follows the last and is none is let pass, as by gzip.
    while body and len(found) < most:
        members += 1
        if members > MOST_MEMBERS:
            raise UndecodableBody(f"the body has more than {MOST_MEMBERS} members of gzip")
        stream = zlib.decompressobj(_GZIP)
        try:
            found += stream.decompress(body, most - len(found))
        except zlib.error as error:
            if found:
                break
            raise UndecodableBody(f"the body is no gzip: {error}") from None
        body = stream.unused_data
    return found


def _deflate(body: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj(_ZLIB).decompress(body, most)
    except zlib.error:
        # What some servers mean by the name.
        pass
    try:
        return zlib.decompressobj(_RAW).decompress(body, most)
    except zlib.error as error:
        raise UndecodableBody(f"the body is no deflate: {error}") from None


def _br(body: bytes, most: int) -> bytes:
    brotli = _brotli()
    if brotli is None:
        raise _missing("br", "'brotli>=1.2'")
    stream, found = brotli.Decompressor(), bytearray()
    try:
        piece = stream.process(body, output_buffer_limit=most)
        while piece:
            found += piece
            if len(found) >= most:
                break
            piece = stream.process(b"", output_buffer_limit=most - len(found))
    except brotli.error as error:
        raise UndecodableBody(f"the body is no br: {error}") from None
    return bytes(found[:most])


def _zstd(body: bytes, most: int) -> bytes:
    if importlib.util.find_spec("zstandard") is None:
        raise _missing("zstd", "zstandard")
    zstandard = importlib.import_module("zstandard")
    decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
    reader = decompressor.stream_reader(body, read_across_frames=True)
    try:
        return bytes(reader.read(most))
    except zstandard.ZstdError as error:
        raise UndecodableBody(f"the body is no zstd: {error}") from None


def _brotli() -> Any | None:  # noqa: ANN401  # neither package has types
    """One that can be told how much to unpack: 64 bytes may hold 32 MB, and older ones give all of it at once."""
    for name in _BROTLI:
        if importlib.util.find_spec(name) is not None:
            brotli = importlib.import_module(name)
            if hasattr(brotli.Decompressor, "can_accept_more_data"):
                return brotli
    return None


def _missing(coding: str, package: str) -> UndecodableBody:
    return UndecodableBody(
        f"the body has the Content-Encoding {coding}, which needs a package that is not installed",
        hint=f"pip install {package}, or let the test send `Accept-Encoding: gzip`",
    )


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "br": _br,
    "deflate": _deflate,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "zstd": _zstd,
}
