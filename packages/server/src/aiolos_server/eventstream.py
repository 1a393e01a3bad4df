"""Server-sent events (WHATWG HTML 9.2)."""

import asyncio
import contextlib
import json
import re
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Protocol, Self

from aiolos_protocol import hdrs
from aiolos_protocol.errors import ConnectionLost

from . import options
from .composing import Answerable
from .response import StreamResponse

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_LAST_EVENT_ID: Final = "Last-Event-ID"


class Lasting(Answerable, Protocol):
    """What a stream of events asks of its request."""

    def on_farewell(self, farewell: Callable[[], None] | None) -> None: ...
    def on_disconnect(self, callback: Callable[[], None] | None) -> None: ...


class EventStream(StreamResponse):
    """A response that sends events for as long as both sides stay.

        async def clock(request):
            async with web.EventStream(request) as events:
                while True:
                    await events.send(str(datetime.now()))
                    await asyncio.sleep(1)
            return events

    The block is left, without an exception, when the client goes away or the server shuts down,
    wherever it waits; without `async with`, prepare() it, and send() then raises
    ConnectionResetError. A comment is sent after `heartbeat` seconds without an event (None: never)
    to keep proxies content. `retry` tells the client how many milliseconds to wait
    before it connects again. TypeError or ValueError for a time that cannot be.
    """

    def __init__(
        self,
        request: Lasting | None = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        heartbeat: float | None = 15.0,
        retry: int | None = None,
    ) -> None:
        super().__init__(status=status, headers=headers)
        options.wait("heartbeat", heartbeat)
        if heartbeat == 0:
            raise ValueError("heartbeat is more than 0 seconds, or None for none")
        _check_retry(retry)
        fields = self.headers
        fields.setdefault(hdrs.CONTENT_TYPE, "text/event-stream")
        fields.setdefault(hdrs.CACHE_CONTROL, "no-store")
        # Asks nginx not to wait for a full buffer.
        fields.setdefault("X-Accel-Buffering", "no")
        self._request = request
        self._heartbeat = heartbeat
        self._retry = retry
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[Any] | None = None
        self._over = False
        self._cancelled = False

    @property
    def last_event_id(self) -> str | None:
        """The id of the last event that the client has seen, where it connects again."""
        request = self._request
        return None if request is None else request.headers.get(_LAST_EVENT_ID)

    @property
    def closed(self) -> bool:
        """True once the client is gone or the server shuts down."""
        return self._over

    async def prepare(self, request: Answerable) -> None:
        """Send the head; once."""
        if self.prepared:
            return
        lasting: Any = request
        self._request = lasting
        await super().prepare(request)
        lasting.on_farewell(self._leave)
        lasting.on_disconnect(self._leave)
        if self._over:
            return
        if self._retry is not None:
            await self._write(_fields("", None, None, self._retry))
        self._wind()

    async def send(
        self,
        data: str = "",
        *,
        event: str | None = None,
        id: str | None = None,
        retry: int | None = None,
    ) -> None:
        """Send an event; `data` may have several lines. Waits for room in the send buffer.

        ValueError where `event` or `id` holds a line end or `retry` is negative, TypeError for what
        is no str;
        ConnectionResetError where nobody is there any more.
        """
        await self._write(_fields(data, event, id, retry))

    async def send_json(
        self,
        data: Any,
        *,
        event: str | None = None,
        id: str | None = None,
        dumps: Callable[[Any], str | bytes] = json.dumps,
    ) -> None:
        """send() of `data` as JSON; `dumps` may give bytes, which are UTF-8."""
        text = dumps(data)
        if isinstance(text, bytes):
            text = text.decode()
        await self._write(_fields(text, event, id, None))

    async def comment(self, text: str = "") -> None:
        """Send what clients skip; it keeps a connection alive."""
        lines = _LINE_END.split(text)
        await self._write("".join(f": {line}\n" if line else ":\n" for line in lines) + "\n")

    async def _write(self, text: str) -> None:
        if self._over:
            raise self._loss("nobody reads the events any more")
        self._wind()
        await self.write(text.encode())
        if self._coder is not None:
            await self.drain()

    # Both ends.

    def _leave(self) -> None:
        """The client is gone, or the server shuts down."""
        if self._over:
            return
        self._over = True
        self._stop()
        if self._task is not None:
            self._cancelled = True
            self._task.cancel()

    async def __aenter__(self) -> Self:
        if self._request is None:
            raise RuntimeError("give the request to EventStream(...) to use it in `async with`")
        await self.prepare(self._request)
        self._task = asyncio.current_task()
        if self._over and self._task is not None:
            # It went away while the head was sent.
            self._cancelled = True
            self._task.cancel()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        task, self._task = self._task, None
        self._stop()
        if self._cancelled and task is not None and task.uncancel() > 0:
            # Somebody else wants the task to end as well.
            return False
        if isinstance(error, ConnectionResetError):
            return self._over
        return self._cancelled and isinstance(error, asyncio.CancelledError)

    async def write_eof(self, data: bytes = b"") -> None:
        """End the stream."""
        self._stop()
        if not self._over:
            await super().write_eof(data)
            return
        # Where the client is gone there is nobody to tell.
        with contextlib.suppress(ConnectionLost):
            await super().write_eof(data)
        self._ended = True

    # The heartbeat.

    def _wind(self) -> None:
        self._stop()
        if self._heartbeat is not None and not self._ended:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._heartbeat, self._beat)

    def _beat(self) -> None:
        self._wind()
        self.write(b":\n\n")
        if self._coder is not None:
            # A beat that the coder keeps is none.
            with contextlib.suppress(ConnectionLost):
                self._coder.push()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _fields(data: str, event: str | None, id: str | None, retry: int | None) -> str:
    """One event, with the blank line that sends it off."""
    if not isinstance(data, str):
        raise TypeError(f"the data of an event is str, not {type(data).__name__}: see send_json()")
    lines = []
    for name, value in (("event", event), ("id", id)):
        if value is not None:
            if not isinstance(value, str):
                raise TypeError(f"the {name} of an event is str, not {type(value).__name__}")
            if _LINE_END.search(value) or "\0" in value:
                raise ValueError(f"the {name} of an event is one line, not {value!r:.80}")
            lines.append(f"{name}: {value}\n")
    if retry is not None:
        _check_retry(retry)
        lines.append(f"retry: {int(retry)}\n")
    if data or event is not None or (id is None and retry is None):
        lines += [f"data: {line}\n" for line in _LINE_END.split(data)]
    return "".join(lines) + "\n"


def _check_retry(retry: object) -> None:
    """TypeError or ValueError for what clients would pass over: they take digits alone."""
    if retry is None:
        return
    if not isinstance(retry, int):
        raise TypeError(f"retry is a whole number of milliseconds, not {retry!r:.80}")
    if retry < 0:
        raise ValueError(f"retry is 0 milliseconds or more, not {retry}")
