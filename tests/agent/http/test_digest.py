"""Digests against the examples of the RFC, against aiohttp's, and challenges as servers write them."""

from __future__ import annotations

import re

import pytest
from aiohttp import DigestAuthMiddleware
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from groundswell_agent.http.digest import Challenge, Credentials, asked_for

NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUo5tdS"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

# RFC 7616, 3.9.1.
OF_THE_RFC = {
    "MD5": "8ca523f5e9506fed4657c9700eebdbec",
    "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
}


def asked_by_the_rfc(algorithm: str) -> str:
    return (
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm},'
        f' nonce="{NONCE}", opaque="{OPAQUE}"'
    )


def field(answer: str, name: str) -> str:
    match = re.search(rf'[ ,]{re.escape(name)}=(?:"([^"]*)"|([^,]*))', answer)
    assert match is not None, answer
    return match[2] if match[1] is None else match[1]


@pytest.mark.parametrize("algorithm", OF_THE_RFC)
def test_the_examples_of_the_rfc(algorithm: str) -> None:
    challenge = asked_for([asked_by_the_rfc(algorithm)])
    assert challenge is not None
    answer = Credentials(challenge, "Mufasa", "Circle of Life", CNONCE).answer(
        "GET", "/dir/index.html"
    )
    assert answer.startswith('Digest username="Mufasa", realm="http-auth@example.org", ')
    assert field(answer, "response") == OF_THE_RFC[algorithm]
    assert field(answer, "uri") == "/dir/index.html"
    assert field(answer, "algorithm") == algorithm
    assert field(answer, "opaque") == OPAQUE
    assert (field(answer, "nc"), field(answer, "qop")) == ("00000001", "auth")
    assert 'qop="' not in answer
    assert 'nc="' not in answer


def test_a_server_of_before_1999_gets_what_it_knows() -> None:
    """RFC 2069, as corrected: neither counter nor a nonce of ours."""
    value = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    challenge = asked_for([value])
    assert challenge is not None
    answer = Credentials(challenge, "Mufasa", "CircleOfLife").answer("GET", "/dir/index.html")
    assert field(answer, "response") == "1949323746fe6a43ef61f9606e7febea"
    assert "nc=" not in answer
    assert "algorithm" not in answer


def test_a_nonce_is_used_again_with_a_counter_that_rises() -> None:
    challenge = asked_for([asked_by_the_rfc("MD5")])
    assert challenge is not None
    credentials = Credentials(challenge, "Mufasa", "Circle of Life")
    answers = [credentials.answer("GET", "/") for _ in range(300)]
    assert [field(answer, "nc") for answer in answers] == [f"{n:08x}" for n in range(1, 301)]
    assert len({field(answer, "response") for answer in answers}) == 300
    assert len({field(answer, "cnonce") for answer in answers}) == 1


def test_a_name_beyond_ascii_and_one_that_is_hidden() -> None:
    """RFC 7616, 3.9.2: its name, in both ways that it may be sent."""
    user, realm = "J\u00e4s\u00f8n Doe", "api@example.org"
    plain = Credentials(Challenge(realm, "n", "SHA-256"), user, "Secret, or not?").answer(
        "GET", "/"
    )
    assert "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe" in plain
    hidden = Credentials(
        Challenge(realm, "n", "SHA-256", hides_user=True), user, "Secret, or not?"
    ).answer("GET", "/")
    assert "J" not in field(hidden, "username")
    assert len(field(hidden, "username")) == 64
    assert hidden.count("userhash=true") == 1


PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=20)


@given(
    user=PRINTABLE.filter(lambda text: ":" not in text),
    password=PRINTABLE,
    realm=PRINTABLE,
    path=st.sampled_from(["/", "/a/b?c=d&e=%20f", "/x;y"]),
    method=st.sampled_from(["GET", "POST"]),
    algorithm=st.sampled_from(["MD5", "MD5-sess", "SHA-256", "SHA-256-sess", None]),
    has_qop=st.booleans(),
)
async def test_aiohttp_says_the_same(
    user: str,
    password: str,
    realm: str,
    path: str,
    method: str,
    algorithm: str | None,
    has_qop: bool,
) -> None:
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    value = f'Digest realm="{quoted}", nonce="{NONCE}", opaque="{OPAQUE}"'
    if algorithm is not None:
        value += f", algorithm={algorithm}"
    if has_qop:
        value += ', qop="auth"'
    challenge = asked_for([value])
    assert challenge is not None
    assert challenge.realm == realm

    # What a server said and what is answered is told by its private parts alone.
    other = DigestAuthMiddleware(user, password)
    other._challenge = {"realm": realm, "nonce": NONCE, "opaque": OPAQUE}  # pyright: ignore[reportPrivateUsage]
    if algorithm is not None:
        other._challenge["algorithm"] = algorithm  # pyright: ignore[reportPrivateUsage]
    if has_qop:
        other._challenge["qop"] = "auth"  # pyright: ignore[reportPrivateUsage]
    theirs = await other._encode(method, URL(f"http://x.test{path}", encoded=True), b"")  # pyright: ignore[reportPrivateUsage]

    is_session = algorithm is not None and algorithm.endswith("-sess")
    if is_session and not has_qop:
        # aiohttp does not tell the cnonce that it has made the key with.
        ours = Credentials(challenge, user, password, "abc").answer(method, path)
        assert field(ours, "cnonce") == "abc"
        return
    cnonce = field(theirs, "cnonce") if has_qop else None
    ours = Credentials(challenge, user, password, cnonce).answer(method, path)
    assert field(ours, "response") == field(theirs, "response")


def test_the_first_challenge_that_can_be_answered_is_taken() -> None:
    basic = 'Basic realm="a, Digest of b", charset="UTF-8"'
    strange = 'Digest realm="r", nonce="1", algorithm=SHA-512-256, qop="auth"'
    bodies = 'Digest realm="r", nonce="2", qop="auth-int"'
    good = 'Digest realm="r", nonce="3", algorithm=SHA-256, qop="auth"'
    later = 'digest realm="r", nonce="4"'
    for values in (
        [basic, strange, bodies, good, later],
        [f"{basic}, {strange}", f"Negotiate abc==, {bodies} , {good},{later}"],
        [", ".join((basic, strange, bodies, good, later))],
    ):
        challenge = asked_for(values)
        assert challenge is not None
        assert challenge.nonce == "3"
    assert asked_for([basic, strange, bodies]) is None
    assert asked_for([]) is None
    assert asked_for(['Digest realm="r"']) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Digest realm="a\\"b\\\\c", nonce=abc', Challenge('a"b\\c', "abc", qop=None)),
        ('Digest  nonce = "n" ,,realm="", STALE=TRUE', Challenge("", "n", qop=None, stale=True)),
        (
            'Digest realm="r",nonce="n",qop="AUTH-INT,auth",opaque="",algorithm="md5-sess"',
            Challenge("r", "n", "md5-sess", "auth", ""),
        ),
    ],
)
def test_challenges_as_servers_write_them(text: str, expected: Challenge) -> None:
    assert asked_for([text]) == expected


@given(st.lists(st.text(st.characters(max_codepoint=0xFF), max_size=200), max_size=3))
def test_nothing_that_a_server_says_is_too_strange(values: list[str]) -> None:
    asked_for(["Digest " + value for value in values])
