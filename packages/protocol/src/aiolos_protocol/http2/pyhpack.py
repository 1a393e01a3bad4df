"""Header compression in plain Python; `hpack` documents the public names."""

from typing import Final

from ..errors import LimitExceeded
from .errors import ConnectionFailed, ErrorCode
from .field import Field
from .tables import HUFFMAN, KEPT, PADDED, STATIC, TREE

_FIELDS: Final = tuple(Field(name, value) for name, value in STATIC)
_STATIC_COUNT: Final = len(STATIC)
_PAIRS: Final = {pair: index for index, pair in enumerate(STATIC, 1)}
_INDEXES: Final = {name: index for index, (name, _) in reversed([*enumerate(STATIC, 1)])}
_BITS: Final = tuple(f"{code:0{length}b}" for code, length in HUFFMAN)

# Nothing that is read is larger than a head; this only keeps a hostile integer small.
_MAX_SHIFT: Final = 28
_MAX_STEPS: Final = 4096
_EOS: Final = ~256

# What a byte does at a node of the Huffman tree, as far as it has been asked.
_steps: dict[int, tuple[int, bytes]] = {}


def _failed(message: str) -> ConnectionFailed:
    return ConnectionFailed(message, ErrorCode.COMPRESSION_ERROR)


class Decoder:
    """See `hpack`."""

    __slots__ = ("_entries", "_found", "_found_size", "_last", "_limit", "_max_size", "_size")

    def __init__(self, table_size: int = 4096) -> None:
        self._entries: list[Field] = []
        # The last block, where neither it nor one since has changed the table, and its fields: the
        # same bytes mean the same again. Peers often send one head after the other like that.
        self._last: bytes | None = None
        self._found: list[Field] = []
        self._found_size = 0
        self._size = 0
        self._limit = table_size
        self._max_size = table_size

    @property
    def entries(self) -> tuple[tuple[bytes, bytes], ...]:
        """The dynamic table, newest first (RFC 7541 2.3.2)."""
        return tuple((field.name, field.value) for field in self._entries)

    @property
    def size(self) -> int:
        """The dynamic table's size (RFC 7541 4.1)."""
        return self._size

    def decode(self, block: bytes, max_size: int, max_fields: int) -> list[Field]:
        """See `hpack`."""
        if block == self._last and self._found_size <= max_size and len(self._found) <= max_fields:
            return self._found
        changes = False
        fields: list[Field] = []
        size = count = pos = 0
        end = len(block)
        while pos < end:
            byte = block[pos]
            if byte & 0x80:
                # RFC 7541 6.1
                index, pos = _integer(block, pos, 0x7F)
                field = self._at(index)
            elif byte & 0x40:
                # RFC 7541 6.2.1
                field, pos = self._literal(block, pos, 0x3F)
                self._insert(field)
                changes = True
            elif byte & 0x20:
                # RFC 7541 6.3
                table_size, pos = _integer(block, pos, 0x1F)
                if count:
                    raise _failed("a table size update behind a field (RFC 7541 4.2)")
                self._resize(table_size)
                changes = True
                continue
            else:
                # RFC 7541 6.2.2, 6.2.3
                field, pos = self._literal(block, pos, 0x0F)
            count += 1
            size += field.size
            if size <= max_size and count <= max_fields:
                fields.append(field)
        if changes:
            self._last = None
        if size > max_size:
            raise LimitExceeded("head", max_size, status_hint=431)
        if count > max_fields:
            raise LimitExceeded("fields", max_fields, status_hint=431)
        self._last = None if changes or len(block) > KEPT else block
        self._found = fields
        self._found_size = size
        return fields

    def _at(self, index: int) -> Field:
        if 0 < index <= _STATIC_COUNT:
            return _FIELDS[index - 1]
        index -= _STATIC_COUNT + 1
        if not 0 <= index < len(self._entries):
            raise _failed("an index that is in neither table (RFC 7541 2.3.3)")
        return self._entries[index]

    def _literal(self, block: bytes, pos: int, mask: int) -> tuple[Field, int]:
        index, pos = _integer(block, pos, mask)
        if index:
            name = self._at(index).name
        else:
            name, pos = _string(block, pos)
        value, pos = _string(block, pos)
        return Field(name, value), pos

    def _insert(self, field: Field) -> None:
        self._size += field.size
        self._entries.insert(0, field)
        if self._size > self._max_size:
            self._evict()

    def _evict(self) -> None:
        # RFC 7541 4.3, 4.4; a field larger than the table leaves it empty.
        while self._size > self._max_size:
            self._size -= self._entries.pop().size

    def _resize(self, size: int) -> None:
        if size > self._limit:
            raise _failed(
                f"a table of {size} bytes, where {self._limit} are allowed (RFC 7541 6.3)"
            )
        self._max_size = size
        self._evict()


