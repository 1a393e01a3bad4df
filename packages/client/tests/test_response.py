"""ClientResponse: the head, the body in every form, and letting go."""

import json

import aiolos_client
import pytest


def answer(body: bytes, *fields: str) -> bytes:
    head = "".join(f"{field}\r\n" for field in fields)
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body


async def test_the_head(talk):
    fields = (
        "Content-Type: Text/HTML; Charset=UTF-8",
        "Set-Cookie: a=b",
        "X-Twice: 1",
        "x-twice: 2",
    )
    async with talk(answer(b"<p>", *fields)) as (peer, session):
        async with session.get("/x#part") as response:
            assert response.ok
            assert response.content_type == "text/html"
            assert response.charset == "UTF-8"
            assert response.content_length == 3
            assert response.headers.getall("X-Twice") == ["1", "2"]
            assert (b"x-twice", b"2") in response.raw_headers
            assert response.cookies["a"].value == "b"
            assert str(response.url) == f"{peer.url}/x"
            assert str(response.real_url) == f"{peer.url}/x#part"
            assert response.request_info.method == "GET"
            assert response.version == (1, 1)
            assert response.history == ()
            assert repr(response) == f"<ClientResponse({peer.url}/x#part) [200 OK]>"


async def test_the_body_is_there_again(talk):
    async with talk(answer(b"body")) as (_, session), session.get("/") as response:
        assert await response.read() == b"body"
        assert await response.read() == b"body"
        assert await response.text() == "body"


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (("Content-Type: text/plain; charset=latin-1",), b"\xfc"),
        (("Content-Type: text/plain",), "ü".encode()),
        ((), "ü".encode()),
    ],
)
async def test_text_is_decoded_by_its_charset_or_utf_8(talk, fields, body):
    async with talk(answer(body, *fields)) as (_, session), session.get("/") as response:
        assert await response.text() == "ü"


async def test_json_is_checked_by_its_type(talk):
    problem = answer(b'{"a": 1}', "Content-Type: application/problem+json")
    html = answer(b"<p>1</p>", "Content-Type: text/html")
    async with talk(problem, html, answer(b"[2]", "Content-Type: text/html")) as (_, session):
        async with session.get("/") as response:
            assert await response.json() == {"a": 1}
        async with session.get("/") as response:
            with pytest.raises(aiolos_client.ContentTypeError, match="got text/html: b'<p>1</p>'"):
                await response.json()
        async with session.get("/") as response:
            assert await response.json(content_type=None) == [2]


async def test_broken_json_raises_what_loads_raises(talk):
    async with talk(answer(b"{", "Content-Type: application/json")) as (_, session):
        async with session.get("/") as response:
            with pytest.raises(json.JSONDecodeError):
                await response.json()


async def test_a_body_in_chunks(talk):
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    async with talk(chunked) as (peer, session):
        async with session.get("/") as response:
            assert await response.read() == b"abcde"
        async with session.get("/"):
            pass
        assert peer.connections == 1


async def test_cli_12_what_an_answer_tells(talk):
    to = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
    fields = (
        "Content-Type: application/json; charset=utf-8",
        "Set-Cookie: sid=1; Path=/; HttpOnly",
        "Set-Cookie: theme=dark",
    )
    async with talk(to, answer('{"ü": 1}'.encode(), *fields)) as (peer, session):
        async with session.get("/here") as response:
            assert response.status == 200
            assert response.headers["content-type"] == "application/json; charset=utf-8"
            assert response.content_type == "application/json"
            assert await response.text() == '{"ü": 1}'
            assert await response.json() == {"ü": 1}
            assert await response.read() == '{"ü": 1}'.encode()
            assert {name: each.value for name, each in response.cookies.items()} == {
                "sid": "1",
                "theme": "dark",
            }
            assert response.cookies["sid"]["httponly"]
            assert str(response.url) == f"{peer.url}/there"
            (first,) = response.history
            assert (first.status, str(first.url)) == (302, f"{peer.url}/here")


@pytest.mark.parametrize("status", [404, 503])
async def test_cli_15_raise_for_status(talk, status):
    refused = b"HTTP/1.1 %d Not Today\r\nX-Why: a\r\nContent-Length: 4\r\n\r\nbody" % status
    async with talk(refused, refused, refused) as (peer, session):

        async def inside():
            async with session.get("/x") as response:
                response.raise_for_status()

        async def outside():
            (await session.get("/x")).raise_for_status()

        for ask in (inside, outside):
            with pytest.raises(aiolos_client.ClientError) as caught:
                await ask()
            error = caught.value
            assert isinstance(error, aiolos_client.ClientResponseError)
            assert (error.status, error.message) == (status, "Not Today")
            assert error.headers["X-Why"] == "a"
            assert error.request_info.method == "GET"
            assert str(error) == f"{status}, message='Not Today', url='{peer.url}/x'"
        # Within the block the body may still be asked what is wrong.
        async with session.get("/x") as response:
            with pytest.raises(aiolos_client.ClientResponseError):
                response.raise_for_status()
            assert await response.text() == "body"
        async with session.get("/x") as response:
            response.raise_for_status()


