"""RetryPolicy: what is repeated, when, and how often."""

import io

import aiolos_client
import pytest
from aiolos_client import RetryPolicy
from aiolos_client.retries import retry_after
from aiolos_protocol.payload import get_payload

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def busy(status=503, after=None):
    field = b"" if after is None else b"Retry-After: %s\r\n" % after
    return b"HTTP/1.1 %d Busy\r\n%bContent-Length: 0\r\n\r\n" % (status, field)


class Sleeper:
    """Takes no time, but remembers how long it would have."""

    def __init__(self):
        self.pauses = []

    async def __call__(self, seconds):
        self.pauses.append(seconds)


@pytest.fixture
def sleep():
    return Sleeper()


async def test_a_busy_server_is_asked_again(talk, sleep):
    retry = RetryPolicy(4, backoff=1, jitter=False, sleep=sleep)
    answers = busy(), None, busy(429), OK
    async with talk(*answers, retry=retry, retry_disconnected=False) as (peer, session):
        async with session.get("/") as response:
            assert response.status == 200
        assert len(peer.requests) == 4
    assert sleep.pauses == [1, 2, 4]


async def test_the_last_answer_or_error_counts(talk, sleep):
    retry = RetryPolicy(2, sleep=sleep)
    answers = busy(), busy(), None, None
    async with talk(*answers, retry=retry, retry_disconnected=False) as (peer, session):
        async with session.get("/") as response:
            assert response.status == 503
        with pytest.raises(aiolos_client.ServerDisconnectedError):
            await session.get("/")
        assert len(peer.requests) == 4


async def test_one_requests_own_policy(talk, sleep):
    async with talk(busy(), OK, busy()) as (_, session):
        async with session.get("/", retry=RetryPolicy(sleep=sleep)) as response:
            assert response.status == 200
        async with session.get("/") as response:
            assert response.status == 503


@pytest.mark.parametrize(("method", "count"), [("GET", 2), ("PUT", 2), ("POST", 1), ("PATCH", 1)])
async def test_only_what_is_idempotent(talk, sleep, method, count):
    retry = RetryPolicy(2, sleep=sleep)
    async with talk(busy(), retry=retry) as (peer, session):
        async with session.request(method, "/", data=b"x"):
            assert len(peer.requests) == count


async def test_methods_and_statuses_of_ones_own(talk, sleep):
    retry = RetryPolicy(2, methods=["POST"], statuses=[418], sleep=sleep)
    async with talk(busy(418), OK, busy(503), retry=retry) as (_, session):
        for status in (200, 503):
            async with session.post("/") as response:
                assert response.status == status


async def test_what_was_never_sent_is_repeated_for_any_method(unused_port, sleep):
    retry = RetryPolicy(3, sleep=sleep)
    async with aiolos_client.ClientSession(retry=retry) as session:
        with pytest.raises(aiolos_client.ClientConnectorError):
            await session.post(f"http://127.0.0.1:{unused_port}/")
    assert len(sleep.pauses) == 2


@pytest.mark.parametrize(
    ("after", "pauses"), [(b"7", [7]), (b"999", []), (b"nonsense", [0.5]), (b"0", [0])]
)
async def test_the_server_says_when(talk, sleep, after, pauses):
    retry = RetryPolicy(2, jitter=False, sleep=sleep)
    async with talk(busy(after=after), retry=retry) as (_, session):
        async with session.get("/") as response:
            assert response.status == (200 if pauses else 503)
    assert sleep.pauses == pauses


def test_retry_after_as_a_date():
    assert retry_after("Thu, 01 Jan 1970 00:00:00 GMT") == 0
    assert retry_after("Fri, 31 Dec 9999 23:59:59 GMT") > 1e9
    assert retry_after(None) is None


async def test_jitter_is_within_the_pause(talk, sleep):
    retry = RetryPolicy(10, backoff=1, max_backoff=4, budget=None, sleep=sleep)
    async with talk(*[busy()] * 9, retry=retry) as (_, session):
        async with session.get("/"):
            pass
    assert all(0 <= pause <= min(2**n, 4) for n, pause in enumerate(sleep.pauses))
    assert len(set(sleep.pauses)) > 1


async def test_the_budget_bounds_repetitions(talk, sleep):
    retry = RetryPolicy(2, budget=0.1, sleep=sleep)
    async with talk(*[busy()] * 500, retry=retry) as (peer, session):
        for _ in range(100):
            async with session.get("/"):
                pass
        assert 115 <= len(peer.requests) <= 121


