"""One message for many WebSockets, made into frames once."""

from .deflate import deflated
from .frames import BINARY, TEXT
from .writer import Writer


class SharedMessage:
    """Text (str) or binary (bytes-like), and each form of it once it has been asked for."""

    __slots__ = ("_deflated", "_frames", "_opcode", "_payload")

    def __init__(self, message: str | bytes | bytearray | memoryview) -> None:
        if isinstance(message, str):
            self._opcode, self._payload = TEXT, message.encode()
        elif isinstance(message, (bytes, bytearray, memoryview)):
            self._opcode, self._payload = BINARY, bytes(message)
        else:
            # bytes() would take numbers and lists, too.
            raise TypeError(f"broadcast() takes a str or bytes, not {type(message).__name__}")
        self._deflated: dict[int, bytes | None] = {0: None}
        self._frames: dict[int, bytes] = {}

    @property
    def size(self) -> int:
        """How many bytes it has, as it is."""
        return len(self._payload)

    def deflates(self, window: int) -> bool:
        """Whether it is sent deflated where the window is `window`, 0 for no compression."""
        if window not in self._deflated:
            self._deflated[window] = deflated(self._payload, window)
        return self._deflated[window] is not None

    def frame(self, writer: Writer, window: int) -> bytes:
        """The frame that `writer` makes where the window is `window`, 0 for no compression."""
        if not writer.masks:
            frame = self._frames.get(window)
            if frame is None:
                frame = self._frames[window] = self._make(writer, window)
            return frame
        # RFC 6455 5.3: a masking key is for one frame.
        return self._make(writer, window)

    def _make(self, writer: Writer, window: int) -> bytes:
        if self.deflates(window):
            return writer.frame(self._opcode, self._deflated[window] or b"", True, True)
        return writer.frame(self._opcode, self._payload, True, False)
