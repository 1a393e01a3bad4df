# The compiled twin of `pyhpack`, for type checkers.

from .pyhpack import Decoder as Decoder
from .pyhpack import encode_field as encode_field
from .pyhpack import huffman_decode as huffman_decode
from .pyhpack import huffman_encode as huffman_encode