async def test_a_body_in_pieces_is_kept_and_sent_again(talk, sleep):
    async def pieces():
        yield b"one"
        yield b"two"

    async with talk(busy(), OK, retry=RetryPolicy(2, sleep=sleep)) as (peer, session):
        async with session.put("/", data=pieces()) as response:
            assert response.status == 200
    bodies = [each.partition(b"\r\n\r\n")[2] for each in peer.requests]
    assert bodies == [b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"] * 2


async def test_a_body_that_is_too_long_to_be_kept_is_sent_once(talk, sleep):
    async def pieces():
        yield b"one"
        yield b"two"

    async with talk(busy(), retry=RetryPolicy(2, max_body=5, sleep=sleep)) as (peer, session):
        async with session.put("/", data=pieces()) as response:
            assert response.status == 503
        assert len(peer.requests) == 1


async def test_redirections_are_repeated_where_they_failed(talk, sleep):
    to = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    async with talk(to, busy(), OK, retry=RetryPolicy(2, sleep=sleep)) as (peer, session):
        async with session.get("/a") as response:
            assert len(response.history) == 1
    assert [each.split(b" ")[1] for each in peer.requests] == [b"/a", b"/b", b"/b"]


def test_less_than_one_attempt_is_none():
    with pytest.raises(ValueError, match="attempts is 1 or more, not 0"):
        RetryPolicy(0)


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"attempts": 0}, ValueError, "attempts is 1 or more, not 0"),
        ({"attempts": "3"}, TypeError, "attempts takes a whole number, not '3'"),
        ({"attempts": 2.5}, TypeError, "attempts takes a whole number, not 2.5"),
        ({"backoff": "1"}, TypeError, "backoff takes seconds, not '1'"),
        ({"backoff": -1}, ValueError, "backoff is not negative"),
        ({"max_backoff": "x"}, TypeError, "max_backoff takes seconds"),
        ({"max_retry_after": -1}, ValueError, "max_retry_after is not negative"),
        ({"budget": -1}, ValueError, "budget is not negative"),
        ({"budget": "x"}, TypeError, "budget takes a part, like 0.2 of all, not 'x'"),
        ({"max_body": -1}, ValueError, "max_body is not negative"),
        ({"methods": "POST"}, TypeError, r"methods takes a list of names: write \['POST'\]"),
        ({"methods": [1]}, TypeError, "methods takes names, like 'POST', not 1"),
        ({"statuses": 503}, TypeError, r"statuses takes a list of numbers, like \[503\], not 503"),
        ({"statuses": ["503"]}, TypeError, "statuses takes numbers, like 503, not '503'"),
    ],
)
def test_what_a_policy_cannot_be(options, kind, told):
    with pytest.raises(kind, match=told):
        aiolos_client.RetryPolicy(**options)


async def test_pauses_have_no_end_of_their_own(talk):
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    unavailable = b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n"
    policy = aiolos_client.RetryPolicy(
        attempts=1100, budget=None, max_backoff=1, jitter=False, methods=["get"], sleep=sleep
    )
    async with talk(*[unavailable] * 1100) as (_, session):
        async with session.get("/", retry=policy) as response:
            assert response.status == 503
    assert pauses == [0.5] + [1.0] * 1098


async def test_a_server_may_ask_for_any_pause(talk):
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    later = b"HTTP/1.1 503 Unavailable\r\nRetry-After: 100000\r\nContent-Length: 0\r\n\r\n"
    policy = aiolos_client.RetryPolicy(max_retry_after=None, sleep=sleep)
    async with talk(later, b"HTTP/1.1 204 Fine\r\n\r\n") as (_, session):
        async with session.get("/", retry=policy) as response:
            assert response.status == 204
    assert pauses == [100_000.0]


async def pieces():
    yield b"\xff"
    yield b"\xfe"


@pytest.mark.parametrize(
    "make",
    [
        pieces,
        lambda: io.BytesIO(b"\xff\xfe"),
        lambda: {"file": io.BytesIO(b"\xff")},
        lambda: get_payload(io.TextIOWrapper(io.BytesIO(b"\xe9"), "latin-1"), encoding="latin-1"),
    ],
    ids=["pieces", "file", "form", "text"],
)
async def test_a_body_that_is_kept_can_be_read_before_each_attempt(talk, sleep, make):
    async def sign(request, handler):
        body = await request.body.as_bytes()
        request.headers["X-Body"] = body.hex()
        encodings.add(request.body.encoding)
        return await handler(request)

    encodings = set()
    retry = RetryPolicy(sleep=sleep)
    moved = b"HTTP/1.1 307 Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    async with talk(busy(), moved, busy(), OK, retry=retry, middlewares=[sign]) as (peer, session):
        data = make()
        async with session.put("/a", data=data) as response:
            assert response.url.path == "/b"
        assert encodings == {getattr(data, "encoding", None)}
    assert len(peer.requests) == 4
    for each in peer.requests:
        head, _, body = each.partition(b"\r\n\r\n")
        if b"chunked" in head:
            body = b"\xff\xfe"
        assert f"X-Body: {body.hex()}\r\n".encode() in head + b"\r\n"


async def test_a_body_is_kept_once_however_often_it_is_redirected(talk, sleep):
    async def look(request, handler):
        seen.append(request.data)
        return await handler(request)

    seen = []
    moved = b"HTTP/1.1 307 Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    retry = RetryPolicy(sleep=sleep)
    async with talk(moved, moved, OK, retry=retry, middlewares=[look]) as (_, session):
        async with session.put("/a", data=pieces()):
            pass
    first, *others = seen
    assert [each is first for each in others] == [True, True]
