"""All decoders of bytes that others have made: one module for each kind, each with its own."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.decoder import Decoder


def all_decoders() -> dict[str, Decoder]:
    """By their names."""
    found: list[Decoder] = []
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        loaded = importlib.import_module(module.name)
        found += getattr(loaded, "DECODERS", ()) or (loaded.DECODER,)
    return {decoder.name: decoder for decoder in found}
