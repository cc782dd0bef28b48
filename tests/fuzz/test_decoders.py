"""Whatever comes is taken, or refused in words: some hundred inputs for each decoder."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.decoders import all_decoders
from tests.fuzz.mutation import an_input

_FOUND = Path(__file__).parent / "found"
_DECODERS = all_decoders()
# Those that write files, or read a whole test, take milliseconds for one.
_SLOW = {"run file": 20, "file in parts": 60, "test file": 80, "declaration of a Python test": 80}

each = pytest.mark.parametrize("name", sorted(_DECODERS))


@each
def test_good_inputs_are_good(name: str) -> None:
    """A seed that is refused would be no seed: nothing could be found behind the first check."""
    decoder = _DECODERS[name]
    assert not decoder.refuses(decoder.seeds[0])


@each
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=200))
def test_any_bytes_are_taken_or_refused(name: str, data: bytes) -> None:
    _DECODERS[name].refuses(data)


@each
def test_good_inputs_with_some_changes_are_taken_or_refused(name: str) -> None:
    decoder = _DECODERS[name]
    for seed in range(_SLOW.get(name, 200)):
        decoder.refuses(an_input(decoder, Random(seed)))


@pytest.mark.parametrize("path", sorted(_FOUND.glob("*/*")), ids=lambda path: path.name)
def test_what_was_found_once_is_not_found_again(path: Path) -> None:
    """`found/DECODER/` has the inputs that crashed or held it, before it was mended."""
    _DECODERS[path.parent.name.replace("_", " ")].refuses(path.read_bytes())
