"""Errors of HTTP by aiohttp's names, for `except` clauses and for code that raises them.

The packages below raise aiolos_protocol.errors, translated by the client and the server.
"""

from typing import Any

from aiolos_protocol.errors import LineTooLong


class HttpProcessingError(Exception):
    """A message that cannot be processed; `code` is a status, `headers` go with the answer."""

    code = 0
    message = ""
    headers: Any = None

    def __init__(self, *, code: int | None = None, message: str = "", headers: Any = None) -> None:
        self.code = self.code if code is None else code
        self.message = message
        self.headers = headers
        super().__init__(code, message, headers)

    def __str__(self) -> str:
        return f"{self.code}, message:\n  {self.message}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.code}, message={self.message!r}>"


class BadHttpMessage(HttpProcessingError):
    """A malformed message."""

    code = 400

    def __init__(self, message: str, *, headers: Any = None) -> None:
        super().__init__(message=message, headers=headers)
        self.args = (message,)


class HttpBadRequest(BadHttpMessage):
    """A malformed request."""


class PayloadEncodingError(BadHttpMessage):
    """A malformed body."""


class ContentEncodingError(PayloadEncodingError):
    """A body that is not in the coding that its head names."""


class TransferEncodingError(PayloadEncodingError):
    """Malformed chunks."""


class ContentLengthError(PayloadEncodingError):
    """A body that ends early."""


class DecompressSizeError(PayloadEncodingError):
    """A body that grows too much when its coding is undone."""


class InvalidHeader(BadHttpMessage):
    """A malformed field."""

    def __init__(self, hdr: str | bytes) -> None:
        self.hdr = hdr.decode(errors="backslashreplace") if isinstance(hdr, bytes) else hdr
        super().__init__(f"invalid header: {self.hdr!r}")
        self.args = (hdr,)


class BadStatusLine(BadHttpMessage):
    """A malformed first line."""

    def __init__(self, line: str | bytes = "", error: str | None = None) -> None:
        self.line = line if isinstance(line, str) else repr(line)
        super().__init__(error or f"malformed first line {self.line!r}")
        self.args = (self.line,)


class BadHttpMethod(BadStatusLine):
    """A method that is no token."""

    def __init__(self, line: str | bytes = "", error: str | None = None) -> None:
        super().__init__(line, error or f"malformed method in {line!r}")


class InvalidURLError(BadHttpMessage):
    """A malformed target."""


__all__ = [
    "BadHttpMessage",
    "BadHttpMethod",
    "BadStatusLine",
    "ContentEncodingError",
    "ContentLengthError",
    "DecompressSizeError",
    "HttpBadRequest",
    "HttpProcessingError",
    "InvalidHeader",
    "InvalidURLError",
    "LineTooLong",
    "PayloadEncodingError",
    "TransferEncodingError",
]
