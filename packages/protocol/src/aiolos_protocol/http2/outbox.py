"""What is to be sent: frames in order, and data that waits for windows or its turn.

Heads and replies go out as they come. Data does while nobody else waits and there is room for
all of it; else it is queued with its stream, and `take()` cuts it into frames by the scheduler's
choice. So all that comes of one received segment can leave in one write.
"""

from collections import deque
from typing import Final

from ..errors import LimitExceeded
from . import frames
from .errors import ConnectionFailed, ErrorCode, StreamFailed
from .floods import WINDOW_UPDATES, Floods
from .scheduler import Scheduler
from .stream import DONE, Stream
from .windows import MAX_WINDOW

# Frames larger than this would make the others wait, whatever the peer allows.
_MAX_FRAME: Final = 65_536


class Outbox:
    """The sending side of one connection. `left` is the connection's window (RFC 9113 6.9.1).

    `emptied` lists the streams whose queue has run empty since the list was last cleared; `moved`
    counts bytes of data likewise. `batch` counts what has been taken: what was put in while it was
    lower is on its way. `prefix` is what the next header block must begin with (RFC
    7541 4.2).
    """

    __slots__ = (
        "_floods",
        "_max_replies",
        "_parts",
        "_replies",
        "_scheduler",
        "_size",
        "batch",
        "emptied",
        "left",
        "max_frame",
        "moved",
        "prefix",
    )

    def __init__(self, max_replies: int, floods: Floods) -> None:
        self._parts: list[bytes | memoryview] = []
        self._size = 0
        self.batch = 0
        self._replies = 0
        self._max_replies = max_replies
        self._floods = floods
        self._scheduler = Scheduler()
        self.left = 65_535
        self.max_frame = frames.MIN_MAX_SIZE
        self.emptied: list[Stream] = []
        self.moved = 0
        self.prefix = b""

    def push(self, data: bytes) -> None:
        """Whole frames that need no window."""
        self._parts.append(data)
        self._size += len(data)

    def reply(self, data: bytes) -> None:
        """Frames that the peer makes us send; see check()."""
        self.push(data)
        self._replies += len(data)

    def check(self) -> None:
        """Raise LimitExceeded where the peer does not read what it makes us send."""
        if self._replies > self._max_replies:
            raise LimitExceeded("replies", self._max_replies)

    def size(self) -> int:
        """How many bytes of whole frames wait to be taken."""
        return self._size

    def limit_frames(self, size: int) -> None:
        """The peer takes frames of `size` bytes (RFC 9113 6.5.2)."""
        self.max_frame = min(size, _MAX_FRAME)

    def head(self, stream: Stream, block: bytes, end: bool) -> None:
        """A header block; `end` sets END_STREAM."""
        if self.prefix:
            block = self.prefix + block
            self.prefix = b""
        size = len(block)
        if size <= self.max_frame:
            flags = 0x5 if end else 0x4
            self._parts.append(frames.header(size, frames.HEADERS, flags, stream.id))
            self._parts.append(block)
            self._size += size + 9
        else:
            self.push(frames.head_frames(stream.id, block, end, self.max_frame))

    # Data.

    def data(self, stream: Stream, data: bytes, end: bool) -> None:
        """Send or queue `data`; `end` ends the message with it."""
        size = len(data)
        if (
            not stream.queued
            and size <= self.max_frame
            and (not size or (size <= self.left and size <= stream.send_left))
            and not self._scheduler.count
        ):
            if size or end:
                self._frame(stream, size, end)
                if size:
                    self._parts.append(data)
            return
        if end:
            stream.ending = True
        if size:
            if stream.queue is None:
                stream.queue = deque()
            stream.queue.append(data)
            stream.queued += size
            if stream.send_left > 0:
                self._scheduler.add(stream)
        elif end and not stream.queued:
            self._frame(stream, 0, True)

    def trailers(self, stream: Stream, block: bytes) -> None:
        """End the message with the header block of its trailers, behind what is queued."""
        if stream.queued:
            stream.ending = True
            stream.trailers = block
        else:
            stream.sending = DONE
            self.head(stream, block, True)

    def drop(self, stream: Stream) -> None:
        """Forget what `stream` has queued."""
        self._scheduler.remove(stream)
        stream.queue = None
        stream.queued = 0
        stream.ending = False

    def prioritize(self, stream: Stream, urgency: int, incremental: bool) -> None:
        """RFC 9218 4"""
        self._scheduler.prioritize(stream, urgency, incremental)

    def clear(self) -> None:
        """Forget all frames."""
        self._parts = []
        self._size = 0
        self._replies = 0

    def halt(self) -> None:
        """Send no more queued data."""
        self.left = 0

    def take(self, budget: int) -> bytes:
        """All frames, and frames of queued data up to about `budget` bytes; b"" for nothing."""
        scheduler = self._scheduler
        while self._size < budget and self.left > 0:
            stream = scheduler.next()
            if stream is None:
                break
            self._send_queued(stream)
        parts = self._parts
        if not parts:
            return b""
        self._parts = []
        self._size = 0
        self._replies = 0
        self.batch += 1
        return b"".join(parts)

    def _send_queued(self, stream: Stream) -> None:
        """One frame of what `stream` has queued."""
        size = min(stream.queued, stream.send_left, self.left, self.max_frame)
        rest = stream.queued - size
        end = stream.ending and not rest
        self._frame(stream, size, end and not stream.trailers)
        queue, offset = stream.queue, stream.offset
        parts = self._parts
        stream.queued = rest
        while size and queue:
            piece = queue[0]
            there = len(piece) - offset
            if there <= size:
                parts.append(memoryview(piece)[offset:] if offset else piece)
                queue.popleft()
                offset = 0
                size -= there
            else:
                parts.append(memoryview(piece)[offset : offset + size])
                offset += size
                size = 0
        stream.offset = offset
        if not rest:
            self._scheduler.remove(stream)
            self.emptied.append(stream)
            if end and stream.trailers:
                stream.sending = DONE
                self.head(stream, stream.trailers, True)
        elif stream.send_left <= 0:
            self._scheduler.remove(stream)

    def _frame(self, stream: Stream, size: int, end: bool) -> None:
        """The header of a DATA frame, and the books of it."""
        self._parts.append(frames.header(size, frames.DATA, 0x1 if end else 0x0, stream.id))
        self._size += size + 9
        if size:
            self.left -= size
            self.moved += size
            stream.send_left -= size
            stream.moved += size
            self._floods.earn(WINDOW_UPDATES, 2.0)
        if end:
            stream.sending = DONE

    # Windows.

    def widen(self, increment: int) -> None:
        """The connection's window. Raises ConnectionFailed (RFC 9113 6.9.1)."""
        self.left += increment
        if self.left > MAX_WINDOW:
            raise ConnectionFailed(
                "the connection's window is wider than 2**31 - 1 (RFC 9113 6.9.1)",
                ErrorCode.FLOW_CONTROL_ERROR,
            )

    def widen_stream(self, stream: Stream, increment: int) -> None:
        """A stream's window. Raises StreamFailed (RFC 9113 6.9.1)."""
        stream.send_left += increment
        if stream.send_left > MAX_WINDOW:
            raise StreamFailed(
                "a stream's window is wider than 2**31 - 1 (RFC 9113 6.9.1)",
                ErrorCode.FLOW_CONTROL_ERROR,
            )
        if stream.queued:
            if stream.send_left > 0:
                self._scheduler.add(stream)
            else:
                self._scheduler.remove(stream)
