"""The format of server-sent events (WHATWG HTML 9.2.5, 9.2.6). Pure: bytes in, events out."""

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

_LINE_END: Final = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event: its `type` ("message" where the server names none), its `data`, and the `id` of
    the last event that had one."""

    data: str
    type: str = "message"
    id: str = ""

    def json(self, *, loads: Callable[[str], Any] = json.loads) -> Any:
        """The data parsed as JSON; raises what `loads` raises."""
        return loads(self.data)


class EventTooLarge(ValueError):
    """An event is larger than it may be."""


class EventParser:
    """Turns the bytes of a stream into events.

    `last_id` is the id of the last event that had one; `retry` the seconds after which the server
    wants a lost connection to be made anew, None where it has not said. An event that is not
    complete at the end of the stream is none. EventTooLarge for more than `limit` characters.
    """

    def __init__(self, limit: int, last_id: str = "") -> None:
        self.last_id = last_id
        self.retry: float | None = None
        self._limit = limit
        self._decode = getincrementaldecoder("utf-8")("replace")
        self._is_first = True
        self._line: list[str] = []
        self._line_size = 0
        self._data: list[str] = []
        self._size = 0
        self._type = ""
        self._id = last_id
        self._ends_in_cr = False

    def feed(self, data: bytes) -> Iterator[ServerSentEvent]:
        """The events that `data` completes."""
        text = self._decode.decode(data)
        if self._is_first and text:
            self._is_first = False
            text = text.removeprefix("\ufeff")
        if self._ends_in_cr and text:
            self._ends_in_cr = False
            text = text.removeprefix("\n")
        position = 0
        for end in _LINE_END.finditer(text):
            self._line.append(text[position : end.start()])
            line = "".join(self._line)
            self._line.clear()
            self._line_size = 0
            position = end.end()
            event = self._take(line)
            if event is not None:
                yield event
        self._ends_in_cr = text.endswith("\r")
        rest = text[position:]
        if rest:
            self._line.append(rest)
            self._line_size += len(rest)
            self._check(self._line_size)

    def _take(self, line: str) -> ServerSentEvent | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._size += len(value) + 1
            self._check(self._size)
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdecimal():
            self.retry = int(value[:9]) / 1000
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        self.last_id = self._id
        data, kind = self._data, self._type
        self._data, self._type, self._size = [], "", 0
        return ServerSentEvent("\n".join(data), kind or "message", self._id) if data else None

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise EventTooLarge(f"an event of more than {self._limit} characters")
