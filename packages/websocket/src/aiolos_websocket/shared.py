"""One message for many WebSockets, made into frames once."""

from .deflate import deflated
from .frames import BINARY, TEXT
from .role import Role


class SharedMessage:
    """Text (str) or binary (bytes-like), and each form of it once it has been asked for."""

    __slots__ = ("_deflated", "_frames", "_opcode", "_payload")

    def __init__(self, message: str | bytes | bytearray | memoryview) -> None:
        if isinstance(message, str):
            self._opcode, self._payload = TEXT, message.encode()
        else:
            self._opcode, self._payload = BINARY, bytes(message)
        self._deflated: dict[int, bytes | None] = {0: None}
        self._frames: dict[int, bytes] = {}

    def deflates(self, window: int) -> bool:
        """Whether it is sent deflated where the window is `window`, 0 for no compression."""
        if window not in self._deflated:
            self._deflated[window] = deflated(self._payload, window)
        return self._deflated[window] is not None

    def frame(self, role: Role, window: int) -> bytes:
        """The frame that `role` sends where the window is `window`, 0 for no compression."""
        if not role.masks:
            frame = self._frames.get(window)
            if frame is None:
                frame = self._frames[window] = self._make(role, window)
            return frame
        # RFC 6455 5.3: a masking key is for one frame.
        return self._make(role, window)

    def _make(self, role: Role, window: int) -> bytes:
        if self.deflates(window):
            return role.writer.frame(self._opcode, self._deflated[window] or b"", True, True)
        return role.writer.frame(self._opcode, self._payload, True, False)
