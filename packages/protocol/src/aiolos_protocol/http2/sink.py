"""What a connection tells: the calls that its owner takes."""

from typing import Any, Protocol

from multidict import CIMultiDict

from ..errors import ProtocolError
from ..message import ResponseHead
from .stream import Stream


class Sink(Protocol):
    """Calls out of `Connection.receive()`; none may raise, all may send.

    `stream.owner` is the sink's to use. A server must `release()` every stream that it has been
    told of, once it needs it no more.
    """

    def head_received(self, stream: Stream, head: Any) -> None:
        """A RequestHead opens `stream` (server), or the final ResponseHead has come (client).

        Where `stream.receiving` is DONE already, nothing follows: neither data nor `ended`.
        """

    def informed(self, stream: Stream, head: ResponseHead) -> None:
        """An informational head (1xx) has come."""

    def head_refused(self, stream: Stream, error: ProtocolError) -> None:
        """A server should answer `stream` with `error.status_hint`; what it asked is lost."""

    def body_received(self, stream: Stream, data: bytes) -> None:
        """Some of the body. It takes room until `consumed()` is told."""

    def ended(self, stream: Stream, trailers: "CIMultiDict[str] | None") -> None:
        """The peer's message is complete."""

    def reset(self, stream: Stream, error: ProtocolError) -> None:
        """The stream has ended early, by the peer's doing (StreamReset) or by its fault.

        Where `stream.receiving` is DONE, its message is complete all the same (RFC 9113 8.1).
        """

    def emptied(self, stream: Stream) -> None:
        """All data that was queued has been taken to be sent."""

    def settled(self) -> None:
        """The peer's settings, or the streams that it allows, have changed."""

    def going_away(self, last: int, code: int, debug: bytes) -> None:
        """GOAWAY: of our streams those above `last` are lost, and have been reset."""

    def ponged(self, payload: bytes) -> None:
        """A PING of ours has been acknowledged."""
