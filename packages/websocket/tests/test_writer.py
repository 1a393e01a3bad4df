"""Frames as either end writes them."""

import os

from aiolos_websocket.frames import BINARY, CONTINUATION, TEXT
from aiolos_websocket.writer import CLIENT_WRITER, SERVER_WRITER, MaskingKeys
from hypothesis import given
from hypothesis import strategies as st


@given(payload=st.binary(max_size=200))
def test_a_server_writes_as_it_is(frame, payload):
    assert SERVER_WRITER.frame(TEXT, payload) == frame(TEXT, payload)


@given(payload=st.binary(max_size=200))
def test_a_client_masks_with_a_new_key(frame, payload):
    sent = CLIENT_WRITER.frame(BINARY, payload)
    at = 2 if len(payload) < 126 else 4
    key = sent[at : at + 4]
    assert sent == frame(BINARY, payload, key=key)


def test_fragments_and_compression_show_in_the_first_byte():
    assert SERVER_WRITER.frame(TEXT, b"", False)[0] == 0x01
    assert SERVER_WRITER.frame(CONTINUATION, b"", True)[0] == 0x80
    assert SERVER_WRITER.frame(TEXT, b"", True, True)[0] == 0xC1
    assert CLIENT_WRITER.frame(TEXT, b"", False, True)[0] == 0x41


def test_no_key_is_used_twice():
    keys = MaskingKeys()
    drawn = [keys.next() for _ in range(3000)]
    # 3000 draws from 2^32: two equal ones come about once in a thousand runs, three never.
    assert len(set(drawn)) >= 2998
    assert all(len(key) == 4 for key in drawn)


def test_a_forked_child_draws_other_keys():
    read, write = os.pipe()
    CLIENT_WRITER.frame(TEXT, b"")
    child = os.fork()
    if not child:
        os.write(write, b"".join(CLIENT_WRITER.frame(TEXT, b"")[2:6] for _ in range(20)))
        os._exit(0)
    ours = b"".join(CLIENT_WRITER.frame(TEXT, b"")[2:6] for _ in range(20))
    os.waitpid(child, 0)
    theirs = os.read(read, 80)
    os.close(read)
    os.close(write)
    assert len(theirs) == 80
    # Behind the keys at hand each draws its own.
    assert ours[:4] != theirs[:4]
