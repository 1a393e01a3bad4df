"""What is checked of all that is sent besides whole messages."""

import pytest
from aiolos_protocol.errors import LocalProtocolError
from aiolos_protocol.websocket import (
    WSMsgType,
    checked_fragment,
    control_payload,
    each_fragment,
)


@pytest.mark.parametrize("message", ["é", "é".encode(), bytearray("é".encode())])
def test_control_frames_carry_text_or_bytes(message):
    assert control_payload(message) == "é".encode()


def test_control_frames_carry_125_bytes():
    assert control_payload("a" * 125) == b"a" * 125
    for message in ("a" * 126, "é" * 63, memoryview(bytes(128)).cast("i")):
        with pytest.raises(LocalProtocolError, match="at most 125 bytes, not 12"):
            control_payload(message)
    with pytest.raises(TypeError, match="carry str or bytes, not int"):
        control_payload(5)


def test_fragments_are_of_one_kind():
    assert checked_fragment("é", None) == (WSMsgType.TEXT, "é".encode())
    assert checked_fragment(bytearray(b"a"), None) == (WSMsgType.BINARY, b"a")
    assert checked_fragment("é", WSMsgType.TEXT) == (WSMsgType.TEXT, "é".encode())
    for fragment, kind in (("a", WSMsgType.BINARY), (b"a", WSMsgType.TEXT)):
        with pytest.raises(TypeError, match="all fragments of a message are str, or all are bytes"):
            checked_fragment(fragment, kind)


@pytest.mark.parametrize("fragments", [5, None])
async def test_what_holds_no_fragments(fragments):
    with pytest.raises(TypeError, match="an iterable of pieces, not (int|NoneType)"):
        async for _ in each_fragment(fragments):
            pass