async def test_a_body_that_ends_with_the_connection(talk):
    async with talk(b"HTTP/1.1 200 OK\r\n\r\nabc", close=True) as (_, session):
        async with session.get("/") as response:
            assert await response.read() == b"abc"


async def test_cli_30_a_body_is_read_in_pieces(talk):
    async with talk(answer(b"x" * 300_000), answer(b"y" * 10)) as (_, session):
        async with session.get("/") as response:
            sizes = [len(piece) async for piece in response.content.iter_chunked(70_000)]
            assert sum(sizes) == 300_000
            assert max(sizes) <= 70_000
        async with session.get("/") as response:
            assert [piece async for piece in response.content] == [b"y" * 10]


@pytest.mark.parametrize("way", ["iter_chunked", "iter_any", "readany", "iter_chunks"])
async def test_cli_30_a_large_body_comes_in_bounded_pieces(talk, way):
    size = 30 * 1024 * 1024
    most = 0

    async def serve(reader, writer):
        nonlocal most
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 65_536):
            writer.write(bytes(65_536))
            await writer.drain()

    async with talk(serve) as (_, session), session.get("/") as response:
        content = response.content
        received = 0

        def take(piece):
            nonlocal received, most
            received += len(piece)
            most = max(most, len(piece))

        if way == "iter_chunked":
            async for piece in content.iter_chunked(10_000):
                take(piece)
            assert most <= 10_000
        elif way == "iter_any":
            async for piece in content.iter_any():
                take(piece)
        elif way == "iter_chunks":
            async for piece, _ in content.iter_chunks():
                take(piece)
        else:
            while piece := await content.readany():
                take(piece)
    assert received == size
    # The buffer's bound, and what one read of the socket may bring on top.
    assert most <= 1_048_576


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\nno size\r\n",
    ],
)
async def test_a_body_that_breaks_off_is_an_error_and_never_waits(talk, cut):
    async with talk(cut, close=True) as (_, session), session.get("/where") as response:
        with pytest.raises(
            aiolos_client.ClientPayloadError, match="/where is (incomplete|malformed)"
        ):
            await response.read()


async def test_leaving_early_closes_the_connection(talk):
    async with talk(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun") as (peer, session):
        async with session.get("/"):
            pass
        async with session.get("/") as response:
            assert await response.read() == b"ok"
        assert peer.connections == 2


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_a_status_without_a_body_has_none(talk, status):
    async with talk(b"HTTP/1.1 %b\r\nContent-Length: 10\r\n\r\n" % status) as (peer, session):
        async with session.get("/") as response:
            assert await response.read() == b""
        async with session.get("/"):
            pass
        assert peer.connections == 1


async def test_an_answer_to_head_has_no_body(talk):
    async with talk(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n") as (peer, session):
        async with session.head("/") as response:
            assert await response.read() == b""
            assert response.content_length == 10
        async with session.get("/"):
            pass
        assert peer.connections == 1


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_no_body_is_not_decoded_either(talk, method, status):
    head = b"HTTP/1.1 %d Fine\r\nContent-Encoding: gzip\r\n\r\n" % status
    async with talk(head, head) as (peer, session):
        for _ in range(2):
            async with session.request(method, "/") as response:
                assert response.closed
                assert await response.read() == b""
        assert peer.connections == 1


async def test_trailers(talk):
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n"
    )
    async with talk(chunked) as (_, session), session.get("/") as response:
        assert await response.read() == b"hi"
        assert dict(response.trailers) == {"X-Sum": "1"}


@pytest.mark.parametrize("size", [3, 300_000])
async def test_a_body_that_was_not_read_is_gone_with_the_response(talk, size):
    async with talk(answer(b"x" * size)) as (_, session):
        async with session.get("/") as response:
            pass
        with pytest.raises(aiolos_client.ClientConnectionError, match="was released"):
            await response.read()
        with pytest.raises(aiolos_client.ClientConnectionError, match="was released"):
            await response.content.readany()


async def test_a_body_that_was_read_stays(talk):
    async with talk(answer(b"body")) as (_, session):
        async with session.get("/") as response:
            await response.read()
        assert await response.text() == "body"


async def test_a_link_without_a_relation_is_found_by_its_target(talk):
    head = b"HTTP/1.1 200 OK\r\nLink: <c>; title=t, </d?a=b>\r\nContent-Length: 0\r\n\r\n"
    async with talk(head) as (peer, session):
        async with session.get("/a/b") as response:
            assert list(response.links) == ["c", "/d?a=b"]
            assert str(response.links["c"]["url"]) == f"{peer.url}/a/c"
            assert response.links["c"]["title"] == "t"


@pytest.mark.parametrize("target", ["http://[bad", "http://a:99999/"])
async def test_a_link_to_no_url_is_left_out(talk, target):
    head = f"HTTP/1.1 200 OK\r\nLink: <{target}>; rel=x, </b>; rel=y\r\nContent-Length: 0\r\n\r\n"
    async with talk(head.encode()) as (_, session):
        async with session.get("/") as response:
            assert list(response.links) == ["y"]
