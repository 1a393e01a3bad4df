"""The client's end of an HTTP/2 connection."""

from typing import Any, Final

from ..errors import LimitExceeded, LocalProtocolError, ProtocolError
from ..limits import Limits
from . import frames, heads
from .connection import FOREVER, Connection
from .errors import ConnectionFailed, ErrorCode, StreamReset
from .field import Field
from .settings import Setting
from .sink import Sink
from .stage import OVER
from .stream import BODY, DONE, ROWS, Event, Stream

_MAX_STREAM: Final = 2**31 - 1
# RFC 9113 6.5.2: nobody should allow less.
EXPECTED_STREAMS: Final = 100
# What is asked for and not read is bounded by its own windows, and by how much its user asks for,
# as on connections of HTTP/1.1. The connection's window must never hold up a response: one that
# is not read may be waiting for that very response.
_WINDOW: Final = 2**30
# A server may allow streams without bound; of so many that are given up some 10 MB are kept.
_MOST_GIVEN_UP: Final = 50_000


class ClientConnection(Connection):
    """Opens streams, the next one with the number `next_stream`. They need not be released.

    `expected` is how many the server is taken to allow until it has said so; that bound is a
    guess, and a server that allows less refuses some (RFC 9113 5.1.2).

    The preface is queued when it is made; requests may follow at once (RFC 9113 3.4).
    """

    __slots__ = ("expected", "next_stream")

    def __init__(self, sink: Sink, limits: Limits) -> None:
        Connection.__init__(self, sink, limits, _WINDOW)
        self.next_stream = 1
        self.expected = EXPECTED_STREAMS
        self._out.push(frames.PREFACE)
        self._begin({int(Setting.ENABLE_PUSH): 0})

    # Sending.

    def room(self) -> int:
        """How many more streams may be opened now, 0 or more."""
        if self._stage == OVER or self.goaway != FOREVER or self.next_stream > _MAX_STREAM:
            return 0
        remote = self.remote
        most: int = remote.max_concurrent_streams if remote.received else self.expected
        return max(0, most - len(self.streams))

    def is_exhausted(self) -> bool:
        """Whether the numbers of streams are used up (RFC 9113 5.1.1)."""
        return self.next_stream > _MAX_STREAM

    def request(self, method: str, block: bytes, end: bool, owner: Any) -> Stream:
        """Open a stream with a request's header block; `end`: nothing else is sent.

        Raises LocalProtocolError where there is no room.
        """
        if not self.room():
            raise LocalProtocolError("the connection takes no more streams now; see room()")
        stream = Stream(self.next_stream, self.remote.initial_window_size)
        stream.method = method
        stream.owner = owner
        self.next_stream += 2
        self.streams[stream.id] = stream
        self.send_head(stream, block, end)
        return stream

    # Receiving.

    def _most_ignored(self) -> int:
        # All that the server allows may be given up at once, and answers cross that.
        allowed: int = self.remote.max_concurrent_streams
        return max(4 * self._limits.streams, 2 * min(allowed, _MOST_GIVEN_UP))

    def _cost_of_ignored(self) -> float:
        # It is the client who gives up, and as often as it likes.
        return 0.1

    def _is_idle(self, number: int) -> bool:
        return number >= self.next_stream or number & 1 == 0

    def _head(
        self, number: int, fields: "list[Field] | ProtocolError", size: int, end: bool
    ) -> None:
        stream = self.streams.get(number)
        if stream is None:
            if self._unknown(number):
                raise ConnectionFailed(
                    f"HEADERS on stream {number}, closed (RFC 9113 5.1)", ErrorCode.STREAM_CLOSED
                )
            return
        if isinstance(fields, ProtocolError):
            self._give_up(stream, ErrorCode.ENHANCE_YOUR_CALM, fields)
            return
        try:
            head = heads.read_response(fields, size, end, stream, self._limits)
        except LimitExceeded as error:
            self._give_up(stream, ErrorCode.ENHANCE_YOUR_CALM, error)
            return
        if head.status < 200:
            stream.informed += 1
            if stream.informed > self._limits.informational:
                limit = LimitExceeded("informational", self._limits.informational)
                self._give_up(stream, ErrorCode.ENHANCE_YOUR_CALM, limit)
            else:
                self._sink.informed(stream, head)
            return
        stream.receiving = DONE if end else BODY
        if end:
            self._settle(stream)
        self._sink.head_received(stream, head)

    def _is_answered(self, stream: Stream) -> bool:
        # RFC 9113 8.1: a server may answer before it has had all of a request, and reset the rest.
        return stream.receiving == DONE

    def _priority_update(self, number: int, payload: bytes) -> None:
        raise ConnectionFailed("PRIORITY_UPDATE from a server (RFC 9218 7.1)")

    def _settings(self, flags: int, payload: bytes) -> None:
        Connection._settings(self, flags, payload)
        if self.remote.received and self._pushes(payload):
            raise ConnectionFailed("ENABLE_PUSH from a server is not 0 (RFC 9113 6.5.2)")

    def _pushes(self, payload: bytes) -> bool:
        at = range(0, len(payload), 6)
        return any(payload[i : i + 6] == b"\x00\x02\x00\x00\x00\x01" for i in at)

    def _gone_away(self, last: int) -> None:
        error = StreamReset(
            ErrorCode.REFUSED_STREAM, "the server goes away and has not worked on the request"
        )
        for stream in [stream for stream in self.streams.values() if stream.id > last]:
            stream.receiving = ROWS[stream.receiving][Event.RESET]
            stream.sending = ROWS[stream.sending][Event.REFUSE]
            self._out.drop(stream)
            self.streams.pop(stream.id, None)
            self._sink.reset(stream, error)
