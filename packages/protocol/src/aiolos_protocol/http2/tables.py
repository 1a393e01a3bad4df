"""The two tables of RFC 7541 that never change: fields by number, and the Huffman code."""

from typing import Final

KEPT: Final = 1024
"""The largest block that a decoder remembers with what it means, in bytes."""

# RFC 7541 A, from index 1: one field a line, the value behind the name.
STATIC: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b":authority", b""),
    (b":method", b"GET"),
    (b":method", b"POST"),
    (b":path", b"/"),
    (b":path", b"/index.html"),
    (b":scheme", b"http"),
    (b":scheme", b"https"),
    *((b":status", status) for status in b"200 204 206 304 400 404 500".split()),
    (b"accept-charset", b""),
    (b"accept-encoding", b"gzip, deflate"),
    *(
        (name, b"")
        for name in (
            b"accept-language accept-ranges accept access-control-allow-origin age allow "
            b"authorization cache-control content-disposition content-encoding content-language "
            b"content-length content-location content-range content-type cookie date etag expect "
            b"expires from host if-match if-modified-since if-none-match if-range "
            b"if-unmodified-since last-modified link location max-forwards proxy-authenticate "
            b"proxy-authorization range referer refresh retry-after server set-cookie "
            b"strict-transport-security transfer-encoding user-agent vary via www-authenticate"
        ).split()
    ),
)

# RFC 7541 B: the code is canonical. Among codes of one length the values rise with the symbol,
# and a longer code goes on where the shorter ones left off; so the lengths say all.
_BY_LENGTH: Final = {
    5: b"012aceiost",
    6: b" %-./3456789=A_bdfghlmnpru",
    7: b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz",
    8: b"&*,;XZ",
    10: b'!"()?',
    11: b"'+|",
    12: b"#>",
    13: b"\x00$@[]~",
    14: b"^}",
    15: b"<`{",
    19: b"\\\xc3\xd0",
    20: bytes.fromhex("808283a2b8c2e0e2"),
    21: bytes.fromhex("99a1a7acb0b1b3d1d8d9e3e5e6"),
    22: bytes.fromhex("8184858688929a9ca0a3a4a9aaadb2b5b9babbbdbec4c6e4e8e9"),
    23: bytes.fromhex("0187898a8b8c8d8f93959697989b9d9ea5a6a8aeafb4b6b7bcbfc5e7ef"),
    24: bytes.fromhex("098e9091949fabced7e1eced"),
    25: bytes.fromhex("c7cfeaeb"),
    26: bytes.fromhex("c0c1c8c9cacdd2d5dadbeef0f2f3ff"),
    27: bytes.fromhex("cbccd3d4d6dddedff1f4f5f6f7f8fafbfcfdfe"),
    28: bytes.fromhex("020304050607080b0c0e0f1011121314151718191a1b1c1d1e1f7fdcf9"),
    30: b"\n\r\x16",
}
EOS_LENGTH: Final = 30


def _codes() -> list[tuple[int, int]]:
    table = [(0, 0)] * 256
    code = before = 0
    for length, symbols in _BY_LENGTH.items():
        code <<= length - before
        before = length
        for symbol in symbols:
            table[symbol] = (code, length)
            code += 1
    return table


HUFFMAN: Final[tuple[tuple[int, int], ...]] = tuple(_codes())
"""The code of each byte as `(value, bits)`; EOS, thirty ones, is never sent."""


def _tree() -> list[list[int]]:
    """The inner nodes of the code's tree: what a bit leads to, `~symbol` for a leaf."""
    nodes = [[0, 0]]
    for symbol, (code, length) in (*enumerate(HUFFMAN), (256, ((1 << EOS_LENGTH) - 1, EOS_LENGTH))):
        node = 0
        for bit in range(length - 1, 0, -1):
            step = code >> bit & 1
            if not nodes[node][step]:
                nodes[node][step] = len(nodes)
                nodes.append([0, 0])
            node = nodes[node][step]
        nodes[node][code & 1] = ~symbol
    return nodes


TREE: Final[tuple[tuple[int, int], ...]] = tuple((zero, one) for zero, one in _tree())
"""256 inner nodes, the root first; an entry is the next node, or `~symbol` (EOS is 256)."""


def _padding() -> frozenset[int]:
    """RFC 7541 5.2: padding is a prefix of EOS, shorter than 8 bits: up to seven ones."""
    node, nodes = 0, {0}
    for _ in range(7):
        node = TREE[node][1]
        nodes.add(node)
    return frozenset(nodes)


PADDED: Final = _padding()
"""The nodes at which a string may end."""
