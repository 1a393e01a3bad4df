"""Neutral errors: who broke which rule. Client and server translate them once, at their edge."""

from typing import Final, Self

_WIRE_STATUS: Final = 400


class ProtocolError(Exception):
    """A rule of HTTP was broken; the text says which and names the section of the standard.

    `status_hint` is the response status (100-599) with which a server answers it.
    """

    def __init__(self, message: str, *, status_hint: int = _WIRE_STATUS) -> None:
        super().__init__(message)
        self.message = message
        self.status_hint = status_hint


class LocalProtocolError(ProtocolError):
    """This end was asked to send, or do, what the protocol forbids. Nothing was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, status_hint=500)


class WrongType(TypeError, ValueError):
    """A value of a type that is not taken, where aiohttp raises ValueError: either catches it."""


class NoTunnel(LocalProtocolError):
    """2xx to CONNECT, as a complete answer: it would say that a tunnel is open (RFC 9110 9.3.6)."""


class RemoteProtocolError(ProtocolError):
    """The peer sent what the protocol forbids. The connection cannot be used further."""


class LimitExceeded(RemoteProtocolError):
    """The peer sent more than a bound of `Limits` allows.

    `limit` is the field's name in `Limits`, `value` its value in force; `by` says by what, where
    the name does not.
    """

    value: float

    def __init__(
        self, limit: str, value: int, *, by: str = "", status_hint: int = _WIRE_STATUS
    ) -> None:
        told = f" by {by}" if by else ""
        super().__init__(
            f"the limit {limit}={value} was exceeded{told}; raise it with Limits({limit}=...)",
            status_hint=status_hint,
        )
        self.limit = limit
        self.value = value
        self.by = by


class LineTooLong(RemoteProtocolError, ValueError):
    """A reader was asked for a line, and it goes on behind the bytes that it may have (413).

    `line` is what has come of it, `limit` the bound in bytes.
    """

    def __init__(self, line: str | bytes, limit: int | str = "", *_: object) -> None:
        super().__init__(
            f"no end within {limit} bytes, which begin {line[:40]!r}; a reader's max_size, or "
            "body_line of Limits, raises the limit",
            status_hint=413,
        )
        self.line = line
        self.limit = limit


class TooSlow(LimitExceeded):
    """The peer did not send in time (408, RFC 9110 15.5.9), or does not take what is sent; the
    text says what would be enough.

    `limit` is `head_timeout`, a server's option in seconds, or `body_rate` of `Limits`.
    """

    def __init__(self, limit: str, value: float, message: str) -> None:
        RemoteProtocolError.__init__(self, message, status_hint=408)
        self.limit = limit
        self.value = value
        self.by = ""

    @classmethod
    def body(cls, rate: int, seconds: float) -> Self:
        """Less than `rate` bytes a second of a body came within a body_timeout of `seconds`."""
        return cls(
            "body_rate",
            rate,
            f"less than {rate} bytes a second of the body came within {seconds:g} s; slower ones "
            "need a lower Limits(body_rate=...) or a longer body_timeout",
        )

    @classmethod
    def answer(cls, rate: int, seconds: float) -> Self:
        """Less than `rate` bytes a second of an answer were taken within a body_timeout."""
        return cls(
            "body_rate",
            rate,
            f"less than {rate} bytes a second of the response were taken within {seconds:g} s, so "
            "it was cut off; slower ones need a lower Limits(body_rate=...) or a longer "
            "body_timeout",
        )


class UnexpectedTLS(RemoteProtocolError):
    """The peer began a TLS handshake where plain bytes are spoken."""

    def __init__(self) -> None:
        super().__init__("a TLS handshake where plain HTTP is spoken")


class ConnectionLost(ConnectionResetError):
    """The transport closed before the exchange was complete."""


class Unanswered(ConnectionLost):
    """The transport closed before any byte of an answer: it may have been dead when asked.

    `reason` is what is known of it, by the peer's own words where it had some, "" for nothing.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(f"{message}: {reason}" if reason else message)
        self.reason = reason


class Unprocessed(Unanswered):
    """The peer has said that it has not worked on the request, which may be sent again whatever it
    is (RFC 9113 8.7)."""


class UpgradeRefused(Exception):
    """A handshake to leave HTTP (WebSocket) failed; `status` is what a server answers (400-426).

    `headers` are fields that the refusal must carry, such as `Sec-WebSocket-Version`.
    """

    def __init__(
        self, message: str, *, status: int = 400, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.headers = headers or {}


class MissingDistribution(ImportError):
    """A feature needs a sibling distribution that is not installed; `distribution` names it."""

    def __init__(self, wanted_by: str, distribution: str) -> None:
        # A shell would take what is behind ">" for a file. To import shlex takes 17 ms.
        typed = f"'{distribution}'" if ">" in distribution else distribution
        super().__init__(
            f"{wanted_by} needs the distribution {distribution!r}, which is not installed; "
            f"run: pip install {typed}",
            name=distribution.replace("-", "_"),
        )
        self.distribution = distribution
