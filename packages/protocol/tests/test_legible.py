"""What can be read of a request line that is refused."""

import pytest
from aiolos_protocol.http1.legible import MOST, legible


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "UNKNOWN / 1.0"),
        (b"\r\n", "UNKNOWN / 1.0"),
        (b"\x16\x03\x01\x02\0 / HTTP/1.1\r\n", "UNKNOWN / 1.0"),
        (b"GE", "UNKNOWN / 1.0"),
        (b"GET\r\n", "UNKNOWN / 1.0"),
        (b"GET ", "GET / 1.0"),
        (b"GET /a", "GET / 1.0"),
        (b"GET /a ", "GET /a 1.0"),
        (b"GET /a HTTP/1.1", "GET /a 1.0"),
        (b"GET /a\r\n", "GET /a 1.0"),
        (b"GET /a\n", "GET /a 1.0"),
        (b"GET /a HTTP/9\r\n", "GET /a 1.0"),
        (b"GET /a HTTP/1.1 x\r\n", "GET /a 1.0"),
        (b"GET /a HTTP/1.1\r\n", "GET /a 1.1"),
        (b"GET /a HTTP/1.1\nHost: a\n", "GET /a 1.1"),
        (b"GET /a?b=%20 HTTP/3.7\r\nHost", "GET /a?b=%20 3.7"),
        (b"GET http://a/ HTTP/1.1\r\n", "GET / 1.0"),
        (b"GET /\xe9 HTTP/1.1\r\n", "GET /\xe9 1.1"),
        (b"GET /a\0b HTTP/1.1\r\n", "GET / 1.0"),
        (b"GET  / HTTP/1.1\r\n", "GET / 1.0"),
        (b"G(T / HTTP/1.1\r\n", "UNKNOWN / 1.0"),
        (b"G" * 33 + b" / HTTP/1.1\r\n", "UNKNOWN / 1.0"),
        (b"GET /" + b"a" * MOST + b" HTTP/1.1\r\n", "GET / 1.0"),
    ],
)
def test_as_far_as_it_can_be_read(data, told):
    head = legible(data)
    assert f"{head.method} {head.target} {head.version.major}.{head.version.minor}" == told
    assert not head.headers
