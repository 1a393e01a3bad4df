"""Another implementation's HTTP/2 at the other end of a transport in memory."""

from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
from aiolos_protocol.testkit import MemoryTransport

HEAD = [(":scheme", "https"), (":authority", "a.example"), (":path", "/")]


class Peer:
    """A peer of the h2 library, of either role, and what it has seen."""

    def __init__(self, transport: MemoryTransport, client_side: bool) -> None:
        config = h2.config.H2Configuration(client_side=client_side, header_encoding="utf-8")
        self.conn = h2.connection.H2Connection(config)
        self.conn.initiate_connection()
        self.transport = transport
        self.acknowledges = True
        self.heads: dict[int, dict[str, str]] = {}
        self.informed: list[tuple[int, str]] = []
        self.bodies: dict[int, bytes] = {}
        self.trailers: dict[int, dict[str, str]] = {}
        self.ended: list[int] = []
        self.resets: dict[int, int] = {}
        self.goaways: list[tuple[int, int]] = []
        self.pings = 0

    def talk(self) -> "Peer":
        """Take what the link has sent, and let it have what is to be said."""
        while True:
            sent = self.transport.take()
            for event in self.conn.receive_data(sent):
                self._note(event)
            data = self.conn.data_to_send()
            if data:
                self.transport.receive(data)
            if not data and not sent:
                return self

    def _note(self, event: Any) -> None:
        if isinstance(event, h2.events.RequestReceived | h2.events.ResponseReceived):
            self.heads[event.stream_id] = dict(event.headers)
        elif isinstance(event, h2.events.InformationalResponseReceived):
            self.informed.append((event.stream_id, dict(event.headers)[":status"]))
        elif isinstance(event, h2.events.DataReceived):
            self.bodies[event.stream_id] = self.bodies.get(event.stream_id, b"") + event.data
            if self.acknowledges:
                self.conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            self.trailers[event.stream_id] = dict(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            self.ended.append(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self.resets[event.stream_id] = int(event.error_code)
        elif isinstance(event, h2.events.PingReceived):
            self.pings += 1
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaways.append((event.last_stream_id, int(event.error_code)))

    def ask(self, stream: int, method: str = "GET", end: bool = True, **fields: str) -> None:
        """Queue a request's head."""
        more = [(name.replace("_", "-"), value) for name, value in fields.items()]
        self.conn.send_headers(stream, [(":method", method), *HEAD, *more], end_stream=end)

    def answer(self, stream: int, status: int = 200, end: bool = True, **fields: str) -> None:
        """Queue a response's head."""
        more = [(name.replace("_", "-"), value) for name, value in fields.items()]
        self.conn.send_headers(stream, [(":status", str(status)), *more], end_stream=end)


@pytest.fixture
def make_peer() -> type[Peer]:
    return Peer
