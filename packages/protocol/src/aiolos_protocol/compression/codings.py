"""The names in a Content-Encoding field."""

from typing import Final

from ..errors import LimitExceeded, RemoteProtocolError
from ..fields.accept import ALIASES
from ..fields.syntax import split
from ..limits import DEFAULT_LIMITS, Limits

CODINGS: Final = ("gzip", "deflate", "br", "zstd")
IDENTITY: Final = "identity"


class UnsupportedCoding(RemoteProtocolError, RuntimeError):
    """A body is in a content coding that cannot be undone here; `coding` names it.

    A RuntimeError as well, which aiohttp raises for one of a part of a multipart body.
    A server answers 415 (RFC 9110 8.4); a client may hand the body on as it is.
    """

    def __init__(self, coding: str) -> None:
        known = ", ".join(CODINGS)
        super().__init__(
            f"the content coding {coding!r:.40} is not one of {known} (RFC 9110 8.4.1)",
            status_hint=415,
        )
        self.coding = coding


def parse_codings(value: str | None, limits: Limits = DEFAULT_LIMITS) -> tuple[str, ...]:
    """The codings that a Content-Encoding field lists, in the order in which they were applied;
    "x-gzip" is gzip and "identity" is left out, so () means that there is nothing to undo.

    Raises UnsupportedCoding, and LimitExceeded for more than `limits.codings`.
    """
    if not value:
        return ()
    found = []
    for name in split(value.lower(), ","):
        coding = ALIASES.get(name, name)
        if coding == IDENTITY:
            continue
        if coding not in CODINGS:
            raise UnsupportedCoding(coding)
        found.append(coding)
        if len(found) > limits.codings:
            raise LimitExceeded("codings", limits.codings)
    return tuple(found)
