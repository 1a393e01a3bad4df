"""Requests over HTTP/2, to a server that is scripted frame by frame (RFC 9113)."""

import asyncio
import gc

import pytest
from aiolos_client import (
    ClientConnectionError,
    ClientPayloadError,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    HttpVersion10,
    ServerDisconnectedError,
    TCPConnector,
    UnixConnector,
)
from aiolos_protocol.http2 import frames
from aiolos_protocol.http2.hpack import encode_field
from aiolos_protocol.testkit import ScriptedPeer

OK = b"\x88"
REFUSED_STREAM = 7
MOST_STREAMS = 3


class Server:
    """Answers each request as `answer(server, stream)` does, by default with 200 and "ok".

    Frames other than those of requests are acknowledged where they must be. `streams` are the
    requests' numbers per connection, `resets` those that were reset, `data` what came of each body.
    """

    def __init__(self, *answers, settings=None):
        self._answers = list(answers)
        self._settings = settings or {}
        self._peer = ScriptedPeer(self._serve)
        self.streams = []
        self.resets = []
        self.data = {}
        self.blocks = {}
        self.writer = None

    @property
    def connections(self):
        return len(self.streams)

    @property
    def url(self):
        return f"http://127.0.0.1:{self._peer.port}"

    async def __aenter__(self):
        await self._peer.__aenter__()
        return self

    async def __aexit__(self, *exc):
        await self._peer.__aexit__(*exc)

    def send(self, *parts):
        for part in parts:
            self.writer.write(part)

    def ok(self, stream, body=b"ok"):
        self.send(
            frames.head_frames(stream, OK, False, 16384),
            frames.header(len(body), frames.DATA, frames.END_STREAM, stream) + body,
        )

    def begins(self, stream):
        """A request has come."""

    async def _serve(self, reader, writer):
        streams = []
        assert await reader.readexactly(24) == frames.PREFACE
        self.streams.append(streams)
        writer.write(frames.settings(self._settings))
        while True:
            head = await reader.readexactly(9)
            size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            stream = int.from_bytes(head[5:], "big")
            payload = await reader.readexactly(size)
            self.writer = writer
            if kind == frames.SETTINGS and not flags:
                writer.write(frames.SETTINGS_ACK)
            elif kind == frames.PING and not flags:
                writer.write(frames.ping(payload, ack=True))
            elif kind == frames.HEADERS:
                streams.append(stream)
                self.blocks[stream] = payload
                self.begins(stream)
            elif kind == frames.RST_STREAM:
                self.resets.append(stream)
            elif kind == frames.DATA:
                self.data[stream] = self.data.get(stream, b"") + payload
            if kind in (frames.HEADERS, frames.DATA) and flags & frames.END_STREAM:
                answer = self._answers.pop(0) if self._answers else type(self).ok
                answer(self, stream)


class OneAtATime(Server):
    """Tells its settings only when it has been asked, and refuses what is too much then."""

    def __init__(self, **options):
        super().__init__(**options)
        self.refused = []
        self._open = set()

    async def _serve(self, reader, writer):
        await asyncio.sleep(0.02)
        await super()._serve(reader, writer)

    def ok(self, stream, body=b"ok"):
        self._open.discard((self.writer, stream))
        super().ok(stream, body)

    def begins(self, stream):
        if any(writer is self.writer for writer, _ in self._open):
            self.refused.append(stream)
            refuse(self, stream)
        else:
            self._open.add((self.writer, stream))


@pytest.fixture
async def session():
    async with ClientSession(http2="prior-knowledge") as session:
        yield session


@pytest.mark.parametrize("most", [6, 5])
async def test_how_much_is_read_at_once_is_bounded(session, most):
    async with Server(lambda server, stream: server.ok(stream, b"abcdef")) as server:
        async with session.get(server.url, max_body_size=most) as response:
            if most == 6:
                assert await response.read() == b"abcdef"
            else:
                with pytest.raises(ClientPayloadError, match="max_body_size=5 was exceeded"):
                    await response.read()
        assert await get(session, server.url) == "ok"
        assert server.connections == 1


