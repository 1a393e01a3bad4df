"""Content codings (RFC 9110 8.4.1): gzip, deflate, br and zstd, in both directions.

`ContentDecoder` undoes what a Content-Encoding field lists, `ContentEncoder` does it; both take
several codings, and neither ever holds more decoded bytes than it is asked for. The libraries
behind br and zstd, and faster ones behind gzip and deflate, are looked up on first use.
"""

from .backends import available, set_zlib_backend
from .budget import Budget
from .codings import CODINGS, UnsupportedCoding, parse_codings
from .decoder import PIECE, ContentDecoder, decompress
from .encoder import OFF_LOOP, ContentEncoder, compress
from .pulling import give_way, pull

__all__ = [
    "CODINGS",
    "OFF_LOOP",
    "PIECE",
    "Budget",
    "ContentDecoder",
    "ContentEncoder",
    "UnsupportedCoding",
    "available",
    "compress",
    "decompress",
    "give_way",
    "parse_codings",
    "pull",
    "set_zlib_backend",
]
