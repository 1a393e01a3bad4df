"""Connections of either role under test, and frames to feed them with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiolos_protocol.errors import ProtocolError
from aiolos_protocol.http2 import frames
from aiolos_protocol.http2.client import ClientConnection
from aiolos_protocol.http2.errors import Http2Error
from aiolos_protocol.http2.hpack import encode_field
from aiolos_protocol.http2.server import ServerConnection
from aiolos_protocol.limits import Limits

REQUEST = {":method": "GET", ":scheme": "https", ":authority": "example.com", ":path": "/"}


@dataclass(frozen=True)
class Frame:
    """One frame that was sent."""

    kind: int
    flags: int
    stream: int
    payload: bytes


class Endpoint:
    """A connection with a sink that notes every call in `events`."""

    def __init__(self, role: type, limits: Limits, **options: Any) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.streams: dict[int, Any] = {}
        self.error: ProtocolError | None = None
        self.on_head: Callable[[Any, Any], None] | None = None
        self.consumes = True
        self.conn = role(self, limits, **options)

    # The sink.

    def head_received(self, stream: Any, head: Any) -> None:
        self.streams[stream.id] = stream
        self.events.append(("head", stream.id, head))
        if self.on_head is not None:
            self.on_head(stream, head)

    def informed(self, stream: Any, head: Any) -> None:
        self.events.append(("informed", stream.id, head.status))

    def head_refused(self, stream: Any, error: ProtocolError) -> None:
        self.streams[stream.id] = stream
        self.events.append(("refused", stream.id, error.status_hint))

    def body_received(self, stream: Any, data: bytes) -> None:
        self.events.append(("data", stream.id, data))
        if self.consumes:
            self.conn.consumed(stream, len(data))

    def ended(self, stream: Any, trailers: Any) -> None:
        self.events.append(("ended", stream.id, None if trailers is None else dict(trailers)))

    def reset(self, stream: Any, error: ProtocolError) -> None:
        code = int(error.code) if isinstance(error, Http2Error) else None
        self.events.append(("reset", stream.id, code))

    def emptied(self, stream: Any) -> None:
        self.events.append(("emptied", stream.id))

    def settled(self) -> None:
        self.events.append(("settled",))

    def going_away(self, last: int, code: int, debug: bytes) -> None:
        self.events.append(("going_away", last, code, debug))

    def ponged(self, payload: bytes) -> None:
        self.events.append(("ponged", payload))

    # The test.

    def feed(self, *data: bytes, now: float = 0.0) -> list[tuple[Any, ...]]:
        """Let `data` come in one piece; the events that it made."""
        before = len(self.events)
        more = True
        rest = b"".join(data)
        try:
            while more:
                more = self.conn.receive(rest, now)
                rest = b""
        except ProtocolError as error:
            self.error = error
        return self.events[before:]

    def sent(self, budget: int = 1 << 20) -> list[Frame]:
        """The frames that were sent since the last call."""
        data = b""
        while more := self.conn.data_to_send(budget):
            data += more
        return split(data.removeprefix(frames.PREFACE))


def split(data: bytes) -> list[Frame]:
    """Whole frames."""
    found = []
    while data:
        size = int.from_bytes(data[:3], "big")
        number = int.from_bytes(data[5:9], "big")
        assert len(data) >= 9 + size
        found.append(Frame(data[3], data[4], number, data[9 : 9 + size]))
        data = data[9 + size :]
    return found


class Wire:
    """Bytes that a peer may send."""

    DEFAULT = frames.settings({})

    @staticmethod
    def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
        """Any frame at all."""
        return frames.header(len(payload), kind, flags, stream) + payload

    @staticmethod
    def block(fields: Any) -> bytes:
        """A header block; names and values are not checked."""
        pairs = fields.items() if isinstance(fields, dict) else fields
        return b"".join(encode_field(_bytes(name), _bytes(value)) for name, value in pairs)

    def request(self, stream: int = 1, end: bool = True, **changes: str | None) -> bytes:
        """HEADERS of a request; `changes` by name, ":" written "p_", None leaves out."""
        fields = dict(REQUEST)
        for key, value in changes.items():
            name = key.replace("p_", ":", 1) if key.startswith("p_") else key.replace("_", "-")
            fields.pop(name, None)
            if value is not None:
                fields[name] = value
        ordered = sorted(fields.items(), key=lambda pair: not pair[0].startswith(":"))
        return self.head(stream, ordered, end)

    def head(self, stream: int, fields: Any, end: bool = False) -> bytes:
        """HEADERS of any fields."""
        return frames.head_frames(stream, self.block(fields), end, 16_384)

    def data(self, stream: int, data: bytes = b"", end: bool = False) -> bytes:
        """DATA"""
        return self.frame(frames.DATA, frames.END_STREAM if end else 0, stream, data)


def _bytes(text: Any) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode("utf-8", "surrogateescape")


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def make_server() -> Callable[..., Endpoint]:
    """A server that has had the preface and SETTINGS, and has sent its own."""

    def make(started: bool = True, **limits: Any) -> Endpoint:
        options = {key: limits.pop(key) for key in ("connect_protocol",) if key in limits}
        server = Endpoint(ServerConnection, Limits(**limits), **options)
        if started:
            server.feed(frames.PREFACE, Wire.DEFAULT, frames.SETTINGS_ACK)
            server.sent()
            server.events.clear()
        return server

    return make


@pytest.fixture
def server(make_server: Callable[..., Endpoint]) -> Endpoint:
    return make_server()


@pytest.fixture
def make_client() -> Callable[..., Endpoint]:
    """A client that has had the server's SETTINGS, and has sent its own."""

    def make(declared: dict[int, int] | None = None, **limits: Any) -> Endpoint:
        client = Endpoint(ClientConnection, Limits(**limits))
        client.feed(frames.settings(declared or {}), frames.SETTINGS_ACK)
        client.sent()
        client.events.clear()
        return client

    return make


@pytest.fixture
def client(make_client: Callable[..., Endpoint]) -> Endpoint:
    return make_client()
