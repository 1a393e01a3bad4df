"""Heads to header blocks."""

from typing import Any

import pytest
from aiolos_protocol.errors import LocalProtocolError
from aiolos_protocol.http2 import blocks, frames
from aiolos_protocol.http2.hpack import Decoder
from multidict import CIMultiDict


def pairs(block: bytes) -> list[tuple[bytes, bytes]]:
    return [(field.name, field.value) for field in Decoder().decode(block, 1 << 20, 1000)]


def test_fields_keep_their_order_and_lose_their_case() -> None:
    headers = CIMultiDict([("X-B", "1"), ("x-a", "2"), ("Connection", "x"), ("X-B", "ü")])
    assert pairs(blocks.fields(headers)) == [
        (b"x-b", b"1"),
        (b"x-a", b"2"),
        (b"x-b", "ü".encode()),
    ]


@pytest.mark.parametrize("value", [1, None, b"bytes", ["a"]])
def test_a_value_that_is_no_str(value: Any) -> None:
    with pytest.raises(LocalProtocolError, match="X-Name must be a str"):
        blocks.field("X-Name", value)


def test_surrogates_of_received_bytes_are_bytes() -> None:
    assert pairs(blocks.field("X", "a\udcffb")) == [(b"x", b"a\xffb")]
    with pytest.raises(LocalProtocolError, match="surrogate"):
        blocks.field("X", "\ud800")


@pytest.mark.parametrize("name", ["", "a b", "a:", ":path", "ä", "a\n"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(LocalProtocolError, match="header name"):
        blocks.field(name, "x")


@pytest.mark.parametrize("name", ["Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie"])
def test_secrets_are_never_indexed(name: str) -> None:
    assert blocks.field(name, "secret")[0] & 0xF0 == 0x10
    assert blocks.field("X-" + name, "secret")[0] == 0


def test_caches_do_not_grow_without_end() -> None:
    for number in range(2000):
        assert pairs(blocks.field("x", str(number))) == [(b"x", b"%d" % number)]
        path = f"/{number}"
        block = blocks.request("GET", "https", "a", path, None)
        assert pairs(block)[3] == (b":path", path.encode())
        kind = f"text/{number}"
        assert pairs(blocks.response_prefix(200, kind, "s"))[2] == (b"content-type", kind.encode())
    assert pairs(blocks.field("x", "y" * 1000)) == [(b"x", b"y" * 1000)]
    assert pairs(blocks.request("GET", "https", "a", "/" + "y" * 1000, None))


def test_the_date_is_that_of_the_clock_s_line() -> None:
    line = b"Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
    assert pairs(blocks.date(line)) == [(b"date", b"Tue, 14 Nov 2023 22:13:20 GMT")]
    assert blocks.date(line) is blocks.date(line)
    assert pairs(blocks.date(line.replace(b"20 G", b"21 G"))) != pairs(blocks.date(line))


@pytest.mark.parametrize("code", [99, 600, 0, 101])
def test_what_is_no_status(code: int) -> None:
    with pytest.raises(LocalProtocolError, match="status"):
        blocks.status(code)


def test_a_large_head_is_sent_in_pieces(server: Any, client: Any, wire: Any) -> None:
    headers = CIMultiDict({f"x-{number}": "Z" * 900 for number in range(50)})
    block = blocks.request("GET", "https", "a.example", "/", None) + blocks.fields(headers)
    client.conn.request("GET", block, True, None)
    data = client.conn.data_to_send()
    assert [data[3]] == [frames.HEADERS]
    server.feed(data)
    assert len(server.events[0][2].headers) == 51
    server.conn.send_head(server.streams[1], blocks.status(200) + blocks.fields(headers), True)
    kinds = [frame.kind for frame in server.sent()]
    assert kinds == [frames.HEADERS, frames.CONTINUATION, frames.CONTINUATION]


def test_a_response_may_name_a_host(client: Any, wire: Any) -> None:
    client.conn.request("GET", blocks.request("GET", "https", "a", "/", None), True, None)
    client.feed(wire.head(1, [(":status", "200"), ("host", "x"), ("expect", "what")], True))
    assert dict(client.events[0][2].headers) == {"Expect": "what", "Host": "x"}


def test_an_empty_server_field_is_not_sent():
    date = b"Date: x\r\n"
    assert [name for name, _ in pairs(blocks.response_prefix(204, "", ""))] == [b":status"]
    for server, own, sent in (
        ("s", None, b"s"),
        ("s", "", None),
        ("", None, None),
        ("", "o", b"o"),
    ):
        headers = CIMultiDict({} if own is None else {"Server": own})
        found = dict(pairs(blocks.response(200, headers, server, date)))
        assert found.get(b"server") == sent
        assert found[b"date"]
    for own, sent in (("", None), ("then", b"then")):
        found = dict(pairs(blocks.response(200, CIMultiDict({"Date": own}), "s", date)))
        assert found.get(b"date") == sent
