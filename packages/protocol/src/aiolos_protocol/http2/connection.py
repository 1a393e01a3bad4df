"""An HTTP/2 connection, either role: bytes in, calls on a sink out (RFC 9113).

`receive()` takes what has come, calls the sink, and queues what is to be sent; `data_to_send()`
gives it out. `server` and `client` add what is theirs. There is no clock: who calls says how late
it is, and `held_up()` compares one call with the next.
"""

from typing import Final

from ..errors import LimitExceeded, ProtocolError
from ..limits import Limits
from . import frames, heads, hpack
from .errors import ConnectionFailed, ErrorCode, StreamFailed, StreamReset
from .field import Field
from .floods import EMPTY_FRAMES, LATE_FRAMES, PINGS, PRIORITIES, RESETS, SETTINGS, WINDOW_UPDATES
from .frames import ACK
from .settings import UNLIMITED, Setting
from .sink import Sink
from .stream import BODY, DONE, IDLE, IGNORED, ROWS, Event, Stream
from .streams import DEFAULT_WINDOW, STREAM_WINDOW, Streams
from .windows import MAX_WINDOW, PROBE, ReceiveWindow, Tuner

_DEFAULT_TABLE: Final = 4096
# The debug data of a GOAWAY is read by people only (RFC 9113 6.8).
_MAX_DEBUG: Final = 256
# Higher than any stream: nobody has said goodbye yet.
FOREVER: Final = 2**31
# What the reset of a stream that has had its answer counts. Whoever waits for the answer is not
# rapid, and nothing is amiss; still the rest of it was made for nobody.
_LATE: Final = 1 / 16
_RESET: Final = int(Event.RESET)
_REFUSE: Final = int(Event.REFUSE)


