"""Reason phrases, for what the connection itself answers and where none come (RFC 9110 15)."""

from http import HTTPStatus
from typing import Final

# Older versions of Python have the phrases of older standards.
REASONS: Final[dict[int, str]] = {status.value: status.phrase for status in HTTPStatus} | {
    400: "Bad Request",
    408: "Request Timeout",
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    417: "Expectation Failed",
    422: "Unprocessable Content",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    505: "HTTP Version Not Supported",
}


def reason_of(status: int) -> str:
    """The standard reason phrase; "" for a status without one."""
    return REASONS.get(status, "")
