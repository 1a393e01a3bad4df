"""Frames (RFC 6455 5.2): opcodes, headers, and what a close carries.

 0                   1                   2                   3
+-+-+-+-+-------+-+-------------+-------------------------------+
|F|R|R|R| opcode|M| Payload len | 16 or 64 bits of length where |
|I|S|S|S|  (4)  |A|     (7)     | the 7 bits say 126 or 127,    |
|N|V|V|V|       |S|             | then the masking key (32) if  |
| |1|2|3|       |K|             | MASK is set, then the payload |
+-+-+-+-+-------+-+-------------+-------------------------------+
"""

from struct import Struct
from typing import Final

from aiolos_protocol.errors import LocalProtocolError
from aiolos_protocol.websocket import WebSocketError, WSCloseCode

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

FIN: Final = 0x80
RSV1: Final = 0x40
MASK: Final = 0x80

# RFC 6455 5.5: control frames carry 125 bytes or less and are never fragmented.
MAX_CONTROL: Final = 125
MAX_REASON: Final = MAX_CONTROL - 2

_MEDIUM: Final = Struct("!BBH").pack
_LARGE: Final = Struct("!BBQ").pack

# RFC 6455 7.4.2: 3000-3999 are registered, 4000-4999 private; below, only what is defined. 1005,
# 1006 and 1015 are for reports and never sent (7.4.1).
_DEFINED: Final = frozenset(WSCloseCode) - {WSCloseCode.ABNORMAL_CLOSURE}


def frame_header(first: int, size: int, mask_bit: int) -> bytes:
    """The header of a frame without the masking key.

    `first` is FIN, RSV bits and opcode; `size` the payload's length in bytes; `mask_bit` MASK or
    0. The shortest form of the length is used, as 5.2 demands.
    """
    if size < 126:
        return bytes((first, mask_bit | size))
    if size < 65536:
        return _MEDIUM(first, mask_bit | 126, size)
    return _LARGE(first, mask_bit | 127, size)


def is_close_code(code: int) -> bool:
    """Whether a close frame may carry `code` (RFC 6455 7.4)."""
    return code in _DEFINED or 3000 <= code <= 4999


def pack_close(code: int | None, reason: str | bytes = b"") -> bytes:
    """The payload of a close frame; None for a close without a code.

    Raises TypeError for what is neither, LocalProtocolError for a code that must not be sent, and
    for a reason of more than 123 bytes or one that is not UTF-8.
    """
    if code is None:
        return b""
    if not isinstance(code, int):
        raise TypeError(f"a close code is an int such as 1000, not {code!r}")
    if not isinstance(reason, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"the reason of a close is str or bytes, not {type(reason).__name__}")
    if not is_close_code(code):
        raise LocalProtocolError(
            f"close code {code} cannot be sent; use 1000 to 1014 (not 1004 to 1006) or "
            "3000 to 4999 (RFC 6455 7.4)"
        )
    text = reason.encode() if isinstance(reason, str) else bytes(reason)
    if len(text) > MAX_REASON:
        raise LocalProtocolError(
            f"the reason of a close has at most {MAX_REASON} bytes, not {len(text)} (RFC 6455 5.5)"
        )
    try:
        text.decode()
    except UnicodeDecodeError:
        raise LocalProtocolError("the reason of a close must be UTF-8 (RFC 6455 5.5.1)") from None
    return code.to_bytes(2, "big") + text


def unpack_close(payload: bytes) -> tuple[int, str]:
    """Code and reason of a received close; `(0, "")` where it names none.

    Raises WebSocketError for half a code, a code that must not be sent, a reason that is not
    UTF-8.
    """
    if not payload:
        return 0, ""
    if len(payload) == 1:
        raise WebSocketError(
            WSCloseCode.PROTOCOL_ERROR, "a close carries half a close code (RFC 6455 5.5.1)"
        )
    code = int.from_bytes(payload[:2], "big")
    if not is_close_code(code):
        raise WebSocketError(
            WSCloseCode.PROTOCOL_ERROR,
            f"a close carries code {code}, which must not be sent (RFC 6455 7.4)",
        )
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError:
        raise WebSocketError(
            WSCloseCode.INVALID_TEXT, "the reason of a close is not UTF-8 (RFC 6455 5.5.1)"
        ) from None
