"""What is done to every byte (RFC 6455 5.2, 5.3): masking, and joining a header to its payload.

`mask(data, start, end, key, phase)` returns `data[start:end]` masked or, which is the same,
unmasked: byte i is XORed with byte i mod 4 of the key. `key` is four bytes; `phase` (0 to 3) says
which of them the first byte meets, for a payload that comes in pieces. ValueError for what is no
such piece or key.

`unmask(data, start, end)` does so for a frame's payload, before which the key stands.

`frame(first, payload, key)` returns a whole frame whose first byte is `first`; masked where `key`
is not empty. The payload is anything bytes-like.

`_mask` is the compiled twin of what stands here.
"""

from typing import Final

from .frames import MASK, frame_header

# Long XORs make three copies of their bytes; pieces of this size stay in the cache.
_PIECE: Final = 65_536


def mask_in_python(data: bytes, start: int, end: int, key: bytes, phase: int) -> bytes:
    """See the module."""
    if not 0 <= start <= end <= len(data):
        raise ValueError(f"{start} to {end} is no piece of {len(data)} bytes")
    if len(key) != 4 or not 0 <= phase <= 3:
        raise ValueError("a masking key has four bytes (RFC 6455 5.3)")
    if phase:
        key = key[phase:] + key[:phase]
    if end - start <= _PIECE:
        return _xor(data[start:end], key)
    return b"".join(_xor(data[at : min(at + _PIECE, end)], key) for at in range(start, end, _PIECE))


def unmask_in_python(data: bytes, start: int, end: int) -> bytes:
    """See the module."""
    return mask_in_python(data, start, end, data[start - 4 : start], 0)


def frame_in_python(first: int, payload: bytes | bytearray | memoryview, key: bytes) -> bytes:
    """See the module."""
    if isinstance(payload, memoryview):
        # Its length is in items, which may be of several bytes.
        payload = payload.cast("B") if payload.c_contiguous else bytes(payload)
    if len(key) not in (0, 4):
        raise ValueError("a masking key has four bytes (RFC 6455 5.3)")
    size = len(payload)
    if not key:
        return frame_header(first, size, 0) + payload
    masked = mask_in_python(bytes(payload), 0, size, key, 0)
    return frame_header(first, size, MASK) + key + masked


def _xor(piece: bytes, key: bytes) -> bytes:
    # As two big integers: one loop in C instead of a step of the interpreter per byte.
    size = len(piece)
    pattern = (key * (size // 4 + 1))[:size]
    number = int.from_bytes(piece, "little") ^ int.from_bytes(pattern, "little")
    return number.to_bytes(size, "little")


try:
    from ._mask import frame, mask, unmask
except ImportError:
    frame, mask, unmask = frame_in_python, mask_in_python, unmask_in_python

__all__ = ["frame", "frame_in_python", "mask", "mask_in_python", "unmask", "unmask_in_python"]
