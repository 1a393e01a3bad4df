"""Request bodies on their way: pieces, files, codings, counting, permission."""

import asyncio
import gzip
import io
import re
import zlib

import aiolos_client
import pytest
from aiolos_client import UploadTracker
from aiolos_protocol.forms import FormData
from aiolos_protocol.payload import BytesPayload, get_payload

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


async def pieces(*parts):
    for part in parts:
        yield part


def split(request):
    head, _, body = request.partition(b"\r\n\r\n")
    return head.decode(), body


def unchunked(body):
    return b"".join(re.findall(rb"(?s)[0-9a-f]+\r\n(.*?)\r\n", body))


async def test_cli_31_from_an_async_generator(talk):
    async with talk() as (peer, session):
        async with session.post("/", data=pieces(b"one", b"two")) as response:
            assert await response.text() == "ok"
    head, body = split(peer.requests[0])
    assert "Transfer-Encoding: chunked" in head
    assert "Content-Length" not in head
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


async def test_cli_31_of_known_length(talk):
    async with talk() as (peer, session):
        async with session.post(
            "/", data=pieces(b"one", b"two"), headers={"Content-Length": "6"}
        ) as response:
            assert await response.text() == "ok"
    head, body = split(peer.requests[0])
    assert "Content-Length: 6" in head
    assert "Transfer-Encoding" not in head
    assert body == b"onetwo"


@pytest.mark.parametrize("data", [b"x" * 9_000_000, "x" * 9_000_000, {"f": b"x" * 9_000_000}])
async def test_a_tracker_is_told_of_a_large_body_as_it_goes(peer, data):
    go_on = asyncio.Event()

    async def slow(reader, writer):
        await go_on.wait()
        await reader.readexactly(9_000_000)
        writer.write(OK)
        await writer.drain()

    async with peer(slow) as server, aiolos_client.ClientSession() as session:
        server.bodies = False
        tracker = UploadTracker()
        asked = asyncio.ensure_future(session.post(server.url, data=data, upload_tracker=tracker))
        while not server.requests:
            await asyncio.sleep(0)
        # What the system takes is on its way; the rest is not.
        assert 65_536 <= tracker.bytes_written < 9_000_000
        go_on.set()
        async with await asked:
            await tracker.upload_complete
        assert tracker.bytes_written >= 9_000_000


@pytest.mark.parametrize("length", ["5", "7"])
async def test_a_body_that_is_not_as_long_as_was_said(talk, length):
    async with talk() as (peer, session):
        options = {"data": pieces(b"one", b"two"), "headers": {"Content-Length": length}}
        if length == "5":
            async with session.post("/", **options):
                pass
            assert split(peer.requests[0])[1] == b"onetw"
        else:
            with pytest.raises(ValueError, match="1 bytes before Content-Length"):
                await session.post("/", **options)


async def test_cli_31_from_an_open_file(talk, tmp_path):
    path = tmp_path / "data.json"
    path.write_bytes(b"[1]" * 100_000)
    async with talk() as (peer, session):
        with path.open("rb") as file:
            async with session.post("/", data=file) as response:
                assert await response.text() == "ok"
    head, body = split(peer.requests[0])
    assert "Content-Length: 300000" in head
    assert "Content-Type: application/json" in head
    assert "Content-Disposition" not in head
    assert body == path.read_bytes()


async def test_a_payload_made_by_hand_keeps_its_disposition(talk):
    payload = get_payload(b"x")
    payload.set_content_disposition("attachment", filename="a.txt")
    async with talk() as (peer, session):
        async with session.post("/", data=payload) as response:
            assert await response.text() == "ok"
    head, _ = split(peer.requests[0])
    assert 'Content-Disposition: attachment; filename="a.txt"' in head


