"""The Python twin of `_mask`."""

from typing import Final

from .frames import MASK, frame_header

# Long XORs make three copies of their bytes; pieces of this size stay in the cache.
_PIECE: Final = 65_536


def mask(data: bytes, start: int, end: int, key: bytes, phase: int) -> bytes:
    """See aiolos_websocket.mask."""
    if not 0 <= start <= end <= len(data):
        raise ValueError(f"{start} to {end} is no piece of {len(data)} bytes")
    if len(key) != 4 or not 0 <= phase <= 3:
        raise ValueError("a masking key has four bytes (RFC 6455 5.3)")
    if phase:
        key = key[phase:] + key[:phase]
    if end - start <= _PIECE:
        return _xor(data[start:end], key)
    return b"".join(_xor(data[at : min(at + _PIECE, end)], key) for at in range(start, end, _PIECE))


def unmask(data: bytes, start: int, end: int) -> bytes:
    """See aiolos_websocket.mask."""
    return mask(data, start, end, data[start - 4 : start], 0)


def frame(first: int, payload: bytes | bytearray | memoryview, key: bytes) -> bytes:
    """See aiolos_websocket.mask."""
    if isinstance(payload, memoryview):
        # Its length is in items, which may be of several bytes.
        payload = payload.cast("B") if payload.c_contiguous else bytes(payload)
    if len(key) not in (0, 4):
        raise ValueError("a masking key has four bytes (RFC 6455 5.3)")
    size = len(payload)
    if not key:
        return frame_header(first, size, 0) + payload
    masked = mask(bytes(payload), 0, size, key, 0)
    return frame_header(first, size, MASK) + key + masked


class Gather:
    """See aiolos_websocket.mask."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self._buffer)

    def expect(self, size: int) -> None:
        """See aiolos_websocket.mask; a bytearray grows as it likes."""

    def add(self, data: bytes, start: int, end: int, key: bytes, phase: int) -> None:
        """See aiolos_websocket.mask."""
        if key:
            self._buffer += mask(data, start, end, key, phase)
        elif 0 <= start <= end <= len(data):
            self._buffer += data[start:end]
        else:
            raise ValueError(f"{start} to {end} is no piece of {len(data)} bytes")

    def take(self) -> bytes:
        """See aiolos_websocket.mask."""
        whole = bytes(self._buffer)
        self._buffer = bytearray()
        return whole


def _xor(piece: bytes, key: bytes) -> bytes:
    # As two big integers: one loop in C instead of a step of the interpreter per byte.
    size = len(piece)
    pattern = (key * (size // 4 + 1))[:size]
    number = int.from_bytes(piece, "little") ^ int.from_bytes(pattern, "little")
    return number.to_bytes(size, "little")
