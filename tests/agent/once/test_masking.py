"""No secret is told, in whatever form a request may have it."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_agent.once.masking import MASK, Masking, is_secret_name, secrets_of

SECRET = 's3cr "et/ü'
secrets = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=4, max_size=20)


@given(secrets, st.text(max_size=5))
def test_a_secret_is_masked_in_every_form_that_a_request_has(secret: str, around: str) -> None:
    masking = Masking([secret])
    for form in (
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        base64.b64encode(secret.encode()).decode(),
    ):
        assert masking.text(f"{form}") == MASK
        assert MASK in masking.text(f"{around}{form}{around}")


def test_a_secret_is_masked_within_values() -> None:
    masking = Masking([SECRET])
    value = {"a": [SECRET, 5, None, {"b": f"x{SECRET}y"}], SECRET: True}
    assert masking.value(value) == {"a": [MASK, 5, None, {"b": f"x{MASK}y"}], MASK: True}


def test_of_two_secrets_one_in_the_other_nothing_is_left() -> None:
    assert Masking(["token", "token-long"]).text("token-long token") == f"{MASK} {MASK}"


def test_what_is_too_short_to_be_a_secret_masks_nothing() -> None:
    assert Masking(["a", "", "abc"]).text("a banana, abc") == "a banana, abc"


@pytest.mark.parametrize(
    ("name", "value", "short", "whole"),
    [
        ("Authorization", "Bearer abcdefghijklmnop", "Bearer abcdef…", "Bearer abcdefghijklmnop"),
        ("authorization", "Basic bWU6cGFzcw==", f"Basic {MASK}", f"Basic {MASK}"),
        ("Cookie", "sid=abcdefghijklmnop; a=b", "sid=abcdef…; a=b", "sid=abcdefghijklmnop; a=b"),
        ("Set-Cookie", "sid=abcdefghijklmnop; Path=/", "sid=abcdef…; Path=/", None),
        ("X-Api-Key", "abcdefghijklmnop", "abcdef…", "abcdefghijklmnop"),
        ("Accept", "application/json, text/plain", "application/json, text/plain", None),
    ],
)
def test_credentials_and_cookies_are_shortened(
    name: str, value: str, short: str, whole: str | None
) -> None:
    masking = Masking(())
    assert masking.header(name, value) == short
    assert masking.header(name, value, whole=True) == (whole or value)


@pytest.mark.parametrize("name", ["PASSWORD", "DB_PASS", "API_KEY", "apiKey", "MY_TOKEN", "KEY"])
def test_a_variable_that_is_called_a_secret_is_one(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["BASE_URL", "REGION", "KEYBOARD", "USER", "RATE"])
def test_other_variables_are_shown(name: str) -> None:
    assert not is_secret_name(name)


def test_secrets_are_those_that_were_read_and_those_of_every_environment() -> None:
    envs = [{"TOKEN": "one", "BASE_URL": "two"}, {"PASSWORD": "three"}]
    assert secrets_of(envs, ["four"]) == ["one", "three", "four"]
