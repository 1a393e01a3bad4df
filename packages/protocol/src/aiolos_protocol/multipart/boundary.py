"""Boundaries of multipart bodies (RFC 2046 5.1.1)."""

import re
from os import urandom
from typing import Final

from ..errors import RemoteProtocolError
from ..fields.content_type import ContentType
from ..fields.syntax import is_token, token_or_quoted

# RFC 2046 5.1.1:  boundary := 0*69<bchars> bcharsnospace
#   bcharsnospace := DIGIT / ALPHA / "'" / "(" / ")" / "+" / "_" / "," / "-" / "." / "/" / ":"
#                    / "=" / "?"
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")


class MalformedMultipart(RemoteProtocolError, ValueError):
    """What the peer sent is no multipart body, or is cut short. A server answers 400."""


class NotUnderstood(MalformedMultipart, RuntimeError):
    """A part is in a coding, or its form in a charset, that is not known; aiohttp raises
    RuntimeError for it."""


class UnknownCoding(ValueError, RuntimeError):
    """A part is to be written in a coding that is not known; aiohttp raises RuntimeError."""


def new_boundary() -> str:
    """A boundary that no body holds, but for an accident of one in 2 ** 128."""
    return urandom(16).hex()


def check_boundary(boundary: str) -> str:
    """`boundary` itself. Raises ValueError where it is none."""
    if _BOUNDARY.fullmatch(boundary) is None:
        raise ValueError(
            f"{boundary!r:.80} is not a boundary: 1 to 70 ASCII letters, digits or '()+_,-./:=?"
            " and inner spaces (RFC 2046 5.1.1)"
        )
    return boundary


def boundary_of(content_type: ContentType) -> bytes:
    """The boundary that a Content-Type names, as bytes.

    Raises MalformedMultipart where it is no multipart type, or names none, one that is not
    allowed, or two: readers that choose differently would see different parts.
    """
    if content_type.type != "multipart":
        raise MalformedMultipart(
            f"the content type is {content_type.essence:.80}, not multipart/*", status_hint=415
        )
    boundaries = content_type.parameters.getall("boundary", [])
    if len(boundaries) != 1:
        raise MalformedMultipart(
            f"the content type {content_type.essence:.80} has {len(boundaries)} boundaries, not one"
            " (RFC 2046 5.1.1)"
        )
    try:
        return check_boundary(boundaries[0]).encode("ascii")
    except ValueError as error:
        raise MalformedMultipart(str(error)) from None


def multipart_type(subtype: str, boundary: str) -> str:
    """A Content-Type. Raises ValueError for a subtype that is no token."""
    if not is_token(subtype):
        raise ValueError(f"{subtype!r:.80} is not a subtype, which is a token (RFC 9110 8.3.1)")
    return f"multipart/{subtype}; boundary={token_or_quoted(boundary)}"