class Connection(Streams):
    """What both roles share; a role queues its own settings when it is made.

    `window` is what all streams together may send before any of it is consumed; it is open from
    the start. `goaway` is the highest of our streams that the peer works on, FOREVER while it has
    not said.
    """

    __slots__ = ("_choked", "_decoder", "_tuner", "_window", "goaway")

    def __init__(self, sink: Sink, limits: Limits, window: int) -> None:
        Streams.__init__(self, sink, limits)
        self._decoder = hpack.Decoder()
        stream_window = min(STREAM_WINDOW, limits.stream_window)
        self._tuner = Tuner(stream_window, min(limits.stream_window, MAX_WINDOW))
        self._window = ReceiveWindow(max(DEFAULT_WINDOW, min(window, MAX_WINDOW)))
        # Whether the window was opened again after it had been used up, since held_up() asked.
        self._choked = False
        self.goaway = FOREVER

    def _begin(self, settings: dict[int, int]) -> None:
        """Queue our SETTINGS and open the connection's window, which they do not concern."""
        settings[Setting.INITIAL_WINDOW_SIZE] = self._tuner.size
        settings[Setting.MAX_HEADER_LIST_SIZE] = min(self._limits.head, UNLIMITED)
        self._out.push(frames.settings(settings))
        if self._window.size > DEFAULT_WINDOW:
            self._out.push(frames.window_update(0, self._window.size - DEFAULT_WINDOW))

    # What a role adds.

    def _head(
        self, number: int, fields: "list[Field] | ProtocolError", size: int, end: bool
    ) -> None:
        """A header block for a stream that has none yet, or is not known."""
        raise NotImplementedError

    def _priority_update(self, number: int, payload: bytes) -> None:
        """PRIORITY_UPDATE, its stream 0 (RFC 9218 7.1)."""
        raise NotImplementedError

    # Header blocks.

    def _decode(self, number: int, block: bytes, end: bool) -> None:
        """A complete block, which must be decoded whatever the stream is (RFC 9113 4.3)."""
        fields: list[Field] | ProtocolError
        try:
            fields = self._decoder.decode(block, self._limits.head, self._limits.fields)
        except LimitExceeded as error:
            fields = error
        stream = self.streams.get(number)
        if stream is None or stream.receiving == IDLE:
            self._head(number, fields, len(block), end)
            return
        phase = stream.receiving
        if phase == IGNORED:
            self._floods.spend(EMPTY_FRAMES, self.now, 1.0, LATE_FRAMES)
        elif phase != BODY:
            raise StreamFailed("HEADERS behind END_STREAM (RFC 9113 5.1)", _STREAM_CLOSED)
        elif stream.tunnel:
            raise StreamFailed("HEADERS in a tunnel (RFC 9113 8.5)")
        elif isinstance(fields, ProtocolError):
            self._give_up(stream, ErrorCode.ENHANCE_YOUR_CALM, fields)
        elif not end:
            raise StreamFailed("trailers without END_STREAM (RFC 9113 8.1)")
        elif stream.expected > 0:
            raise StreamFailed("the body is shorter than content-length (RFC 9113 8.1.1)")
        else:
            try:
                trailers = heads.read_trailers(fields, self._limits)
            except LimitExceeded as error:
                self._give_up(stream, ErrorCode.ENHANCE_YOUR_CALM, error)
                return
            stream.receiving = DONE
            # Before the sink is told: it may ask at once whether there is room for another.
            self._settle(stream)
            self._sink.ended(stream, trailers)

    def _unknown(self, number: int) -> bool:
        """A frame for a stream that is not known; False where it is to be ignored."""
        if self._is_idle(number):
            raise ConnectionFailed(f"stream {number} is idle (RFC 9113 5.1)")
        if number in self._ignored:
            self._floods.spend(EMPTY_FRAMES, self.now, self._cost_of_ignored(), LATE_FRAMES)
            return False
        return True

    def _cost_of_ignored(self) -> float:
        """For how many empty frames one counts that comes for a stream which was reset here."""
        return 1.0

    # Data.

    def _data(self, number: int, data: bytes, start: int, stop: int, size: int, end: bool) -> None:
        if not self._window.received(size):
            raise ConnectionFailed(
                "more data than the connection's window (RFC 9113 6.9.1)", _FLOW_CONTROL
            )
        stream = self.streams.get(number)
        if stream is None or stream.receiving != BODY:
            self._misplaced(stream, number, size)
            return
        window = stream.window
        if window is None:
            window = stream.window = ReceiveWindow(self._stream_window())
        length = stop - start
        try:
            self._check_data(stream, window, size, length, end)
        except StreamFailed:
            self._credit(size)
            raise
        stream.moved += length
        if self._tuner.received(size):
            self._out.push(frames.ping(PROBE))
        if end:
            stream.receiving = DONE
        if length:
            self._floods.earn(PINGS, 1.0)
            self._sink.body_received(stream, data[start:stop])
        if size > length:
            # Padding takes room in the windows, and nobody will read it (RFC 9113 6.1).
            self.consumed(stream, size - length)
        if end:
            self._settle(stream)
            self._sink.ended(stream, None)

    def _check_data(
        self, stream: Stream, window: ReceiveWindow, size: int, length: int, end: bool
    ) -> None:
        if not window.received(size):
            raise StreamFailed("more data than the stream's window (RFC 9113 6.9.1)", _FLOW_CONTROL)
        if not length and not end:
            self._floods.spend(EMPTY_FRAMES, self.now, 1.0, "DATA frames without data")
        expected = stream.expected
        if expected >= 0:
            if length > expected or (end and length < expected):
                raise StreamFailed("the body is not as long as content-length (RFC 9113 8.1.1)")
            stream.expected = expected - length

    def _misplaced(self, stream: Stream | None, number: int, size: int) -> None:
        """DATA that belongs to no body."""
        self._credit(size)
        if stream is None:
            if self._unknown(number):
                raise ConnectionFailed(
                    f"DATA on stream {number}, closed (RFC 9113 5.1)", _STREAM_CLOSED
                )
            left = self._ignored[number] - size
            if left < 0:
                raise ConnectionFailed(
                    f"more data on stream {number} than its window (RFC 9113 6.9.1)", _FLOW_CONTROL
                )
            self._ignored[number] = left
        elif stream.receiving == IDLE:
            raise StreamFailed("DATA before a head (RFC 9113 8.1)")
        elif stream.receiving == IGNORED:
            self._floods.spend(EMPTY_FRAMES, self.now, 1.0, LATE_FRAMES)
            window = stream.window
            if window is None:
                window = stream.window = ReceiveWindow(self._stream_window())
            if not window.received(size):
                raise ConnectionFailed(
                    f"more data on stream {number} than its window (RFC 9113 6.9.1)", _FLOW_CONTROL
                )
        else:
            raise StreamFailed("DATA behind END_STREAM (RFC 9113 5.1)", _STREAM_CLOSED)

    def _credit(self, count: int) -> None:
        window = self._window
        increment = window.consumed(count, window.size)
        if increment:
            if window.left <= increment:
                self._choked = True
            self._out.push(frames.window_update(0, increment))

    def _is_choked(self) -> bool:
        choked = self._choked or self._window.left <= 0
        self._choked = False
        return choked

    def consumed(self, stream: Stream, count: int) -> None:
        """`count` bytes of the data received on `stream` take no room any more."""
        self._credit(count)
        window = stream.window
        if window is not None and stream.receiving == BODY:
            increment = window.consumed(count, self._tuner.size)
            if increment:
                self._out.push(frames.window_update(stream.id, increment))

    # The other frames.

    def _other(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if kind == frames.RST_STREAM:
            self._rst_stream(number, payload)
        elif kind == frames.PRIORITY:
            self._floods.spend(PRIORITIES, self.now)
            if number == 0:
                raise ConnectionFailed("PRIORITY on stream 0 (RFC 9113 6.3)")
            if len(payload) != 5:
                raise StreamFailed("PRIORITY is not 5 bytes (RFC 9113 6.3)", _FRAME_SIZE)
        elif kind == frames.PUSH_PROMISE:
            raise ConnectionFailed("PUSH_PROMISE where push is not enabled (RFC 9113 6.6)")
        elif kind in _OF_CONNECTION:
            if number != 0:
                name = frames.FrameType(kind).name
                raise ConnectionFailed(f"{name} on stream {number} (RFC 9113 6, RFC 9218 7.1)")
            if kind == frames.PING:
                self._ping(flags, payload)
            elif kind == frames.SETTINGS:
                self._settings(flags, payload)
            elif kind == frames.GOAWAY:
                self._goaway(payload)
            else:
                self._floods.spend(PRIORITIES, self.now)
                if len(payload) < 4:
                    raise ConnectionFailed(
                        "PRIORITY_UPDATE is too short (RFC 9218 7.1)", _FRAME_SIZE
                    )
                self._priority_update(int.from_bytes(payload[:4], "big") & 0x7FFFFFFF, payload[4:])
        else:
            # RFC 9113 5.5: unknown types are ignored; that does not make them free.
            self._floods.spend(EMPTY_FRAMES, self.now, 1.0, "frames of unknown types")

    def _rst_stream(self, number: int, payload: bytes) -> None:
        if number == 0:
            raise ConnectionFailed("RST_STREAM on stream 0 (RFC 9113 6.4)")
        if len(payload) != 4:
            raise ConnectionFailed("RST_STREAM is not 4 bytes (RFC 9113 6.4)", _FRAME_SIZE)
        code = int.from_bytes(payload, "big")
        stream = self.streams.get(number)
        if stream is None:
            if self._is_idle(number):
                raise ConnectionFailed(f"RST_STREAM on stream {number}, idle (RFC 9113 5.1)")
            self._floods.spend(EMPTY_FRAMES, self.now, 1.0, LATE_FRAMES)
            return
        self._floods.spend(RESETS, self.now, _LATE if self._is_answered(stream) else 1.0)
        over = stream.sending >= DONE and stream.receiving >= DONE
        if stream.receiving != DONE:
            # What was complete stays so: a server may only be tired of the request's body.
            stream.receiving = ROWS[stream.receiving][_RESET]
        stream.sending = ROWS[stream.sending][_REFUSE]
        self._out.drop(stream)
        self._settle(stream)
        if not over:
            self._sink.reset(stream, StreamReset(code))

    def _is_answered(self, stream: Stream) -> bool:
        """Whether what was asked for on `stream` had been answered before a reset that has come."""
        raise NotImplementedError

    def _settings(self, flags: int, payload: bytes) -> None:
        self._floods.spend(SETTINGS, self.now)
        if flags & ACK:
            if payload:
                raise ConnectionFailed(
                    "an acknowledgement with settings (RFC 9113 6.5)", _FRAME_SIZE
                )
            self._acknowledged = True
            return
        if len(payload) % 6:
            raise ConnectionFailed(
                "SETTINGS is not made of 6 bytes each (RFC 9113 6.5)", _FRAME_SIZE
            )
        remote = self.remote
        window = remote.initial_window_size
        table = remote.header_table_size
        remote.apply(payload)
        if remote.header_table_size < min(table, _DEFAULT_TABLE):
            self._out.prefix = hpack.SHRINK
        self._out.limit_frames(remote.max_frame_size)
        change = remote.initial_window_size - window
        if change:
            self._resize(change)
        self._out.reply(frames.SETTINGS_ACK)
        self._sink.settled()

    def _resize(self, change: int) -> None:
        """RFC 9113 6.9.2: the windows of all streams change, and may become negative."""
        for stream in self.streams.values():
            try:
                self._out.widen_stream(stream, change)
            except StreamFailed as error:
                raise ConnectionFailed(error.message, error.code) from None

    def _ping(self, flags: int, payload: bytes) -> None:
        if len(payload) != 8:
            raise ConnectionFailed("PING is not 8 bytes (RFC 9113 6.7)", _FRAME_SIZE)
        self._floods.spend(PINGS, self.now)
        if not flags & ACK:
            self._out.reply(frames.ping(payload, ack=True))
        elif payload == PROBE:
            self._tuner.acknowledged()
        else:
            self._ponged(payload)

    def _ponged(self, payload: bytes) -> None:
        self._sink.ponged(payload)

    def _goaway(self, payload: bytes) -> None:
        if len(payload) < 8:
            raise ConnectionFailed("GOAWAY is too short (RFC 9113 6.8)", _FRAME_SIZE)
        self._floods.spend(SETTINGS, self.now, 1.0, "GOAWAY frames")
        last = int.from_bytes(payload[:4], "big") & 0x7FFFFFFF
        code = int.from_bytes(payload[4:8], "big")
        if last > self.goaway:
            raise ConnectionFailed("GOAWAY names a higher stream than before (RFC 9113 6.8)")
        self.goaway = last
        self._gone_away(last)
        self._sink.going_away(last, code, payload[8 : 8 + _MAX_DEBUG])

    def _gone_away(self, last: int) -> None:
        """Our streams above `last` are lost."""

    def _window_update(self, number: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise ConnectionFailed("WINDOW_UPDATE is not 4 bytes (RFC 9113 6.9)", _FRAME_SIZE)
        self._floods.spend(WINDOW_UPDATES, self.now)
        increment = int.from_bytes(payload, "big") & 0x7FFFFFFF
        if number == 0:
            if not increment:
                raise ConnectionFailed("WINDOW_UPDATE by 0 (RFC 9113 6.9)")
            self._out.widen(increment)
            return
        stream = self.streams.get(number)
        if stream is None:
            if self._is_idle(number):
                raise ConnectionFailed(f"WINDOW_UPDATE on stream {number}, idle (RFC 9113 5.1)")
            if not increment:
                # There is no stream to end by the error.
                raise ConnectionFailed(f"WINDOW_UPDATE by 0 on stream {number} (RFC 9113 6.9)")
        elif not increment:
            raise StreamFailed("WINDOW_UPDATE by 0 (RFC 9113 6.9)")
        elif stream.sending < DONE:
            # Where nothing is sent any more the window means nothing, however wide it is.
            self._out.widen_stream(stream, increment)


_FRAME_SIZE: Final = ErrorCode.FRAME_SIZE_ERROR
_FLOW_CONTROL: Final = ErrorCode.FLOW_CONTROL_ERROR
_STREAM_CLOSED: Final = ErrorCode.STREAM_CLOSED
_OF_CONNECTION: Final = frozenset(
    {frames.SETTINGS, frames.PING, frames.GOAWAY, frames.PRIORITY_UPDATE}
)
