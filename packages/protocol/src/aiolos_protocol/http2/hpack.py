"""Header compression (RFC 7541): a decoder with its tables, and an encoder without any state.

`Decoder(table_size)` reads the header blocks of one connection, in order. `decode(block,
max_size, max_fields)` returns the fields of a complete block. It raises `ConnectionFailed`
(COMPRESSION_ERROR) for what is no header block, after which the decoder is of no further use,
and `LimitExceeded` for one that decodes to more than the limits `head` and `fields` allow, whose
values these are. The latter is raised when the block has been read to its end: the tables are in
step with the peer's, and the next block can be read.

`encode_field(name, value, sensitive=False)` writes one field by the static table alone, so that
the same field is always the same bytes, on every connection, and may be cached. `sensitive`
fields tell every hop never to put them into a table (RFC 7541 7.1.3).

`huffman_encode(data)` and `huffman_decode(data)` are RFC 7541 5.2.
"""

try:
    from ._hpack import Decoder, encode_field, huffman_decode, huffman_encode
except ImportError:
    from .pyhpack import Decoder, encode_field, huffman_decode, huffman_encode

SHRINK = b"\x20"
"""Starts the first block behind a peer's SETTINGS that make its table smaller than it was: an
encoder without a table has one of size 0, and says so once (RFC 7541 4.2, 6.3)."""

__all__ = ["SHRINK", "Decoder", "encode_field", "huffman_decode", "huffman_encode"]
