"""The hot parts of requests and responses, compiled where there is a compiler.

They hold what every request and every whole response needs, and no more: the classes that users
see stand on top, in Python, and may be subclassed and given attributes as any other.
"""

from collections.abc import Awaitable, Mapping
from typing import Any, Final

from aiolos_protocol import hdrs
from aiolos_protocol.errors import ConnectionLost, WrongType
from aiolos_protocol.exchange import ServerLink
from aiolos_protocol.fields.content_type import parse_content_type
from aiolos_protocol.grammar import CONTROL
from aiolos_protocol.http1 import reasons
from aiolos_protocol.message import RequestHead
from aiolos_protocol.payload import Payload, get_payload
from aiolos_protocol.streams import StreamReader
from aiolos_protocol.transport import Outcome, Pending
from multidict import CIMultiDict

REASONS: Final = reasons.REASONS
_REASON_OF: Final = [REASONS.get(status, "") for status in range(600)]
_TEXT: Final = "text/plain; charset=utf-8"
_types: dict[tuple[str, str], str] = {}
_MOST_TYPES: Final = 64


class RequestCore:
    """A request's head, its bearer (the connection), and what resolving it has found.

    `_content` is its body's stream once somebody has asked for that, `_body` the whole body once
    it has been read.
    """

    __slots__ = ("_bearer", "_body", "_content", "_match_info", "head")

    def __init__(self, head: RequestHead, bearer: Any, match_info: Any = None) -> None:
        self.head = head
        self._bearer = bearer
        self._match_info = match_info
        self._body: bytes | None = None
        self._content: StreamReader | None = None

    @property
    def content(self) -> StreamReader:
        """The body as a stream, free of content codings."""
        raise NotImplementedError

    @property
    def client_max_size(self) -> int:
        """The bound on bodies that are read whole, in bytes; 0 for none."""
        raise NotImplementedError

    def arrived(self) -> "bytes | None":
        """The body, where it has been read, or is here whole: nearly every small one is. None as
        well for one above the bound. Raises what `content` does."""
        body = self._body
        if body is None:
            head = self.head
            content = self._content
            if content is None and head.plain_body:
                # No field to look at; nor is it a clone's, whose bound may be its own.
                bearer = self._bearer
                content = self._content = bearer.link.exchange(head).body
                limit = bearer.client_max_size
            else:
                content = self.content
                limit = self.client_max_size
            if type(content) is not StreamReader or not content.ended:
                return None
            if limit and (head.length > limit or content.total_bytes > limit):
                return None
            body = self._body = content.read_nowait()
        return body