async def test_the_bounds_of_a_session_hold_for_heads():
    def answer(server, stream):
        block = OK + encode_field(b"x", b"y" * 60)
        server.send(frames.head_frames(stream, block, True, 16384))

    async with ClientSession(http2="prior-knowledge", max_field_size=60) as session:
        async with Server(answer) as server:
            with pytest.raises(ClientResponseError, match="max_field_size=60 was exceeded"):
                await session.get(server.url)


async def get(session, url):
    async with session.get(url) as response:
        assert response.version == (2, 0)
        return await response.text()


def refuse(server, stream):
    server.send(frames.rst_stream(stream, REFUSED_STREAM))


def leave(server, stream):
    """The server goes away, and has not worked on the request."""
    server.send(frames.goaway(0, 0))


def nothing(server, stream):
    pass


class TestSharing:
    async def test_h2c_03_many_at_once_share_one_connection(self, session):
        async with Server() as server:
            assert (
                await asyncio.gather(*(get(session, server.url) for _ in range(60))) == ["ok"] * 60
            )
            assert server.connections == 1
            assert session.connector.open_connections == 1

    async def test_the_server_s_limit_opens_another(self, session):
        waiting = []
        async with Server(
            *[lambda server, stream: waiting.append(stream)] * 2, settings={3: 2}
        ) as server:
            first = [asyncio.ensure_future(get(session, server.url)) for _ in range(2)]
            while len(waiting) < 2:
                await asyncio.sleep(0)
            await get(session, server.url)
            assert server.connections == 2
            for each in first:
                each.cancel()

    async def test_or_queues_where_there_may_be_no_other(self):
        streams = []

        def answer_later(server, stream):
            streams.append(stream)
            asyncio.get_running_loop().call_soon(server.ok, stream)

        connector = TCPConnector(http2="prior-knowledge", limit=1)
        async with (
            Server(*[answer_later] * 20, settings={3: 2}) as server,
            ClientSession(connector=connector) as session,
        ):
            # Until its settings are there a server is taken to allow more.
            await get(session, server.url)
            assert (
                await asyncio.gather(*(get(session, server.url) for _ in range(19))) == ["ok"] * 19
            )
            assert server.connections == 1
            assert streams == list(range(1, 41, 2))

    async def test_limit_per_host_counts_requests(self):
        at_once = most = 0

        def answer_later(server, stream):
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            asyncio.get_running_loop().call_later(0.01, done, server, stream)

        def done(server, stream):
            nonlocal at_once
            at_once -= 1
            server.ok(stream)

        connector = TCPConnector(http2="prior-knowledge", limit_per_host=3)
        async with (
            Server(*[answer_later] * 12) as server,
            ClientSession(connector=connector) as session,
        ):
            await asyncio.gather(*(get(session, server.url) for _ in range(12)))
            assert most == 3
            assert server.connections == 1

    async def test_one_that_is_cancelled_leaves_the_others_alone(self, session):
        streams = []
        async with Server(*[lambda server, stream: streams.append(stream)] * 2) as server:
            first = asyncio.ensure_future(get(session, server.url))
            second = asyncio.ensure_future(get(session, server.url))
            while len(streams) < 2:
                await asyncio.sleep(0)
            first.cancel()
            server.ok(streams[1])
            assert await second == "ok"
            assert session.connector.open_connections == 1

    async def test_over_a_unix_socket(self, tmp_path):
        path = str(tmp_path / "socket")
        server = Server()
        connector = UnixConnector(path, http2="prior-knowledge")
        async with (
            await asyncio.start_unix_server(server._serve, path),
            ClientSession(connector=connector) as session,
        ):
            asked = [get(session, "http://localhost/") for _ in range(3)]
            assert await asyncio.gather(*asked) == ["ok"] * 3
            assert server.connections == 1

    async def test_nothing_is_left_to_the_garbage_collector(self, session):
        """Its work would cost more than the requests."""
        async with Server() as server:
            await get(session, server.url)
            gc.collect()
            gc.disable()
            try:
                await asyncio.gather(*(get(session, server.url) for _ in range(10)))
                names = [type(each).__name__ for each in gc.get_objects()]
            finally:
                gc.enable()
            assert names.count("H2ClientExchange") == 0
            assert names.count("Watch") == 0

    async def test_force_close_uses_each_connection_once(self):
        connector = TCPConnector(http2="prior-knowledge", force_close=True)
        async with Server() as server, ClientSession(connector=connector) as session:
            for _ in range(2):
                assert await get(session, server.url) == "ok"
            assert server.connections == 2

    async def test_an_idle_connection_is_closed_in_time(self):
        connector = TCPConnector(http2="prior-knowledge", keepalive_timeout=0)
        async with Server() as server, ClientSession(connector=connector) as session:
            await get(session, server.url)
            while connector.open_connections:
                await asyncio.sleep(0.01)

    async def test_closing_waits_for_all(self, session):
        async with Server(nothing) as server:
            asked = asyncio.ensure_future(get(session, server.url))
            while not server.streams or not server.streams[0]:
                await asyncio.sleep(0)
            await session.connector.close()
            assert session.connector.open_connections == 0
            with pytest.raises(ClientConnectionError, match="closed while GET .* waited"):
                await asked

    async def test_who_asks_for_http_1_0_gets_no_other(self, session, peer):
        async with peer() as server:
            async with session.get(server.url, version=HttpVersion10) as response:
                assert await response.text() == "ok"
            assert b" HTTP/1.0\r\n" in server.requests[0]


