"""Writing frames (RFC 6455 5): messages in, bytes out, either role."""

import os
from typing import Final

from .frames import FIN, RSV1, frame_header
from .mask import frame

# RFC 6455 5.3: a key for every frame, unpredictable. Asking the system costs more than a small
# frame does, so keys are asked for a thousand at a time.
_KEYS: Final = 4096
_NO_KEY: Final = b""


class MaskingKeys:
    """Masking keys of four bytes from the system's source of randomness."""

    __slots__ = ("_at", "_pool")

    def __init__(self) -> None:
        self._pool = b""
        self._at = 0

    def next(self) -> bytes:
        """A key that was never used."""
        at = self._at
        if at == len(self._pool):
            self._pool = os.urandom(_KEYS)
            at = 0
        self._at = at + 4
        return self._pool[at : at + 4]

    def forget(self) -> None:
        """Throw the keys at hand away."""
        self._pool = b""
        self._at = 0


_keys: Final = MaskingKeys()

# A child must not go on with the keys of its parent.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keys.forget)


class Writer:
    """Makes frames; `masks` tells that they are a client's."""

    __slots__ = ("masks",)

    def __init__(self, masks: bool) -> None:
        self.masks = masks

    def header(self, opcode: int, size: int) -> bytes:
        """What stands before a payload of `size` bytes, which is not masked and is all."""
        return frame_header(opcode | FIN, size, 0)

    def frame(
        self,
        opcode: int,
        payload: bytes | bytearray | memoryview,
        fin: bool = True,
        compressed: bool = False,
    ) -> bytes:
        """A frame of `opcode`; `fin` for the last of its message, `compressed` sets RSV1."""
        first = opcode
        if fin:
            first |= FIN
        if compressed:
            first |= RSV1
        return frame(first, payload, _keys.next() if self.masks else _NO_KEY)

    def key(self) -> bytes:
        """What the next frame is to be masked with: a key that was never used, or nothing."""
        return _keys.next() if self.masks else _NO_KEY


CLIENT_WRITER: Final = Writer(True)
SERVER_WRITER: Final = Writer(False)
