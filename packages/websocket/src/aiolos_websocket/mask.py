"""What is done to every byte (RFC 6455 5.2, 5.3): masking, and joining a header to its payload.

`mask(data, start, end, key, phase)` returns `data[start:end]` masked or, which is the same,
unmasked: byte i is XORed with byte i mod 4 of the key. `key` is four bytes; `phase` (0 to 3) says
which of them the first byte meets, for a payload that comes in pieces. ValueError for what is no
such piece or key.

`unmask(data, start, end)` does so for a frame's payload, before which the key stands.

`frame(first, payload, key)` returns a whole frame whose first byte is `first`; masked where `key`
is not empty. The payload is anything bytes-like.

A `Gather` joins the pieces of one message: `add(data, start, end, key, phase)` as mask(), without
masking where the key is empty, and `take()` for the whole as bytes, after which it is empty.
`expect(size)` says how much more is announced: the room is doubled as pieces come, but not beyond.

`_mask` and `pymask` are twins.
"""

try:
    from ._mask import Gather, frame, mask, unmask
except ImportError:
    from .pymask import Gather, frame, mask, unmask

__all__ = ["Gather", "frame", "mask", "unmask"]