class TestAgain:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_what_was_refused_is_sent_again(self, session, method):
        async with (
            Server(refuse, refuse) as server,
            session.request(method, server.url, data=b"body") as response,
        ):
            assert await response.text() == "ok"
            assert server.streams == [[1, 3, 5]]
            assert server.data == {1: b"body", 3: b"body", 5: b"body"}

    async def test_but_not_for_ever(self, session):
        async with Server(*[refuse] * 6) as server:
            with pytest.raises(ServerDisconnectedError):
                await get(session, server.url)
            assert server.streams == [[1, 3, 5, 7, 9, 11]]

    async def test_another_connection_is_taken_to_allow_as_much(self, session):
        """Until it has said so itself; else it would have to refuse."""
        async with Server(Server.ok, *[nothing] * 6, settings={3: 2}) as server:
            await get(session, server.url)
            asked = [asyncio.ensure_future(get(session, server.url)) for _ in range(6)]
            while sum(map(len, server.streams)) < 7:
                await asyncio.sleep(0)
            assert sorted(map(len, server.streams)) == [2, 2, 3]
            for each in asked:
                each.cancel()

    async def test_not_where_the_body_is_gone(self, session):
        async def pieces():
            yield b"once"

        async with Server(refuse) as server:
            with pytest.raises(ServerDisconnectedError):
                async with session.post(server.url, data=pieces()):
                    pass

    async def test_a_body_that_is_not_begun_is_sent_again(self, session):
        """Bodies that can be read once only wait for the server's settings, and the refusals of
        what was too much for them (RFC 9113 5.1.2)."""

        async def pieces(text):
            yield text

        server = OneAtATime(settings={3: 1})
        async with server:

            async def post(text):
                async with session.post(server.url, data=pieces(text)) as response:
                    return await response.text()

            texts = [b"one", b"two", b"three"]
            assert await asyncio.gather(*map(post, texts)) == ["ok"] * 3
            assert sorted(b"".join(server.data.values())) == sorted(b"".join(texts))
            assert len(server.refused) == 2

    async def test_a_server_that_goes_away_is_asked_anew(self, session):
        async with Server(leave) as server:
            assert await get(session, server.url) == "ok"
            assert server.streams == [[1], [1]]

    async def test_what_a_server_that_goes_away_works_on_is_completed(self, session):
        def last(server, stream):
            server.send(frames.goaway(stream, 0))
            asyncio.get_running_loop().call_soon(server.ok, stream)

        async with Server(last) as server:
            assert await get(session, server.url) == "ok"
            assert await get(session, server.url) == "ok"
            assert server.connections == 2

    async def test_an_idle_connection_that_is_dead(self, session):
        def cut(server, stream):
            server.writer.transport.abort()

        async with Server(Server.ok, cut) as server:
            assert await get(session, server.url) == "ok"
            assert await get(session, server.url) == "ok"
            assert server.connections == 2


