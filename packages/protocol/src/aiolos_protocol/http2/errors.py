"""What goes wrong on an HTTP/2 connection, and at which of its two levels (RFC 9113 5.4, 7)."""

from enum import IntEnum

from ..errors import RemoteProtocolError


class ErrorCode(IntEnum):
    """Why a stream or a connection ends (RFC 9113 7)."""

    NO_ERROR = 0x0
    PROTOCOL_ERROR = 0x1
    INTERNAL_ERROR = 0x2
    FLOW_CONTROL_ERROR = 0x3
    SETTINGS_TIMEOUT = 0x4
    STREAM_CLOSED = 0x5
    FRAME_SIZE_ERROR = 0x6
    REFUSED_STREAM = 0x7
    CANCEL = 0x8
    COMPRESSION_ERROR = 0x9
    CONNECT_ERROR = 0xA
    ENHANCE_YOUR_CALM = 0xB
    INADEQUATE_SECURITY = 0xC
    HTTP_1_1_REQUIRED = 0xD


class Http2Error(RemoteProtocolError):
    """A rule of HTTP/2 was broken by the peer; `code` is what it is told (0 to 2**32 - 1)."""

    def __init__(self, message: str, code: int = ErrorCode.PROTOCOL_ERROR) -> None:
        super().__init__(message)
        self.code = code


class ConnectionFailed(Http2Error):
    """A connection error (RFC 9113 5.4.1): nothing more can be understood; GOAWAY, then close."""


class StreamFailed(Http2Error):
    """A stream error (RFC 9113 5.4.2): this stream is reset, the others go on."""


class StreamReset(Http2Error):
    """The peer has ended one stream early (RFC 9113 6.4), or never worked on it."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(message or f"the peer has reset the stream: {name_of(code)}", code)


def name_of(code: int) -> str:
    """The name of an error code, or its number where it has none (RFC 9113 7: any may come)."""
    try:
        return ErrorCode(code).name
    except ValueError:
        return f"{code:#x}"
