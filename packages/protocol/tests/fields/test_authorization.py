"""Credentials and challenges (RFC 9110 11, RFC 7617, RFC 7616)."""

import base64

import pytest
from aiolos_protocol.fields.authorization import (
    BasicAuth,
    Challenge,
    format_credentials,
    parse_challenges,
    parse_credentials,
)
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

LATIN = st.text(st.characters(max_codepoint=0xFF, exclude_categories=["Cc"]))
TOKEN = st.text(alphabet="abcxyz0!#-.", min_size=1, max_size=8)
TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)


def test_basic() -> None:
    assert BasicAuth("Aladdin", "open sesame").encode() == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert BasicAuth.decode("basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == (
        "Aladdin",
        "open sesame",
        "latin1",
    )
    assert BasicAuth.decode(BasicAuth("ü", "€", "utf-8").encode(), "utf-8").password == "€"
    assert BasicAuth.decode(BasicAuth("a", "b:c").encode()).password == "b:c"


def test_basic_from_url() -> None:
    assert BasicAuth.from_url(URL("http://u%40:p@host/")) == BasicAuth("u@", "p")
    assert BasicAuth.from_url(URL("http://:p@host/")) == BasicAuth("", "p")
    assert BasicAuth.from_url(URL("http://host/")) is None
    with pytest.raises(TypeError, match=r"yarl\.URL"):
        BasicAuth.from_url("http://u:p@host/")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("Basic", "without credentials"),
        ("Digest x", "scheme Digest, not Basic"),
        ("Basic !!!", "not base64"),
        ("Basic YQ", "not base64"),
        ("Basic é===", "not base64"),
        ("Basic YWI=", "hold no colon"),
    ],
)
def test_basic_malformed(value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BasicAuth.decode(value)


def test_basic_refuses_what_cannot_be_sent() -> None:
    with pytest.raises(ValueError, match="holds a colon"):
        BasicAuth("a:b")
    with pytest.raises(ValueError, match="login"):
        BasicAuth(None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="password"):
        BasicAuth("a", None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"BasicAuth\(\) takes its login as str, not int"):
        BasicAuth(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"BasicAuth\(\) takes its password as str, not bytes"):
        BasicAuth("a", b"b")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"BasicAuth\(\) takes its encoding as str, not NoneType"):
        BasicAuth("a", "b", None)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\x7f"])
def test_control_characters_are_refused(bad):
    for pair in (("a" + bad, "b"), ("a", "b" + bad)):
        with pytest.raises(ValueError, match="RFC 7617 2"):
            BasicAuth(*pair)
    assert BasicAuth("ü", "\xa0").encode() == "Basic /Dqg"


@given(LATIN.filter(lambda text: ":" not in text), LATIN)
def test_basic_round_trip(login: str, password: str) -> None:
    auth = BasicAuth(login, password)
    assert BasicAuth.decode(auth.encode()) == auth
    assert base64.b64decode(auth.encode()[6:]) == f"{login}:{password}".encode("latin-1")


def test_challenges() -> None:
    value = (
        'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple, really",'
        " Negotiate, NTLM YWJj==, DIGEST nonce=a , realm = b,,"
    )
    assert parse_challenges(value) == (
        Challenge("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
        Challenge("basic", {"realm": "simple, really"}),
        Challenge("negotiate"),
        Challenge("ntlm", {}, "YWJj=="),
        Challenge("digest", {"nonce": "a", "realm": "b"}),
    )


@pytest.mark.parametrize("value", ["", ",,", 'realm="x"', '"a"', "é", "=;="])
def test_what_is_no_challenge(value: str) -> None:
    assert parse_challenges(value) == ()
    assert parse_credentials(value) is None


def test_repeated_parameters() -> None:
    assert parse_credentials("Digest nonce=a, Nonce=b") == Challenge("digest", {"nonce": "a"})


def test_writing_digest() -> None:
    written = format_credentials(
        "Digest",
        {"username": 'M"x', "qop": "auth", "nc": "00000001"},
        bare=frozenset(("qop", "nc")),
    )
    assert written == 'Digest username="M\\"x", qop=auth, nc=00000001'
    with pytest.raises(ValueError, match="control character"):
        format_credentials("Digest", {"username": "a\r\nb"})


@given(st.dictionaries(TOKEN, TEXT, min_size=1, max_size=5))
def test_round_trip(parameters: dict[str, str]) -> None:
    assert parse_credentials(format_credentials("digest", parameters)) == Challenge(
        "digest", parameters
    )
