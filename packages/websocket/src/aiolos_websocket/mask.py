"""Masking (RFC 6455 5.3): byte i of the payload is XORed with byte i mod 4 of the key.

`mask(data, start, end, key, phase)` returns `data[start:end]` masked or, which is the same,
unmasked, as bytes. `key` is four bytes; `phase` (0 to 3) says which of them the first byte meets,
for a payload that comes in pieces. ValueError for what is no such piece or key. `_mask` is the
compiled twin of the function below.
"""

from typing import Final

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


def _xor(piece: bytes, key: bytes) -> bytes:
    # As two big integers: one loop in C instead of a step of the interpreter per byte.
    size = len(piece)
    pattern = (key * (size // 4 + 1))[:size]
    number = int.from_bytes(piece, "little") ^ int.from_bytes(pattern, "little")
    return number.to_bytes(size, "little")


try:
    from ._mask import mask
except ImportError:
    mask = mask_in_python

__all__ = ["mask", "mask_in_python"]
