"""A peer that speaks something else is told by its first bytes."""

import pytest
from aiolos_protocol.http1.foreign import foreign


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x15\x03\x01\x00\x02\x02F", "https://"),
        (b"\x05\xff", "socks5://"),
        (b"\x00[\x00\x00\x00\x00\x00\x00", "socks4://"),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", "prior-knowledge"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH"),
        (b"220 mail ESMTP\r\n", "mail or FTP"),
        (b"+OK ready\r\n", "POP3"),
        (b"* OK IMAP4rev1\r\n", "IMAP"),
        (b"RTSP/1.0 200 OK\r\n", "RTSP"),
    ],
)
def test_what_speaks(data, told):
    assert told in (foreign(b"xx" + data, 2) or "")


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200", b"hello", b"\x16\x03"])
def test_what_is_not_known(data):
    assert foreign(data, 0) is None
