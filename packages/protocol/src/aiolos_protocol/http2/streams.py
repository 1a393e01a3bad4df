"""The streams of a connection: sending on them, ending them, counting them (RFC 9113 5, 8.1)."""

from typing import Final

from ..errors import LocalProtocolError, ProtocolError
from ..limits import Limits
from . import frames
from .errors import ConnectionFailed, ErrorCode, StreamFailed, StreamReset
from .floods import RESETS, Floods
from .outbox import Outbox
from .reader import FrameReader
from .settings import Settings
from .sink import Sink
from .stage import OVER
from .stream import BODY, DONE, IGNORED, ROWS, Event, Stream

# What a stream's window begins with, where limits do not say less; it grows to the limit.
STREAM_WINDOW: Final = 262_144
DEFAULT_WINDOW: Final = 65_535

_INFORM: Final = int(Event.INFORM)
_HEAD: Final = int(Event.HEAD)
_DATA: Final = int(Event.DATA)
_END: Final = int(Event.END)
_RESET: Final = int(Event.RESET)
_REFUSE: Final = int(Event.REFUSE)


class Streams(FrameReader):
    """`streams` are those that are open or held, by number; `last` is the highest stream that the
    peer has opened; `remote` what the peer has declared."""

    __slots__ = (
        "_acknowledged",
        "_floods",
        "_ignored",
        "_out",
        "_sink",
        "last",
        "remote",
        "streams",
    )

    def __init__(self, sink: Sink, limits: Limits) -> None:
        FrameReader.__init__(self, limits)
        self._sink = sink
        self._floods = Floods(limits)
        # Streams that were reset here while the peer could not know; what it may still send.
        self._ignored: dict[int, int] = {}
        self._out = Outbox(limits.replies, self._floods)
        # Whether the peer knows our settings.
        self._acknowledged = False
        self.remote = Settings()
        self.streams: dict[int, Stream] = {}
        self.last = 0

    def _is_idle(self, number: int) -> bool:
        """Whether the stream has not been opened, by whom ever."""
        raise NotImplementedError

    # Sending.

    def send_head(self, stream: Stream, block: bytes, end: bool) -> None:
        """The final head of a message (server), or its request's (client); `end`: nothing else.

        These verbs raise LocalProtocolError where the stream's phase forbids them, and StreamReset
        where the peer has ended it.
        """
        self._sent(stream, _HEAD)
        stream.batch = self._out.batch
        self._out.head(stream, block, end)
        if end:
            self._sent(stream, _END)
            self._settle(stream)

    def send_informational(self, stream: Stream, block: bytes) -> None:
        """A 1xx head."""
        self._sent(stream, _INFORM)
        self._out.head(stream, block, False)

    def send_data(self, stream: Stream, data: bytes, end: bool) -> None:
        """A piece of the body, the last one where `end`; `stream.queued` tells what waits."""
        if stream.sending != BODY or stream.ending:
            self._refuse_data(stream)
        self._out.data(stream, data, end)
        if stream.sending == DONE:
            self._settle(stream)

    def send_trailers(self, stream: Stream, block: bytes) -> None:
        """Trailers, which end the message."""
        if stream.sending != BODY or stream.ending:
            self._refuse_data(stream)
        self._out.trailers(stream, block)
        if stream.sending == DONE:
            self._settle(stream)

    def _sent(self, stream: Stream, event: int) -> None:
        phase = ROWS[stream.sending][event]
        if phase < 0:
            self._refuse(stream, event)
        stream.sending = phase

    def _refuse_data(self, stream: Stream) -> None:
        self._refuse(stream, _END if stream.ending else _DATA)

    def _refuse(self, stream: Stream, event: int) -> None:
        if stream.sending == IGNORED:
            raise StreamReset(ErrorCode.CANCEL, "the peer has reset the stream")
        raise LocalProtocolError(
            f"{Event(event).name} is not possible on stream {stream.id}, which is "
            f"{stream.state.name}"
        )

    def ping(self, payload: bytes) -> None:
        """Queue a PING with eight bytes of payload; see Sink.ponged."""
        self._out.push(frames.ping(payload))

    def data_to_send(self, budget: int = 131_072) -> bytes:
        """What is to be sent now, about `budget` bytes of queued data at most; b"" for nothing."""
        out = self._out
        data = out.take(budget)
        if out.emptied:
            emptied, out.emptied = out.emptied, []
            for stream in emptied:
                self._settle(stream)
                self._sink.emptied(stream)
        return data

    def unsent(self) -> int:
        """How many bytes data_to_send() would give at once, queued data left aside."""
        return self._out.size()

    def held_up(self, least: int) -> "tuple[list[Stream], list[Stream]]":
        """Streams that the peer has held up since the last call: by not taking, by not sending.

        To be called at intervals; see Limits.body_rate. A stream is listed that waited all the
        time and has moved less than `least` bytes.
        """
        taking: list[Stream] = []
        sending: list[Stream] = []
        stuck = self._out.moved < least
        choked = self._is_choked()
        self._out.moved = 0
        for stream in self.streams.values():
            # With room in its own window it waits for the connection: perhaps behind others.
            if stream.queued:
                waits, held = taking, stuck or stream.send_left <= 0
            else:
                waits, held = sending, not choked and self._is_awaited(stream)
            if held and stream.waited and stream.moved < least:
                waits.append(stream)
            stream.waited = held
            stream.moved = 0
        return taking, sending

    def _is_choked(self) -> bool:
        """Whether since the last call the peer had no room on the connection, so that it could
        send nothing on any stream, however much room that has."""
        raise NotImplementedError

    def _is_awaited(self, stream: Stream) -> bool:
        """Whether a body is due and the peer has room on its stream."""
        if stream.receiving != BODY or stream.tunnel:
            return False
        return stream.window is None or stream.window.left > 0

    # Ends.

    def _check(self) -> None:
        self._out.check()

    def _failed(self, number: int, error: StreamFailed) -> None:
        """The peer has broken a rule on one stream (RFC 9113 5.4.2)."""
        stream = self.streams.get(number)
        if stream is None:
            if self._is_idle(number):
                # RFC 9113 5.1: no RST_STREAM goes to an idle stream.
                raise ConnectionFailed(error.message, error.code)
            self._floods.spend(RESETS, self.now)
            self._out.reply(frames.rst_stream(number, error.code))
            self._ignore(number, self._stream_window())
        else:
            self._give_up(stream, error.code, error)

    def _give_up(self, stream: Stream, code: int, error: ProtocolError) -> None:
        """The peer has us reset `stream`."""
        # RFC 9113 10.5: whoever makes us reset streams is as bad as whoever resets them.
        self._floods.spend(RESETS, self.now)
        if stream.sending >= DONE and stream.receiving >= DONE:
            self._out.reply(frames.rst_stream(stream.id, code))
            return
        self.reset(stream, code)
        self._sink.reset(stream, error)

    def reset(self, stream: Stream, code: int) -> None:
        """End `stream` now; repeating it changes nothing (RFC 9113 5.4.2)."""
        if stream.sending >= DONE and stream.receiving >= DONE:
            return
        if self._stage != OVER:
            self._out.reply(frames.rst_stream(stream.id, code))
        stream.receiving = ROWS[stream.receiving][_REFUSE]
        stream.sending = ROWS[stream.sending][_RESET]
        self._out.drop(stream)
        self._settle(stream)

    def release(self, stream: Stream) -> None:
        """The sink needs `stream` no more; it counts as open until then, whatever the peer does."""
        if stream.held:
            stream.held = False
            self._settle(stream)

    def _settle(self, stream: Stream) -> None:
        """Forget `stream` if both of its directions have ended and nobody holds it."""
        if stream.receiving < DONE or stream.sending < DONE or stream.held:
            return
        if self.streams.pop(stream.id, None) is None:
            return
        if stream.receiving == IGNORED:
            window = stream.window
            self._ignore(stream.id, self._stream_window() if window is None else window.left)
        elif stream.receiving == DONE and stream.sending == DONE:
            self._floods.answered()

    def _ignore(self, number: int, left: int) -> None:
        ignored = self._ignored
        if len(ignored) >= self._most_ignored():
            del ignored[next(iter(ignored))]
        ignored[number] = left

    def _most_ignored(self) -> int:
        """Of how many streams that were reset here it is known that frames may still come."""
        return 4 * self._limits.streams

    def fail(self, code: int, message: str = "") -> None:
        """Queue a GOAWAY with `code`; nothing is received or sent after it (RFC 9113 5.4.1)."""
        if self._stage != OVER:
            self._stage = OVER
            self._buffer = b""
            self._out.push(frames.goaway(self._last(), code, message.encode("ascii", "replace")))
            self._out.halt()

    def lose(self) -> None:
        """There is no connection any more: keep nothing of what was to be sent, or is half here."""
        self._stage = OVER
        self._buffer = b""
        for stream in self.streams.values():
            self._out.drop(stream)
        self.streams.clear()
        self._out.clear()

    def _last(self) -> int:
        """The highest stream that was, or might be, worked on (RFC 9113 6.8)."""
        return self.last

    def is_closed(self) -> bool:
        """True once the connection has failed."""
        return self._stage == OVER

    def _stream_window(self) -> int:
        """What a new stream may send: until it knows our settings, a peer may take the default."""
        size = min(STREAM_WINDOW, self._limits.stream_window)
        return size if self._acknowledged else max(size, DEFAULT_WINDOW)
