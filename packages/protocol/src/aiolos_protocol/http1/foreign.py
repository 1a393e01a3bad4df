"""Which other protocol a peer speaks, told by the bytes where a response should begin."""

from typing import Final

_HTTP2: Final = (
    "it speaks HTTP/2 without TLS: ask for it by http2='prior-knowledge'; WebSockets it takes only "
    "where it offers extended CONNECT (RFC 8441)"
)
_BEGINNINGS: Final = (
    (b"\x15\x03", "it speaks TLS: write https:// (a proxy's URL too)"),
    (b"\x05", "it is a SOCKS proxy: write socks5:// before its address"),
    (b"\x00[", "it is a SOCKS proxy: write socks4:// before its address"),
    (b"\x00\x00", _HTTP2),
    (b"SSH-", "it is an SSH server"),
    (b"220", "it greets like a mail or FTP server"),
    (b"+OK", "it greets like a POP3 server"),
    (b"* OK", "it greets like an IMAP server"),
    (b"RTSP/", "it speaks RTSP"),
)


def foreign(data: bytes, at: int) -> str | None:
    """What speaks in `data` from `at` on, and what to write instead; None where it is unknown.

    Asked only about what has been refused as HTTP already.
    """
    return next((told for begin, told in _BEGINNINGS if data.startswith(begin, at)), None)
