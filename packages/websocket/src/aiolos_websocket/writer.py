"""Writing frames (RFC 6455 5): messages in, bytes out, either role."""

import os
from typing import Final

from .frames import FIN, MASK, RSV1, frame_header
from .mask import mask

# RFC 6455 5.3: a key for every frame, unpredictable. Asking the system costs more than a small
# frame does, so keys are asked for a thousand at a time.
_KEYS: Final = 4096


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


def masked_frame(opcode: int, payload: bytes, fin: bool = True, compressed: bool = False) -> bytes:
    """A frame as a client sends it."""
    key = _keys.next()
    size = len(payload)
    return (
        frame_header(_first(opcode, fin, compressed), size, MASK)
        + key
        + mask(payload, 0, size, key, 0)
    )


def plain_frame(opcode: int, payload: bytes, fin: bool = True, compressed: bool = False) -> bytes:
    """A frame as a server sends it."""
    return frame_header(_first(opcode, fin, compressed), len(payload), 0) + payload


def _first(opcode: int, fin: bool, compressed: bool) -> int:
    return opcode | (FIN if fin else 0) | (RSV1 if compressed else 0)
