"""The server's end of an HTTP/2 connection."""

from typing import Final

from ..errors import ProtocolError
from ..limits import Limits
from . import frames, heads
from .connection import FOREVER, Connection
from .errors import ConnectionFailed, ErrorCode, StreamFailed
from .field import Field
from .floods import EMPTY_FRAMES, RESETS
from .scheduler import parse_priority
from .settings import UNLIMITED, Setting
from .sink import Sink
from .stage import AT_PREFACE, AT_SETTINGS
from .stream import BODY, DONE, Stream

_LAST_CALL: Final = b"\x00last..\x00"
_ANY: Final = 2**31 - 1


class ServerConnection(Connection):
    """Receives requests; see Connection. `accepts` is the highest stream that it will work on,
    FOREVER while it has not said goodbye.

    `connect_protocol` offers RFC 8441 to the client.
    """

    __slots__ = ("_connect_protocol", "_priorities", "accepts")

    def __init__(self, sink: Sink, limits: Limits, connect_protocol: bool = True) -> None:
        Connection.__init__(self, sink, limits, limits.connection_window)
        self._stage = AT_PREFACE
        self._connect_protocol = connect_protocol
        # Priorities of streams that are yet to be opened (RFC 9218 7.1).
        self._priorities: dict[int, tuple[int, bool]] = {}
        self.accepts = FOREVER
        settings = {
            int(Setting.MAX_CONCURRENT_STREAMS): min(limits.streams, UNLIMITED),
            int(Setting.NO_RFC7540_PRIORITIES): 1,
        }
        if connect_protocol:
            settings[int(Setting.ENABLE_CONNECT_PROTOCOL)] = 1
        self._begin(settings)

    def _preface(self, data: bytes) -> int:
        preface = frames.PREFACE
        if not data.startswith(preface):
            if preface.startswith(data):
                return 0
            raise ConnectionFailed("no HTTP/2 client preface (RFC 9113 3.4)")
        self._stage = AT_SETTINGS
        return len(preface)

    def _is_idle(self, number: int) -> bool:
        return number > self.last or number & 1 == 0

    def _head(
        self, number: int, fields: "list[Field] | ProtocolError", size: int, end: bool
    ) -> None:
        if number & 1 == 0:
            raise ConnectionFailed(f"a client opens stream {number}, even (RFC 9113 5.1.1)")
        if number <= self.last:
            if self._unknown(number):
                raise ConnectionFailed(
                    f"HEADERS on stream {number}, closed (RFC 9113 5.1, 5.1.1)",
                    ErrorCode.STREAM_CLOSED,
                )
            return
        self.last = number
        if number > self.accepts:
            # RFC 9113 6.8: the client knows that it was not worked on.
            self._floods.spend(EMPTY_FRAMES, self.now, 1.0, "requests behind GOAWAY")
            self._ignore(number, self._stream_window())
            return
        if len(self.streams) >= self._limits.streams:
            self._floods.spend(RESETS, self.now)
            self._out.reply(frames.rst_stream(number, ErrorCode.REFUSED_STREAM))
            self._ignore(number, self._stream_window())
            return
        self._burst -= 1
        self._open(number, fields, size, end)

    def _open(
        self, number: int, fields: "list[Field] | ProtocolError", size: int, end: bool
    ) -> None:
        stream = Stream(number, self.remote.initial_window_size)
        stream.receiving = DONE if end else BODY
        refusal: ProtocolError
        if isinstance(fields, ProtocolError):
            refusal = fields
        else:
            try:
                head = heads.read_request(
                    fields, size, end, self._connect_protocol, stream, self._limits
                )
            except StreamFailed:
                raise
            except ProtocolError as error:
                refusal = error
            else:
                self._accept(stream)
                self._sink.head_received(stream, head)
                return
        self._accept(stream)
        self._sink.head_refused(stream, refusal)

    def _accept(self, stream: Stream) -> None:
        stream.held = True
        self.streams[stream.id] = stream
        if self._priorities:
            # RFC 9218 7: PRIORITY_UPDATE outranks the field.
            priority = self._priorities.pop(stream.id, None)
            if priority is not None:
                stream.urgency, stream.incremental = priority

    def _priority_update(self, number: int, payload: bytes) -> None:
        if number == 0 or number & 1 == 0:
            raise ConnectionFailed(f"PRIORITY_UPDATE for stream {number} (RFC 9218 7.1)")
        stream = self.streams.get(number)
        if stream is not None:
            urgency, incremental = parse_priority(payload)
            self._out.prioritize(stream, urgency, incremental)
        elif number > self.last:
            self._priorities[number] = parse_priority(payload)
            if len(self._priorities) > self._limits.streams:
                # As many as may be opened; what came first was for streams that never were.
                del self._priorities[next(iter(self._priorities))]

    # Ends.

    def _is_answered(self, stream: Stream) -> bool:
        # The head must have left: a peer that does not wait for it, or does not read, is rapid.
        return 0 <= stream.batch < self._out.batch

    def shut_down(self) -> None:
        """Take no new streams, after a round trip in which some may still come (RFC 9113 6.8)."""
        if self.accepts == FOREVER and not self.is_closed():
            self.accepts = _ANY
            self._out.push(frames.goaway(_ANY, ErrorCode.NO_ERROR))
            self._out.push(frames.ping(_LAST_CALL))

    def _ponged(self, payload: bytes) -> None:
        if payload == _LAST_CALL:
            self.refuse_more()
        else:
            Connection._ponged(self, payload)

    def refuse_more(self) -> None:
        """Take no new streams from now on."""
        if self.accepts >= _ANY and not self.is_closed():
            self.accepts = self.last
            self._out.push(frames.goaway(self.last, ErrorCode.NO_ERROR))

    def _last(self) -> int:
        return min(self.last, self.accepts)

    def is_refusing(self) -> bool:
        """True once it is settled which stream is the last one."""
        return self.accepts < _ANY
