"""Frame headers and the payload of closes."""

import pytest
from aiolos_protocol.errors import LocalProtocolError
from aiolos_protocol.websocket import WebSocketError
from aiolos_websocket.frames import (
    FIN,
    MASK,
    TEXT,
    frame_header,
    is_close_code,
    pack_close,
    unpack_close,
)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
        (2**63 - 1, b"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"),
    ],
)
def test_lengths_take_the_shortest_form(size, expected):
    assert frame_header(FIN | TEXT, size, 0) == expected


def test_the_mask_bit_stands_beside_the_length():
    assert frame_header(FIN | TEXT, 5, MASK) == b"\x81\x85"
    assert frame_header(FIN | TEXT, 300, MASK) == b"\x81\xfe\x01\x2c"


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999])
def test_codes_that_may_be_sent(code):
    assert is_close_code(code)
    assert unpack_close(pack_close(code, "why")) == (code, "why")


@pytest.mark.parametrize(
    "code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]
)
def test_codes_that_must_not(code):
    assert not is_close_code(code)
    with pytest.raises(LocalProtocolError, match=f"close code {code} cannot be sent; use 1000"):
        pack_close(code)
    with pytest.raises(WebSocketError, match=f"carries code {code}") as caught:
        unpack_close(code.to_bytes(2, "big"))
    assert caught.value.code == 1002


def test_a_close_may_be_empty_but_not_half_a_code():
    assert pack_close(None) == b""
    assert unpack_close(b"") == (0, "")
    with pytest.raises(WebSocketError, match="half a close code") as caught:
        unpack_close(b"\x03")
    assert caught.value.code == 1002


def test_a_reason_is_utf8_of_at_most_123_bytes():
    assert len(pack_close(1000, b"x" * 123)) == 125
    with pytest.raises(LocalProtocolError, match="at most 123 bytes, not 124"):
        pack_close(1000, b"x" * 124)
    with pytest.raises(LocalProtocolError, match="UTF-8"):
        pack_close(1000, b"\xff")
    with pytest.raises(WebSocketError, match="UTF-8") as caught:
        unpack_close(b"\x03\xe8\xff")
    assert caught.value.code == 1007