class TestMessages:
    async def test_early_hints_and_trailers(self, session):
        told = []

        def answer(server, stream):
            hints = encode_field(b":status", b"103") + encode_field(b"link", b"</a>; rel=preload")
            trailer = encode_field(b"x-sum", b"7")
            server.send(
                frames.head_frames(stream, hints, False, 16384),
                frames.head_frames(stream, OK, False, 16384),
                frames.header(2, frames.DATA, 0, stream) + b"ok",
                frames.head_frames(stream, trailer, True, 16384),
            )

        async with (
            Server(answer) as server,
            session.get(server.url, on_informational=told.append) as response,
        ):
            assert await response.text() == "ok"
            assert response.trailers["X-Sum"] == "7"
        assert [(head.status, head.headers["Link"]) for head in told] == [
            (103, "</a>; rel=preload")
        ]

    @pytest.mark.parametrize(("status", "reason"), [(b"404", "Not Found"), (b"299", "")])
    async def test_a_status_has_its_standard_reason(self, session, status, reason):
        def answer(server, stream):
            server.send(frames.head_frames(stream, encode_field(b":status", status), True, 16384))

        async with Server(answer) as server, session.get(server.url) as response:
            assert response.reason == reason

    async def test_an_unread_body_resets_its_stream_alone(self, session):
        def begin(server, stream):
            server.send(frames.head_frames(stream, OK, False, 16384))

        async with Server(begin) as server:
            async with session.get(server.url) as response:
                assert response.status == 200
            assert await get(session, server.url) == "ok"
            assert server.streams == [[1, 3]]

    @pytest.mark.parametrize(("left", "resets"), [(65536, 0), (65537, 1)])
    async def test_an_answer_of_which_little_is_left_is_not_reset(self, session, left, resets):
        """The rest is thrown away as it comes; servers count resets."""

        def begin(server, stream):
            length = encode_field(b"content-length", b"%d" % left)
            server.send(frames.head_frames(stream, OK + length, False, 16384))

        async with Server(begin) as server:
            async with session.get(server.url) as response:
                assert response.status == 200
            assert await get(session, server.url) == "ok"
            assert len(server.resets) == resets
            if not resets:
                for at in range(0, left, 16384):
                    end = frames.END_STREAM if at + 16384 >= left else 0
                    server.send(frames.header(16384, frames.DATA, end, 1) + bytes(16384))
            assert await get(session, server.url) == "ok"
            assert server.streams == [[1, 3, 5]]

    async def test_rests_that_do_not_come_are_reset_in_the_end(self, session):
        def begin(server, stream):
            length = encode_field(b"content-length", b"9")
            server.send(frames.head_frames(stream, OK + length, False, 16384))

        async with Server(*[begin] * 10) as server:
            for _ in range(10):
                async with session.get(server.url) as response:
                    assert response.status == 200
            assert await get(session, server.url) == "ok"
            assert server.resets == [17, 19]

    async def test_the_end_of_a_rest_makes_room(self):
        """For who waits: the connection is the only one, and takes one request at once."""

        def begin(server, stream):
            length = encode_field(b"content-length", b"2")
            server.send(frames.head_frames(stream, OK + length, False, 16384))

        connector = TCPConnector(http2="prior-knowledge", limit=1)
        settings = {3: 2}
        async with (
            Server(begin, nothing, settings=settings) as server,
            ClientSession(connector=connector) as session,
        ):
            async with session.get(server.url) as response:
                held = asyncio.ensure_future(get(session, server.url))
                while server.streams != [[1, 3]]:
                    await asyncio.sleep(0.001)
                waiting = asyncio.ensure_future(get(session, server.url))
                await asyncio.sleep(0)
                assert response.status == 200
            server.send(frames.header(2, frames.DATA, frames.END_STREAM, 1) + b"ok")
            assert await waiting == "ok"
            server.ok(3)
            assert await held == "ok"
            assert server.connections == 1

    async def test_a_window_held_at_zero(self, session):
        """The request's own time ends that, and resets its stream alone."""
        async with Server(settings={4: 0}) as server:
            await get(session, server.url)
            with pytest.raises(TimeoutError, match=r"total=0\.1 s"):
                await session.post(server.url, data=b"x", timeout=ClientTimeout(total=0.1))
            assert await get(session, server.url) == "ok"
            assert (server.streams, server.data) == ([[1, 3, 5]], {})

    async def test_a_body_that_comes_too_slowly(self, session):
        def begin(server, stream):
            server.send(frames.head_frames(stream, OK, False, 16384))

        async with Server(begin) as server:
            timeout = ClientTimeout(sock_read=0.1)
            async with session.get(server.url, timeout=timeout) as response:
                with pytest.raises(TimeoutError, match=r"sock_read=0\.1 s"):
                    await response.read()
            assert await get(session, server.url) == "ok"
            assert server.streams == [[1, 3]]

    async def test_connection_fields_do_not_go_out(self, session):
        async with Server() as server:
            headers = {"Connection": "close", "Keep-Alive": "5", "TE": "gzip", "X-A": "b"}
            async with session.get(server.url, headers=headers):
                pass
            block = server.blocks[1]
            assert b"keep-alive" not in block
            assert encode_field(b"x-a", b"b") in block

    @pytest.mark.parametrize("value", ["h2", 1, "prior"])
    async def test_what_is_no_setting_is_refused(self, value):
        with pytest.raises(TypeError, match="http2 takes True, False or 'prior-knowledge'"):
            TCPConnector(http2=value)

    async def test_the_connector_decides(self):
        async with TCPConnector() as connector:
            with pytest.raises(ValueError, match="give http2 to it"):
                ClientSession(connector=connector, http2=True)