class ResponseCore:
    """A response's fields; made with the arguments of web.Response.

    `_special` tells that it takes more than one write: a coding, trailers, a Payload.
    `_length` is what content_length was set to, -1 for unset; `_exchange` is set once the head
    is out, `_ended` once the body is; `_sent_size` counts what was sent of it.
    """

    __slots__ = (
        "_body",
        "_content_type",
        "_cookies",
        "_ended",
        "_exchange",
        "_headers",
        "_keep_alive",
        "_length",
        "_reason",
        "_sent_size",
        "_special",
        "_status",
    )

    def __init__(
        self,
        body: "bytes | bytearray | memoryview | str | None" = None,
        *,
        status: int = 200,
        reason: "str | None" = None,
        text: "str | None" = None,
        headers: "Mapping[str, str] | None" = None,
        content_type: "str | None" = None,
        charset: "str | None" = None,
        zlib_executor_size: "int | None" = None,
        zlib_executor: Any = None,
    ) -> None:
        valid = type(status) is int and 200 <= status < 600
        self._status = status if valid else checked_status(status)
        self._reason = reason if reason is None else checked_reason(reason)
        self._headers: CIMultiDict[str] | None = None
        self._content_type = ""
        self._cookies: Any = None
        self._exchange: Any = None
        self._ended = False
        self._keep_alive = True
        self._length = -1
        self._special = False
        self._sent_size = 0
        if body is None and content_type is None and charset is None and type(text) is str:
            # The most common response of all.
            self._body: Any = text.encode()
            self._content_type = _TEXT
        else:
            self._take_body(body, text, content_type, charset)
        if headers:
            fields = CIMultiDict(headers)
            self._headers = fields
            if hdrs.TRANSFER_ENCODING in fields:
                self._special = True
            if hdrs.CONTENT_TYPE in fields:
                if content_type is not None or charset is not None:
                    raise ValueError(
                        "give Content-Type in headers or by content_type and charset, not both"
                    )
                self._content_type = ""
                self._recode(text if body is None else body, fields[hdrs.CONTENT_TYPE])

    def _recode(self, text: Any, content_type: str) -> None:
        """Encode `text` as the Content-Type among the headers says."""
        if isinstance(text, str) and "=" in content_type:
            charset = parse_content_type(content_type).charset
            if charset is not None and charset.lower() != "utf-8":
                self._body = text.encode(charset)

    def _take_body(self, body: Any, text: Any, content_type: Any, charset: Any) -> None:
        if content_type is not None and "charset=" in content_type:
            raise ValueError("charset stands in content_type; give it by charset=")
        if text is not None:
            if body is not None:
                raise ValueError("give body or text, not both")
            if not isinstance(text, str):
                raise TypeError(f"text takes a str, not {type(text).__name__}")
            body = text
        kind = content_type or ""
        if type(body) is bytes:
            self._body = body
            kind = kind or "application/octet-stream"
        else:
            if isinstance(body, str):
                charset = charset or "utf-8"
                kind = kind or "text/plain"
            elif isinstance(body, (bytes, bytearray, memoryview)):
                kind = kind or "application/octet-stream"
            self._body = body_of(body, charset)
            self._special = isinstance(self._body, Payload)
        self._content_type = typed(kind, charset) if kind and charset else kind

    def write(self, data: "bytes | bytearray | memoryview") -> "Awaitable[Any]":
        """See StreamResponse.write."""
        exchange = self._exchange
        if exchange is None or self._ended or self._special or type(data) is not bytes:
            return self.write_special(data)
        self._sent_size += len(data)
        try:
            awaitable: Awaitable[Any] = exchange.write(data)
            if type(awaitable) is Pending:
                awaitable = self._told(awaitable)
        except ConnectionLost as error:
            awaitable = Outcome(error=self._as_loss(error))
        return awaitable

    def write_special(self, data: Any) -> "Awaitable[Any]":
        """write() where it takes more, or is refused."""
        raise NotImplementedError

    def _told(self, awaitable: "Awaitable[Any]") -> "Awaitable[Any]":
        """`awaitable`, which may raise ConnectionLost, with `_as_loss` of that."""
        raise NotImplementedError

    def _as_loss(self, error: ConnectionLost) -> ConnectionLost:
        """What is raised where `error` tells that the peer is gone."""
        raise NotImplementedError

    def send_whole(self, link: ServerLink, head: RequestHead, keep_alive: bool) -> None:
        """Answer `head` by one write. Raises what the link raises, with nothing sent."""
        reason = self._reason
        body = self._body
        if body is None:
            body = b""
        link.answer(
            head,
            self._status,
            _REASON_OF[self._status] if reason is None else reason,
            self._content_type,
            self._headers,
            body,
            keep_alive and self._keep_alive,
        )
        self._ended = True
        self._sent_size = len(body)


def typed(kind: str, charset: str) -> str:
    """A Content-Type; for the same once more the same object, by which heads are found again."""
    key = (kind, charset)
    value = _types.get(key)
    if value is None:
        value = f"{kind}; charset={charset}"
        if len(_types) < _MOST_TYPES:
            # Those of a handler that makes ever new ones are not kept.
            _types[key] = value
    return value


def body_of(value: Any, charset: "str | None") -> Any:
    """A response's body as bytes, or as a Payload; None for None. TypeError for anything else."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode(charset or "utf-8")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, Payload):
        return value
    try:
        return get_payload(value)
    except LookupError:
        raise WrongType(
            f"a body is bytes, str, a file or an async iterable, not {type(value).__name__}; "
            "json_response() sends objects"
        ) from None


def checked_reason(reason: str) -> str:
    """`reason` where it may stand in a status line (RFC 9112 4); else ValueError or TypeError."""
    if not isinstance(reason, str):
        raise TypeError(f"a reason phrase is a str, not {reason!r:.80}")
    if not reason.isprintable() and CONTROL.search(reason):
        raise ValueError(
            f"Reason cannot contain \\r or \\n, nor other control characters: {reason!r:.80}"
        )
    return reason


def checked_status(status: int) -> int:
    """`status` where a final response may have it, or 101; else ValueError or TypeError."""
    if not isinstance(status, int):
        raise TypeError(f"a status is an int, such as 200, not {status!r}")
    value = int(status)
    if value != 101 and not 200 <= value <= 599:
        raise ValueError(f"a final status is 200 to 599 (or 101), not {value}; see RFC 9110 15")
    return value
