"""What a FakeServer is told: which request, which answers; and what is amiss with another one."""

import json as json_module
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from http import HTTPStatus
from re import Pattern
from typing import Any, Final, Self

from aiolos_protocol.errors import LocalProtocolError
from aiolos_protocol.grammar import is_token
from aiolos_protocol.http1.serializer import field_lines
from aiolos_protocol.websocket import WebSocket
from multidict import CIMultiDict, MultiDict
from yarl import URL

from ..faults.plan import Fault
from .asked import Asked

ANYTHING: Final[Any] = object()


@dataclass
class Answer:
    """A response: its body whole, or in pieces, each of which goes out as one chunk."""

    status: int = 200
    headers: CIMultiDict[str] = field(default_factory=CIMultiDict)
    body: bytes = b""
    pieces: tuple[bytes, ...] | None = None
    fault: Fault | None = None

    @property
    def reason(self) -> str:
        """The standard reason phrase; "" for a status without one."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return ""


def answer(
    status: int = 200,
    *,
    json: Any = ANYTHING,
    text: str | None = None,
    data: bytes | Iterable[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
    fault: Fault | None = None,
) -> Answer:
    """An Answer whose body is one of `json`, `text` and `data`, with its Content-Type.

    `data` is bytes, or an iterable of them for a chunked body. `fault` is what the connection
    suffers from this answer on. TypeError or ValueError for what cannot be sent.
    """
    if (json is not ANYTHING) + (text is not None) + (data is not None) > 1:
        raise TypeError("an answer has one body: give json, text or data")
    if status not in range(200, 600):
        raise ValueError(f"a status is a number from 200 to 599, not {status!r}")
    if fault is not None and not isinstance(fault, Fault):
        raise TypeError(f"a fault is an object like CutAfter(10), or None, not {fault!r}")
    made = Answer(status, _checked_fields(headers), fault=fault)
    kind = ""
    if json is not ANYTHING:
        kind, made.body = "application/json", json_module.dumps(json).encode()
    elif text is not None:
        if not isinstance(text, str):
            raise TypeError(f"text is a str, not {type(text).__name__}; bytes are given as data")
        kind, made.body = "text/plain; charset=utf-8", text.encode()
    elif isinstance(data, (bytes, bytearray)):
        kind, made.body = "application/octet-stream", bytes(data)
    elif data is not None:
        kind, made.pieces = "application/octet-stream", _checked_pieces(data)
    if kind:
        made.headers.setdefault("Content-Type", kind)
    return made


def _checked_fields(headers: Mapping[str, str] | None) -> "CIMultiDict[str]":
    fields = CIMultiDict(headers or {})
    if "Transfer-Encoding" in fields:
        raise ValueError(
            "Transfer-Encoding is the connection's own; give `data` as a list of pieces"
        )
    try:
        field_lines(fields)
    except LocalProtocolError as error:
        raise ValueError(f"the headers of an answer cannot be sent: {error}") from None
    return fields


def _checked_pieces(data: Any) -> tuple[bytes, ...]:
    if isinstance(data, str):
        raise TypeError("data is bytes, or a list of them; a str is given as text")
    pieces = tuple(data)
    for piece in pieces:
        if not isinstance(piece, (bytes, bytearray)):
            raise TypeError(f"data is bytes, or a list of them, not of {type(piece).__name__}")
    return pieces


Answering = Callable[[Asked], Answer | Awaitable[Answer]]
Talk = Callable[[WebSocket], Awaitable[None]]


@dataclass(frozen=True)
class Conversation:
    """A WebSocket that is opened, and `await talk(websocket)` talks over it.

    The first of `protocols` that the client offers, too, is agreed upon.
    """

    talk: Talk
    protocols: tuple[str, ...] = ()


class Declaration:
    """One request that is expected, and what it is answered.

    Made by FakeServer.on() and its like. Answers are given in turn, the last one again and again;
    without any it is 200 with no body. `asked` lists the requests that came. TypeError or
    ValueError for what no request can be equal to.
    """

    said_to_be = "declared"

    def __init__(
        self,
        method: str,
        url: str | URL | Pattern[str],
        *,
        headers: Mapping[str, str | Pattern[str]] | None = None,
        json: Any = ANYTHING,
        form: Mapping[str, str] | None = None,
        data: bytes | str | None = None,
    ) -> None:
        if method != "*" and not is_token(method.encode()):
            raise ValueError(f"{method!r} is no method: write on('GET', url)")
        self.method = method.upper()
        self._url = url if isinstance(url, Pattern) else _checked(url)
        self._headers = _wanted_fields(headers)
        self._json = json
        self._form = _wanted_form(form)
        self._data = _wanted_body(data)
        self._answers: list[Answer | Conversation | Answering] = []
        self.asked: list[Asked] = []

    def answer(self, status: int = 200, **options: Any) -> Self:
        """Answer so, the next time; options are json, text, data, headers and fault."""
        return self.answer_with(answer(status, **options))

    def answer_with(self, answer: Answer | Conversation) -> Self:
        """Answer by `answer`, the next time."""
        if not isinstance(answer, (Answer, Conversation)):
            raise TypeError(f"answer_with() takes an answer(...), not {answer!r:.80}")
        self._answers.append(answer)
        return self

    def answer_by(self, answering: Answering) -> Self:
        """Answer by what `answering(asked)` gives: an Answer, or an awaitable of one."""
        if not callable(answering):
            raise TypeError(f"answer_by() takes a function of the request, not {answering!r:.80}")
        self._answers.append(answering)
        return self

    def next_answer(self, asked: Asked) -> Answer | Conversation | Answering:
        """What to answer to `asked`, which is noted."""
        self.asked.append(asked)
        if not self._answers:
            return Answer()
        return self._answers[min(len(self.asked), len(self._answers)) - 1]

    # Matching.

    def differences(self, asked: Asked) -> list[str]:
        """In what `asked` differs; nothing where it is the request declared."""
        found = []
        if self.method not in ("*", asked.method):
            found.append(self._differs("method", self.method, asked.method))
        found += self._differences_of_url(asked.url)
        for name, wanted in self._headers.items():
            value = asked.headers.get(name)
            if value is None or not _is(wanted, value):
                found.append(self._differs(f"header {name}", _shown(wanted), value))
        found += self._differences_of_body(asked)
        return found

    def likeness(self, asked: Asked) -> float:
        """How near `asked` comes, to name the nearest of several declarations."""
        near = SequenceMatcher(None, str(self), str(asked)).ratio()
        return near - len(self.differences(asked))

    def _differences_of_url(self, url: URL) -> list[str]:
        wanted = self._url
        if isinstance(wanted, Pattern):
            matches = wanted.fullmatch(str(url))
            return [] if matches else [self._differs("URL", _shown(wanted), str(url))]
        found = []
        if wanted.absolute and _origin(wanted) != _origin(url):
            found.append(self._differs("origin", str(wanted.origin()), str(url.origin())))
        if (wanted.raw_path or "/") != url.raw_path:
            found.append(self._differs("path", wanted.raw_path, url.raw_path))
        if sorted(wanted.query.items()) != sorted(url.query.items()):
            found.append(self._differs("query", wanted.query_string, url.query_string))
        return found

    def _differences_of_body(self, asked: Asked) -> list[str]:
        if self._data is not None and self._data != asked.body:
            return [self._differs("body", self._data, asked.body)]
        if self._form is not None:
            wanted = sorted(self._form.items())
            if wanted != sorted(asked.form().items()):
                return [self._differs("form", dict(wanted), dict(asked.form()))]
        if self._json is not ANYTHING:
            try:
                found = asked.json()
            except (ValueError, RecursionError):
                return [self._differs("body", self._json, asked.body)]
            if found != self._json:
                return [self._differs("JSON", self._json, found)]
        return []

    def _differs(self, what: str, wanted: Any, asked: Any) -> str:
        return f"{what}: {wanted!r:.200} {self.said_to_be}, {asked!r:.200} asked"

    def __str__(self) -> str:
        return f"{self.method} {_shown(self._url)}"


def _wanted_fields(
    headers: Mapping[str, str | Pattern[str]] | None,
) -> dict[str, str | Pattern[str]]:
    wanted = dict(headers or {})
    for name, value in wanted.items():
        if not isinstance(value, (str, Pattern)):
            raise TypeError(f"the header {name} is a str or a pattern, not {value!r:.80}")
    return wanted


def _wanted_body(data: Any) -> bytes | None:
    if data is None:
        return None
    if not isinstance(data, (str, bytes, bytearray)):
        told = "; a form is given as form, JSON as json" if isinstance(data, dict) else ""
        raise TypeError(f"data is bytes or str, not {type(data).__name__}{told}")
    return data.encode() if isinstance(data, str) else bytes(data)


def _wanted_form(form: Any) -> "MultiDict[str] | None":
    if form is None:
        return None
    if isinstance(form, (str, bytes)):
        raise TypeError(f"form is a dict like {{'name': 'value'}}, not {form!r:.80}")
    wanted: MultiDict[str] = MultiDict(form)
    for name, value in wanted.items():
        if not isinstance(value, str):
            raise TypeError(f"the form's field {name} is a str, not {value!r:.80}")
    return wanted


def _checked(url: str | URL) -> URL:
    if not isinstance(url, (str, URL)):
        raise TypeError(f"declare a URL as a str, a yarl.URL or a pattern, not {url!r:.80}")
    whole = URL(url)
    if whole.absolute or str(url).startswith("/"):
        return whole
    raise ValueError(
        f"declare a whole URL, like 'https://api.example.com/items', or a path that begins with "
        f"'/' for every host, not {str(url)!r}"
    )


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    # A WebSocket's handshake is a request by http.
    scheme = {"ws": "http", "wss": "https"}.get(url.scheme, url.scheme)
    return scheme, url.host, url.port


def _is(wanted: str | Pattern[str], value: str) -> bool:
    if isinstance(wanted, Pattern):
        return wanted.fullmatch(value) is not None
    return wanted == value


def _shown(wanted: Any) -> str:
    return f"/{wanted.pattern}/" if isinstance(wanted, Pattern) else str(wanted)
