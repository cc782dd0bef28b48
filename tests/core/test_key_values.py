from __future__ import annotations

import click
import pytest

from groundswell.key_values import key_values


def test_a_value_may_be_empty_or_hold_another_equals_sign() -> None:
    assert list(key_values(("zone=a", "empty=", "query=a=b"))) == [
        ("zone", "a"),
        ("empty", ""),
        ("query", "a=b"),
    ]


@pytest.mark.parametrize("text", ["zone", "=a", ""])
def test_what_is_not_key_and_value_is_refused_as_it_was_given(text: str) -> None:
    with pytest.raises(click.BadParameter, match=f"^{text!r} is not K=V$"):
        list(key_values((text,)))
