"""What a wrong word may have meant: keys as k6 spells them, keys of other tools, slips of the
finger.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

# Where neither the spelling nor k6's camelCase leads to the right word.
_OTHER_WORDS = {
    "sleep": "pause",
    "wait": "pause",
    "think": "pause",
    "think_time": "pause",
    "params": "query",
    "checks": "check",
    "asserts": "check",
    "expect": "check",
    "exec": "steps",
    "requests": "steps",
    "url": "get",
    "request": "get",
    "http": "get",
    "base_url": "target",
    "host": "target",
    "users": "vus",
    "ramp_up": "stages",
    "content": "body",
    "files": "multipart",
    "upload": "file",
    "abort": "abort_on_fail",
    "rps": "rate",
    "title": "test",
}


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that was most likely meant."""
    for guess in (word, snake_case(word), word.lower().replace("-", "_")):
        if guess in known:
            return guess
        if _OTHER_WORDS.get(guess) in known:
            return _OTHER_WORDS[guess]
    close = get_close_matches(word.lower()[:60], known, n=1, cutoff=0.65)
    return close[0] if close else None


def did_you_mean(word: str, known: Collection[str], otherwise: str | None = None) -> str:
    """A hint for an unknown word: what is near; else `otherwise`, or all that is known."""
    if guess := nearest(word, known):
        return f"did you mean `{guess}`?"
    return otherwise or f"known here: {', '.join(known)}"


def snake_case(word: str) -> str:
    """k6's `preAllocatedVUs` is `pre_allocated_vus` here."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower()