def _integer(block: bytes, pos: int, mask: int) -> tuple[int, int]:
    """RFC 7541 5.1; the value and the offset behind it."""
    value = block[pos] & mask
    pos += 1
    if value < mask:
        return value, pos
    shift = 0
    for byte in block[pos : pos + _MAX_SHIFT // 7 + 1]:
        pos += 1
        value += (byte & 0x7F) << shift
        if byte < 0x80:
            return value, pos
        shift += 7
    if shift > _MAX_SHIFT:
        raise _failed("an integer that is too long (RFC 7541 5.1)")
    raise _failed("a header block that ends in an integer (RFC 7541 5.1)")


def _string(block: bytes, pos: int) -> tuple[bytes, int]:
    """RFC 7541 5.2; the string and the offset behind it."""
    if pos >= len(block):
        raise _failed("a header block that ends before a string (RFC 7541 5.2)")
    huffman = block[pos] & 0x80
    length, pos = _integer(block, pos, 0x7F)
    end = pos + length
    if end > len(block):
        raise _failed("a header block that ends in a string (RFC 7541 5.2)")
    data = block[pos:end]
    return huffman_decode(data) if huffman else data, end


def huffman_decode(data: bytes) -> bytes:
    """See `hpack`."""
    node = 0
    parts = []
    for byte in data:
        step = _steps.get(node << 8 | byte)
        if step is None:
            step = _step(node, byte)
        node, part = step
        parts.append(part)
    if node not in PADDED:
        raise _failed("a Huffman string with wrong padding (RFC 7541 5.2)")
    return b"".join(parts)


def _step(start: int, byte: int) -> tuple[int, bytes]:
    node = start
    out = bytearray()
    for shift in range(7, -1, -1):
        node = TREE[node][byte >> shift & 1]
        if node < 0:
            if node == _EOS:
                raise _failed("a Huffman string with EOS in it (RFC 7541 5.2)")
            out.append(~node)
            node = 0
    step = node, bytes(out)
    if len(_steps) < _MAX_STEPS:
        # Bounded: a peer that tries every byte at every node gains nothing.
        _steps[start << 8 | byte] = step
    return step


def huffman_encode(data: bytes) -> bytes:
    """See `hpack`."""
    if not data:
        return b""
    bits = "".join([_BITS[byte] for byte in data])
    # RFC 7541 5.2: padded with the most significant bits of EOS.
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def encode_field(name: bytes, value: bytes, sensitive: bool = False) -> bytes:
    """See `hpack`."""
    if not sensitive:
        index = _PAIRS.get((name, value))
        if index is not None:
            return bytes((0x80 | index,))
    first = 0x10 if sensitive else 0x00
    index = _INDEXES.get(name)
    if index is not None:
        return _encode_integer(index, first, 0x0F) + _encode_string(value)
    return bytes((first,)) + _encode_string(name) + _encode_string(value)


def _encode_integer(value: int, first: int, mask: int) -> bytes:
    if value < mask:
        return bytes((first | value,))
    out = bytearray((first | mask,))
    value -= mask
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _encode_string(data: bytes) -> bytes:
    short = huffman_encode(data)
    if len(short) < len(data):
        return _encode_integer(len(short), 0x80, 0x7F) + short
    return _encode_integer(len(data), 0x00, 0x7F) + data
