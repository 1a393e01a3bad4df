"""Digest authentication (RFC 7616), with the examples of its section 3.9."""

import hashlib
import re

import aiolos_client
import pytest
from aiolos_client import DigestAuthMiddleware
from aiolos_client.digest import answer, strongest

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


def asks(fields="", nonce="abc", qop='qop="auth"'):
    challenge = f'Digest realm="r", nonce="{nonce}", {qop}{fields}'
    return (
        f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def authorization(request):
    found = re.search(rb"\r\nAuthorization: (.*?)\r\n", request)
    return found[1].decode() if found else None


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("SHA256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc_7616_3_9_1(algorithm, response):
    parameters = {
        "realm": "http-auth@example.org",
        "qop": "auth, auth-int",
        "algorithm": algorithm,
        "nonce": NONCE,
        "opaque": OPAQUE,
    }
    credentials = answer(
        parameters, "Mufasa", "Circle of Life", "GET", "/dir/index.html", b"", 1, CNONCE
    )
    assert credentials == (
        'Digest username="Mufasa", realm="http-auth@example.org", '
        f'nonce="{NONCE}", uri="/dir/index.html", response="{response}", '
        f'algorithm={algorithm}, opaque="{OPAQUE}", qop=auth, nc=00000001, cnonce="{CNONCE}"'
    )


def test_without_qop_as_rfc_2069_has_it():
    credentials = answer({"realm": "r", "nonce": "n"}, "u", "p", "GET", "/", b"", 1, "c")
    secret = hashlib.md5(b"u:r:p").hexdigest()
    asked = hashlib.md5(b"GET:/").hexdigest()
    expected = hashlib.md5(f"{secret}:n:{asked}".encode()).hexdigest()
    assert f'response="{expected}"' in credentials
    assert "qop" not in credentials


def test_the_body_counts_with_auth_int():
    parameters = {"realm": "r", "nonce": "n", "qop": "auth-int"}
    one, two = (answer(parameters, "u", "p", "PUT", "/", body, 1, "c") for body in (b"one", b"two"))
    assert one != two
    assert "qop=auth-int" in one


def test_the_name_is_hidden_where_the_server_can_bear_it():
    parameters = {"realm": "r", "nonce": "n", "userhash": "true", "algorithm": "SHA-256"}
    credentials = answer(parameters, "u", "p", "GET", "/", b"", 1, "c")
    assert f'username="{hashlib.sha256(b"u:r").hexdigest()}"' in credentials
    assert "userhash=true" in credentials


def test_a_session_algorithm():
    plain = answer({"nonce": "n", "algorithm": "MD5"}, "u", "p", "GET", "/", b"", 1, "c")
    session = answer({"nonce": "n", "algorithm": "MD5-sess"}, "u", "p", "GET", "/", b"", 1, "c")
    assert plain != session
    assert "algorithm=MD5-sess" in session


def test_a_protection_that_nobody_knows():
    with pytest.raises(aiolos_client.ClientError, match="qop='auth-conf'"):
        answer({"nonce": "n", "qop": "auth-conf"}, "u", "p", "GET", "/", b"", 1, "c")


def test_the_strongest_challenge_is_answered():
    fields = [
        'Basic realm="r", Digest realm="r", nonce="1", algorithm=MD5',
        'Digest realm="r", nonce="2", algorithm=SHA-256, Digest nonce="3", algorithm=WHIRLPOOL',
    ]
    assert strongest(fields).parameters["nonce"] == "2"
    assert strongest(['Basic realm="r"', 'Digest realm="r"']) is None
    for weak, strong in (("SHA", "SHA256"), ("SHA-256", "sha512"), ("SHA512", "SHA-512-256")):
        both = f"Digest nonce=1, algorithm={strong}", f"Digest nonce=2, algorithm={weak}"
        assert strongest(both).parameters["nonce"] == "1"


async def test_cli_29_digest(talk):
    digest = DigestAuthMiddleware("user", "secret")
    async with talk(asks(), OK, OK, OK, middlewares=(digest,)) as (peer, session):
        for _ in range(3):
            async with session.get("/a?b=c") as response:
                assert response.status == 200
    told = [authorization(each) for each in peer.requests]
    assert told[0] is None
    assert 'uri="/a?b=c"' in told[1]
    assert [re.search("nc=([0-9]+)", each)[1] for each in told[1:]] == [
        "00000001",
        "00000002",
        "00000003",
    ]


async def test_without_being_asked_only_where_that_is_wanted(talk):
    digest = DigestAuthMiddleware("user", "secret", preemptive=False)
    async with talk(asks(), OK, asks(nonce="new"), OK, middlewares=(digest,)) as (peer, session):
        for _ in range(2):
            async with session.get("/") as response:
                assert response.status == 200
    assert [authorization(each) is None for each in peer.requests] == [True, False, True, False]


async def test_a_stale_nonce_is_replaced(talk):
    digest = DigestAuthMiddleware("user", "secret")
    stale = asks(", stale=true", nonce="new")
    async with talk(asks(), OK, stale, OK, middlewares=(digest,)) as (peer, session):
        for _ in range(2):
            async with session.get("/") as response:
                assert response.status == 200
    assert 'nonce="new"' in authorization(peer.requests[3])
    assert "nc=00000001" in authorization(peer.requests[3])


async def test_each_nonce_has_its_count(talk):
    # Two servers behind one origin, each with a nonce of its own, that remember what was used.
    digest = DigestAuthMiddleware("user", "secret")
    one, two = asks(nonce="one"), asks(nonce="two")
    async with talk(one, OK, two, OK, one, OK, middlewares=(digest,)) as (peer, session):
        for _ in range(3):
            async with session.get("/") as response:
                assert response.status == 200
    told = [authorization(each) for each in peer.requests]
    counts = [re.search('nonce="(.*?)".*nc=([0-9]+)', each).groups() for each in told[1:]]
    assert counts == [
        ("one", "00000001"),
        ("one", "00000002"),
        ("two", "00000001"),
        ("two", "00000002"),
        ("one", "00000003"),
    ]


async def test_what_is_compressed_cannot_be_covered_by_the_digest(talk):
    digest = DigestAuthMiddleware("user", "secret")
    async with talk(asks(qop='qop="auth-int"'), middlewares=(digest,)) as (_, session):
        with pytest.raises(aiolos_client.ClientError, match="leave compress= out"):
            await session.post("/", data=b"body" * 99, compress="gzip")


async def test_a_redirection_within_the_origin_is_answered_as_well(talk):
    digest = DigestAuthMiddleware("u", "p", preemptive=False)
    to = b"HTTP/1.1 302 There\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    async with talk(asks(), to, asks(), OK, middlewares=(digest,)) as (peer, session):
        async with session.get("/a") as response:
            assert response.status == 200
    told = [authorization(each) for each in peer.requests]
    assert told[0] is None
    assert 'uri="/a"' in told[1]
    assert told[2] is None
    assert 'uri="/b"' in told[3]
    assert "nc=00000002" in told[3]


async def test_what_is_redirected_out_of_the_space_is_asked_without_credentials(talk):
    digest = DigestAuthMiddleware("u", "p")
    to = b"HTTP/1.1 302 There\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    first = asks(', domain="/a"')
    async with talk(first, to, asks(), OK, middlewares=(digest,)) as (peer, session):
        async with session.get("/a") as response:
            assert response.status == 200
    told = [authorization(each) for each in peer.requests]
    assert [each is None for each in told] == [True, False, True, False]
    assert 'uri="/b"' in told[3]


async def test_a_repetition_counts_on(talk):
    digest = DigestAuthMiddleware("u", "p", preemptive=False)
    busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
    retry = aiolos_client.RetryPolicy()
    answers = asks(), busy, asks(), OK
    async with talk(*answers, middlewares=(digest,), retry=retry) as (peer, session):
        async with session.get("/") as response:
            assert response.status == 200
            assert "nc=00000002" in response.request_info.headers["Authorization"]
    told = [authorization(each) for each in peer.requests]
    assert [each is None for each in told] == [True, False, True, False]
    assert "nc=00000001" in told[1]
    assert "nc=00000002" in told[3]


async def test_an_authorization_of_ones_own_is_there_again_behind_a_challenge(talk):
    digest = DigestAuthMiddleware("u", "p", preemptive=False)
    to = b"HTTP/1.1 302 There\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    async with talk(asks(), to, OK, middlewares=(digest,)) as (peer, session):
        async with session.get("/a", headers={"Authorization": "Mine"}) as response:
            assert response.status == 200
    assert [authorization(each)[:4] for each in peer.requests] == ["Mine", "Dige", "Mine"]


async def test_a_realm_of_bytes_that_are_no_text_is_answered_byte_by_byte(talk):
    digest = DigestAuthMiddleware("u", "p")
    odd = asks().replace(b'realm="r"', b'realm="\xe9"')
    async with talk(odd, OK, middlewares=(digest,)) as (peer, session):
        async with session.get("/") as response:
            assert response.status == 200
    told = peer.requests[1]
    assert b'realm="\xe9"' in told
    cnonce = re.search(rb'cnonce="(\w+)"', told)[1]
    secret = hashlib.md5(b"u:\xe9:p").hexdigest().encode()
    asked = hashlib.md5(b"GET:/").hexdigest().encode()
    expected = hashlib.md5(b":".join((secret, b"abc:00000001", cnonce, b"auth", asked)))
    assert expected.hexdigest().encode() in told


@pytest.mark.parametrize("domain", ["http://[bad", "http://:99999/", "mailto:x", "//", "x:", ":"])
async def test_a_protection_space_that_is_none_is_left_out(talk, domain):
    digest = DigestAuthMiddleware("u", "p")
    answers = asks(f', domain="{domain}"'), OK, OK
    async with talk(*answers, middlewares=(digest,)) as (_, session):
        for _ in range(2):
            async with session.get("/") as response:
                assert response.status == 200


def test_of_the_challenges_that_cannot_be_answered_none_is_the_strongest():
    fields = [
        'Digest realm="r", nonce="1", algorithm=MD5, qop="auth"',
        'Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth-conf"',
    ]
    assert strongest(fields).parameters["nonce"] == "1"
    assert strongest(fields[1:]) is None


async def test_a_refused_password_is_not_tried_for_ever(talk):
    digest = DigestAuthMiddleware("user", "wrong")
    async with talk(asks(), asks(), middlewares=(digest,)) as (peer, session):
        async with session.get("/") as response:
            assert response.status == 401
        assert len(peer.requests) == 2


async def test_credentials_that_are_refused_are_not_sent_once_more(talk):
    digest = DigestAuthMiddleware("user", "secret")
    async with talk(asks(), OK, asks(), middlewares=(digest,)) as (peer, session):
        for status in (200, 401):
            async with session.get("/") as response:
                assert response.status == status
        assert len(peer.requests) == 3


@pytest.mark.parametrize(("others", "count"), [(15, "00000002"), (16, "00000001")])
async def test_the_counts_of_sixteen_nonces_are_kept(talk, others, count):
    digest = DigestAuthMiddleware("user", "secret", preemptive=False)
    nonces = ["first", *map(str, range(others)), "first"]
    answers = [answer for nonce in nonces for answer in (asks(nonce=nonce), OK)]
    async with talk(*answers, middlewares=(digest,)) as (peer, session):
        for _ in nonces:
            async with session.get("/") as response:
                assert response.status == 200
    told = authorization(peer.requests[-1])
    assert 'nonce="first"' in told
    assert f"nc={count}" in told


async def test_credentials_stay_in_their_space(peer):
    digest = DigestAuthMiddleware("user", "secret")
    async with peer(asks(', domain="/private"'), OK) as own, peer() as other:
        async with aiolos_client.ClientSession(middlewares=(digest,)) as session:
            for url in (f"{own.url}/private/a", f"{own.url}/public", f"{other.url}/private/a"):
                async with session.get(url) as response:
                    assert response.status == 200
    assert authorization(own.requests[1]) is not None
    assert authorization(own.requests[2]) is None
    assert authorization(other.requests[0]) is None


async def test_an_origin_that_the_space_names_has_the_credentials_and_may_not_name_others(peer):
    digest = DigestAuthMiddleware("user", "secret")
    async with peer() as third:
        claims = asks(f', domain="{third.url}/"', nonce="claims")
        async with peer(OK, claims, OK) as named:
            first = asks(f', domain="/ {named.url}/private"')
            async with (
                peer(first, OK, OK) as own,
                aiolos_client.ClientSession(middlewares=(digest,)) as session,
            ):
                for url in (own.url, f"{named.url}/private", f"{named.url}/private"):
                    async with session.get(url) as response:
                        assert response.status == 200
                for url in (third.url, own.url):
                    async with session.get(url) as response:
                        assert response.status == 200
    nonces = [re.search('nonce="(.*?)"', authorization(each))[1] for each in named.requests]
    assert nonces == ["abc", "abc", "claims"]
    assert [authorization(each) for each in third.requests] == [None]
    assert authorization(own.requests[2]) is not None


@pytest.mark.parametrize("redirected", [False, True])
async def test_another_origins_challenge_is_not_answered(peer, redirected):
    digest = DigestAuthMiddleware("user", "secret")
    async with peer(asks(nonce="evil"), OK) as other:
        to = f"HTTP/1.1 302 There\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n".encode()
        first = [to] if redirected else [asks(), OK]
        async with (
            peer(*first) as anchor,
            aiolos_client.ClientSession(middlewares=(digest,)) as session,
        ):
            async with session.get(anchor.url) as response:
                assert response.status == (401 if redirected else 200)
            if not redirected:
                async with session.get(other.url) as response:
                    assert response.status == 401
    assert [authorization(each) for each in other.requests] == [None]


async def test_what_digest_cannot_answer_is_the_answer(talk):
    basic = (
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=r\r\nContent-Length: 0\r\n\r\n"
    )
    async with talk(basic, middlewares=(DigestAuthMiddleware("u", "p"),)) as (peer, session):
        async with session.get("/") as response:
            assert response.status == 401
        assert len(peer.requests) == 1


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ("a:b", 'A ":" is not allowed in username'),
        (None, "None is not allowed as login value"),
        (5, "int is not allowed as login value"),
    ],
)
def test_what_is_no_login(login, words):
    with pytest.raises(ValueError, match=words):
        DigestAuthMiddleware(login, "p")


def test_what_is_no_password():
    with pytest.raises(ValueError, match="None is not allowed as password value"):
        DigestAuthMiddleware("u", None)
    with pytest.raises(ValueError, match="bytes is not allowed") as told:
        DigestAuthMiddleware("u", b"secret")
    assert "secret" not in str(told.value)
