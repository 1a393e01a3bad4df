"""Heads: composed and received."""

import pytest
from aiolos_protocol.http1.parser import load_headers
from aiolos_protocol.message import (
    Head,
    HttpVersion,
    HttpVersion10,
    HttpVersion11,
    HttpVersion20,
    RequestHead,
    ResponseHead,
)
from multidict import CIMultiDict, CIMultiDictProxy


def test_versions_compare_as_tuples():
    assert HttpVersion10 < HttpVersion11 < HttpVersion20 == (2, 0)
    assert HttpVersion(1, 1) == HttpVersion11
    assert (HttpVersion11.major, HttpVersion11.minor) == (1, 1)


def test_what_a_composed_request_is_by_default():
    head = RequestHead("GET", "/")
    assert (head.method, head.target, head.version) == ("GET", "/", HttpVersion11)
    assert (head.length, head.chunked, head.keep_alive, head.upgrade) == (-1, False, True, None)
    assert (head.expect, head.authority, head.scheme, head.protocol) == (False, None, None, None)
    assert head.size == 0
    assert dict(head.headers) == {}
    assert head.raw_headers == ()
    assert repr(head) == "<RequestHead GET />"
    forged = RequestHead("GET", "/\x9b31m\u2028\u202e\udc80")
    assert repr(forged).isascii()
    assert repr(forged) == "<RequestHead GET /\\x9b31m\\u2028\\u202e\\udc80>"


def test_a_composed_response():
    fields = CIMultiDict(A="é")
    head = ResponseHead(404, "Not Found", headers=fields, length=3)
    assert (head.status, head.reason, head.length) == (404, "Not Found", 3)
    assert head.fields is fields
    assert head.raw_headers == ((b"A", "é".encode()),)
    assert repr(head) == "<ResponseHead 404 Not Found>"


def test_the_composing_side_changes_fields():
    head = RequestHead("GET", "/")
    head.fields["X"] = "a"
    assert head.headers["x"] == "a"
    assert head.fields is head.fields


def test_headers_are_read_only_and_made_once():
    head = ResponseHead(200, block=b"A: b\r\n", load=load_headers)
    headers = head.headers
    assert isinstance(headers, CIMultiDictProxy)
    assert headers is head.headers
    with pytest.raises((TypeError, AttributeError)):
        headers["A"] = "c"


def test_headers_are_loaded_when_they_are_touched():
    blocks = []

    def load(block):
        blocks.append(block)
        return CIMultiDict(A="b")

    head = RequestHead("GET", "/", block=b"A: b\r\n", load=load)
    assert head.raw_headers == ((b"A", b"b"),)
    assert blocks == []
    assert head.headers["a"] == "b"
    assert head.headers["a"] == "b"
    assert blocks == [b"A: b\r\n"]


def test_raw_headers_keep_the_senders_spelling():
    head = RequestHead("GET", "/", block=b"x-aB:\t c \r\nEmpty:\r\n", load=load_headers)
    assert head.raw_headers == ((b"x-aB", b"c"), (b"Empty", b""))
    assert head.raw_headers is head.raw_headers


def test_bytes_that_are_not_utf_8_survive():
    head = RequestHead("GET", "/", headers=CIMultiDict(A="\udcff"))
    assert head.raw_headers == ((b"A", b"\xff"),)


def test_heads_take_no_other_attributes():
    for head in (RequestHead("GET", "/"), ResponseHead(200), Head(HttpVersion11)):
        with pytest.raises(AttributeError):
            head.other = 1


def test_a_received_head_tells_what_it_may_have_without_reading_it():
    head = ResponseHead(200, "OK", block=b"Set-Cookie: a=b\r\n", load=None)
    assert head.mentions(b"set-cookie")
    assert not head.mentions(b"content-encoding")


def test_a_composed_head_tells_what_it_has():
    head = ResponseHead(200, "OK", headers=CIMultiDict({"Content-Encoding": "gzip"}))
    assert head.mentions(b"content-encoding")
    assert not head.mentions(b"set-cookie")


def test_a_head_tells_what_its_fields_may_say():
    head = ResponseHead(200, "OK", block=b"Content-Type: text/plain; Charset=x\r\n", load=None)
    assert head.may_say(b"charset")
    assert not head.may_say(b"gzip")
    assert ResponseHead(200, "OK", headers=CIMultiDict({"A": "b"})).may_say(b"charset")