@pytest.mark.parametrize(
    ("words", "read"), [(b"slow down", "slow down"), (b"a\r\nb", "a\ufffd\ufffdb"), (b"", "")]
)
async def test_what_a_server_says_when_it_goes_away_is_told(session, words, read):
    """Nothing was reset, and the reason is the server's."""

    def calm(server, stream):
        server.send(frames.goaway(stream, 11, words))
        server.writer.close()

    async with Server(Server.ok, calm) as server:
        # Behind it nothing is on its way: what reaches a closed socket is answered by a reset.
        await get(session, server.url)
        with pytest.raises(ServerDisconnectedError) as caught:
            await session.post(server.url, data=b"x")
    peer = server.url.removeprefix("http://")
    assert str(caught.value) == (
        f"{peer} closed the connection of POST {server.url} without an answer: "
        f"the server goes away: ENHANCE_YOUR_CALM {read}".rstrip()
    )


async def test_a_server_that_says_nothing_when_it_goes_away(session):
    async with Server(Server.ok, lambda server, stream: server.writer.close()) as server:
        await get(session, server.url)
        with pytest.raises(ServerDisconnectedError, match="closed the connection of .*answer$"):
            await session.post(server.url, data=b"x")


class TestGivenUp:
    async def test_as_many_as_the_server_allows(self, session):
        """Answers that cross our resets end nothing (RFC 9113 5.1)."""
        count = 600
        held = []

        def hold(server, stream):
            held.append(stream)

        async with Server(Server.ok, settings={MOST_STREAMS: 5000}) as server:
            assert await get(session, server.url) == "ok"
            server._answers = [hold] * (count + 1)
            kept, *asked = [
                asyncio.ensure_future(get(session, server.url)) for _ in range(count + 1)
            ]
            while len(held) <= count:
                await asyncio.sleep(0)
            for each in asked:
                each.cancel()
            await asyncio.wait(asked)
            for stream in held[1:]:
                server.ok(stream)
            server.ok(held[0], b"kept")
            assert await kept == "kept"
            assert server.connections == 1

    async def test_what_a_callback_raises_is_its_requests_own(self, session):
        def hint(server, stream):
            hints = encode_field(b":status", b"103")
            server.send(frames.head_frames(stream, hints, False, 16384))
            server.ok(stream)

        def fail(head):
            raise ZeroDivisionError

        gate = []

        def hold(server, stream):
            gate.append(stream)

        async with Server(hold, hint) as server:
            other = asyncio.ensure_future(get(session, server.url))
            while not gate:
                await asyncio.sleep(0)
            with pytest.raises(ZeroDivisionError):
                await session.get(server.url, on_informational=fail)
            server.ok(gate[0], b"other")
            assert await other == "other"
            assert server.connections == 1