async def test_cli_10_forms_and_files(talk, tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("content")
    async with talk(OK, OK) as (peer, session):
        async with session.post("/", data={"username": "u", "password": "p q"}):
            pass
        async with session.post("/", data={"file": path.open("rb"), "name": "n"}):
            pass
    head, body = split(peer.requests[0])
    assert "Content-Type: application/x-www-form-urlencoded" in head
    assert body == b"username=u&password=p+q"
    head, body = split(peer.requests[1])
    assert "Content-Type: multipart/form-data; boundary=" in head
    assert b'name="file"; filename="file.txt"' in body
    assert b"\r\n\r\ncontent\r\n" in body


async def test_a_form_of_ones_own(talk):
    form = FormData()
    form.add_field("a", "1")
    form.add_field("f", io.BytesIO(b"bytes"), filename="f.bin")
    async with talk() as (peer, session):
        async with session.post("/", data=form):
            pass
    assert b'filename="f.bin"' in peer.requests[0]


async def test_cli_11_a_content_type_of_ones_own(talk):
    async with talk(OK, OK, OK, OK) as (peer, session):
        async with session.post("/data", data="raw string", content_type="text/plain"):
            pass
        async with session.post("/", data="x", content_type="text/html; charset=latin-1"):
            pass
        async with session.post("/", data=b"x", content_type="image/png"):
            pass
        async with session.post("/", json=1, content_type="application/problem+json"):
            pass
        with pytest.raises(ValueError, match="content_type or the header Content-Type, not both"):
            await session.post("/", data="x", content_type="a/b", headers={"content-type": "a/b"})
    types = [re.search("Content-Type: (.*)", split(each)[0])[1].strip() for each in peer.requests]
    assert types == [
        "text/plain; charset=utf-8",
        "text/html; charset=latin-1",
        "image/png",
        "application/problem+json",
    ]


@pytest.mark.parametrize(
    ("compress", "coding", "undo"),
    [(True, "deflate", zlib.decompress), ("gzip", "gzip", gzip.decompress)],
)
async def test_bodies_are_compressed(talk, compress, coding, undo):
    async with talk(OK, OK) as (peer, session):
        for data in (b"body" * 1000, pieces(b"body" * 500, b"body" * 500)):
            async with session.post("/", data=data, compress=compress) as response:
                assert await response.text() == "ok"
    for request in peer.requests:
        head, body = split(request)
        assert f"Content-Encoding: {coding}" in head
        assert "Transfer-Encoding: chunked" in head
        assert undo(unchunked(body)) == b"body" * 1000


async def test_what_cannot_be_compressed_says_so(talk):
    async with talk() as (_, session):
        with pytest.raises(ValueError, match="compress is True or one of gzip"):
            await session.post("/", data=b"x", compress="lzw")
        with pytest.raises(ValueError, match="Content-Encoding of your own"):
            await session.post("/", data=b"x", compress=True, headers={"Content-Encoding": "br"})


async def test_chunked_on_demand(talk):
    async with talk() as (peer, session):
        async with session.post("/", data=b"body", chunked=True):
            pass
    assert split(peer.requests[0])[1] == b"4\r\nbody\r\n0\r\n\r\n"


@pytest.mark.parametrize("fields", [{"Transfer-Encoding": "gzip"}, {"Content-Length": "5"}])
async def test_framing_that_contradicts_the_body(talk, fields):
    async with talk() as (peer, session):
        with pytest.raises(ValueError, match=next(iter(fields))):
            await session.post("/", data=b"body", headers=fields)
        assert peer.requests == []


async def test_a_payload_of_ones_own_writes_and_closes_itself(talk):
    told = []

    class Own(BytesPayload):
        async def close(self):
            told.append("closed")
            await super().close()

    async with talk() as (peer, session):
        async with session.post("/", data=Own(b"body")) as response:
            assert response.status == 200
    assert told == ["closed"]
    assert peer.requests[0].endswith(b"body")


class TestTracker:
    async def test_it_counts(self, talk):
        tracker = UploadTracker()
        async with talk() as (_, session):
            async with session.post("/", data=pieces(b"one", b"two"), upload_tracker=tracker):
                await tracker.upload_complete
        assert (tracker.bytes_written, tracker.attempts) == (6, 1)

    async def test_it_counts_what_is_not_compressed_yet(self, talk):
        tracker = UploadTracker()
        async with talk() as (peer, session):
            options = {"compress": True, "upload_tracker": tracker}
            async with session.post("/", data=b"x" * 8192, **options):
                await tracker.upload_complete
        assert tracker.bytes_written == 8192
        assert len(unchunked(split(peer.requests[0])[1])) < 100

    async def test_attempts(self, talk):
        tracker = UploadTracker()
        to = b"HTTP/1.1 307 There\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
        async with talk(to, OK) as (_, session):
            async with session.post("/a", data=b"body", upload_tracker=tracker):
                await tracker.upload_complete
        assert (tracker.bytes_written, tracker.attempts) == (4, 2)

    async def test_it_is_for_one_request(self, talk):
        tracker = UploadTracker()
        async with talk(OK, OK) as (_, session):
            async with session.post("/", data=b"1", upload_tracker=tracker):
                pass
            with pytest.raises(RuntimeError, match="one request"):
                await session.post("/", data=b"1", upload_tracker=tracker)

    async def test_a_redirection_that_drops_the_body_is_an_attempt(self, talk):
        tracker = UploadTracker()
        to = b"HTTP/1.1 303 There\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
        async with talk(to, OK) as (_, session):
            async with session.post("/a", data=b"body", upload_tracker=tracker):
                await tracker.upload_complete
        assert (tracker.bytes_written, tracker.attempts) == (0, 2)

    async def test_a_connection_that_cannot_be_made(self, unused_port):
        tracker = UploadTracker()
        async with aiolos_client.ClientSession() as session:
            with pytest.raises(aiolos_client.ClientConnectorError):
                await session.post(f"http://127.0.0.1:{unused_port}/", upload_tracker=tracker)
        assert tracker.attempts == 1
        assert isinstance(tracker.upload_complete.exception(), aiolos_client.UploadAbortedError)

    async def test_what_cannot_be_asked(self, talk):
        for options in ({"json": 1, "data": b"1"}, {"json": object()}, {"ssl": object()}):
            tracker = UploadTracker()
            async with talk() as (_, session):
                with pytest.raises((TypeError, ValueError)):
                    await session.post("/", upload_tracker=tracker, **options)
            assert tracker.attempts == 0
            with pytest.raises(aiolos_client.UploadAbortedError):
                await tracker.upload_complete

    async def test_an_answer_of_a_middlewares_own(self, talk):
        async with talk(OK) as (_, session):
            async with session.get("/") as kept:
                await kept.read()

                async def answering(request, handler):
                    return kept

                tracker = UploadTracker()
                options = {"middlewares": [answering], "upload_tracker": tracker}
                assert await session.post("/", data=b"x", **options) is kept
        with pytest.raises(aiolos_client.UploadAbortedError, match="without being sent"):
            await tracker.upload_complete

    async def test_a_body_that_breaks_off(self, talk):
        async def broken():
            yield b"one"
            raise ZeroDivisionError

        tracker = UploadTracker()
        async with talk() as (_, session):
            with pytest.raises(ZeroDivisionError):
                await session.post("/", data=broken(), upload_tracker=tracker)
            with pytest.raises(aiolos_client.UploadAbortedError, match="ZeroDivision") as caught:
                await tracker.upload_complete
            assert isinstance(caught.value, aiolos_client.ClientConnectionError)


class TestPermission:
    @pytest.fixture
    def asking(self, peer):
        """A server that answers as `answer(reader, writer)` does, asked for its permission."""

        async def asking(answer):
            async with peer(answer) as server:
                server.bodies = False
                async with aiolos_client.ClientSession(server.url) as session:
                    async with session.post("/", data=b"body", expect100=True) as response:
                        assert b"Expect: 100-continue\r\n" in server.requests[0]
                        return response.status

        return asking

    async def test_the_body_waits_for_it(self, asking):
        async def answer(reader, writer):
            await asyncio.sleep(0)
            writer.write(CONTINUE)
            assert await reader.readexactly(4) == b"body"
            writer.write(OK)

        assert await asking(answer) == 200

    async def test_a_server_that_does_not_want_it_is_not_sent_it(self, asking):
        async def answer(reader, writer):
            writer.write(b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")
            assert await reader.read() == b""

        assert await asking(answer) == 417

    async def test_a_server_that_says_nothing_is_sent_it_in_the_end(self, asking, wind):
        async def answer(reader, writer):
            wind(1)
            assert await reader.readexactly(4) == b"body"
            writer.write(OK)

        assert await asking(answer) == 200


async def test_an_answer_before_the_bodys_end_is_the_answer(peer):
    gate = asyncio.Event()

    async def endless():
        yield b"x"
        await gate.wait()

    no = b"HTTP/1.1 413 Too large\r\nContent-Length: 0\r\n\r\n"
    async with peer(no) as server, aiolos_client.ClientSession(server.url) as session:
        server.bodies = False
        async with session.post("/", data=endless()) as response:
            assert response.status == 413
        async with session.get("/") as response:
            assert await response.text() == "ok"
        assert server.connections == 2


async def test_closing_the_session_ends_uploads(peer):
    ended = []

    async def endless():
        try:
            yield b"x"
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(True)

    async with peer(b"") as server:
        server.bodies = False
        session = aiolos_client.ClientSession(server.url)
        asked = asyncio.ensure_future(session.post("/", data=endless()))
        while not server.requests:
            await asyncio.sleep(0)
        await session.close()
        with pytest.raises((asyncio.CancelledError, aiolos_client.ClientError)):
            await asked
    assert ended == [True]


async def test_informational_heads_are_told(talk):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: <a>; rel=preload\r\n\r\n"
    told = []
    async with talk(hints + OK) as (_, session):
        async with session.get("/", on_informational=told.append) as response:
            assert response.status == 200
    assert [(head.status, head.headers["Link"]) for head in told] == [(103, "<a>; rel=preload")]


async def test_what_a_callback_raises_reaches_who_asked(talk):
    def fail(head):
        raise ZeroDivisionError

    async def never(head):
        raise AssertionError

    async with talk(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK) as (_, session):
        with pytest.raises(ZeroDivisionError):
            await session.get("/", on_informational=fail)
        with pytest.raises(TypeError, match="on_informational takes a plain function"):
            await session.get("/", on_informational=never)
