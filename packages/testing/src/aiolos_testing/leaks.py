"""What a test leaves behind: tasks, sockets, files, sessions, responses, payloads."""

import asyncio
import gc
import io
import socket
from collections.abc import Callable, Iterator
from typing import Any, Final

from aiolos_protocol.payload import AsyncIterablePayload

from .memory import MemoryTransport

# Turns of the loop that what was closed may take to be gone.
_TURNS: Final = 10


class Leaked(AssertionError):
    """A test left something open or running."""


class LeakCheck:
    """Knows what is there when it is made; check() finds what has come since and is still there.

    Tasks that run; sockets, files and connections in memory that are open; sessions, connectors,
    responses and WebSockets of aiolos that are not closed; payloads with a generator that is not at
    its end. What is there is set aside by
    gc.freeze() until close(), or as long as this object lives, so that looking takes a moment.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()
        self._tasks = asyncio.all_tasks(self._loop)
        # The objects themselves: an id may be another object's later.
        self._known: list[Any] = []
        self._left: list[Any] = []
        # Whoever froze before, another check or the program, wants it to stay so.
        self._freezes = hasattr(gc, "freeze") and gc.get_freeze_count() == 0
        if self._freezes:
            gc.freeze()
        else:
            self._known = [found for found, _ in _open_objects()]

    def close(self) -> None:
        """No check comes any more: the collector looks at everything again. May be repeated."""
        if self._freezes:
            self._freezes = False
            gc.unfreeze()

    def __del__(self) -> None:
        self.close()

    async def check(self) -> None:
        """Raise Leaked, naming each and what to do."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        current = asyncio.current_task()
        left = [
            f"a task runs: {task!r}; await it, or cancel and await it"
            for task in asyncio.all_tasks(self._loop)
            if task is not current and task not in self._tasks and not _is_driver(task)
        ]
        left += self._open()
        if left:
            raise Leaked("left behind by this test:\n" + "\n".join(left))

    def _open(self) -> list[str]:
        known = {id(each) for each in self._known}
        found = {id(each): advice for each, advice in _open_objects() if id(each) not in known}
        if found and self._freezes:
            # Garbage that is set aside may hold what only seems to be in use.
            gc.unfreeze()
            self._left += [each for each, _ in _open_objects() if id(each) in found]
            gc.freeze()
            found = {}
        return [*found.values(), *filter(None, map(_advice, self._left))]


def _is_driver(task: "asyncio.Task[Any]") -> bool:
    # The task of run_until_complete(), which waits for the one that checks (anyio's plugin does
    # so). Only the callback tells, and only the repr shows it.
    return "run_until_complete" in repr(task).partition(" cb=[")[2]


def _open_objects() -> Iterator[tuple[Any, str]]:
    """Each open object, and what to say of it."""
    # What only waits for the collector to close it is not left behind.
    gc.collect()
    for found in gc.get_objects():
        advice = _advice(found)
        if advice:
            yield found, advice


def _advice(found: Any) -> str | None:
    """What to say of `found` where it is open."""
    kind = type(found)
    describe = _DESCRIBED.get(kind)
    if describe is None:
        describe = _DESCRIBED[kind] = _describer(kind)
    return describe(found)


Describer = Callable[[Any], str | None]


def _describer(kind: type) -> Describer:
    # By the class itself: isinstance() asks the object, and some objects do things when asked.
    if issubclass(kind, socket.socket):
        return _of_socket
    if issubclass(kind, io.FileIO):
        return _of_file
    if issubclass(kind, MemoryTransport):
        return _of_connection
    # A class may have made a property of its module.
    module = str(kind.__module__)
    if module.startswith("uvloop") and hasattr(kind, "get_extra_info"):
        return _of_transport
    if module.startswith("uvloop") and hasattr(kind, "is_serving"):
        return _of_server
    if issubclass(kind, AsyncIterablePayload):
        return _of_payload
    if hasattr(kind, "closed") and any(_is_the_clients(base) for base in kind.__mro__):
        return _of_client
    return _nothing


def _is_the_clients(kind: type) -> bool:
    return str(kind.__module__).startswith("aiolos_client")


def _nothing(found: Any) -> None:
    return None


def _of_socket(found: Any) -> str | None:
    return f"a socket is open: {found!r}; close what opened it" if found.fileno() >= 0 else None


def _of_file(found: Any) -> str | None:
    return None if found.closed else f"a file is open: {found.name!r}; close it"


def _of_connection(found: Any) -> str | None:
    return None if found.is_closing() else f"a connection in memory is open: {found!r}; close it"


def _of_transport(found: Any) -> str | None:
    return None if found.is_closing() else f"a transport is open: {found!r}; close it"


def _of_server(found: Any) -> str | None:
    return f"a server listens: {found!r}; close it" if found.is_serving() else None


def _of_payload(found: Any) -> str | None:
    # Only a generator tells: None behind its end.
    if getattr(found._value, "ag_frame", None) is None:
        return None
    return f"{found!r} was not sent whole; send it, or aclose() its generator"


def _of_client(found: Any) -> str | None:
    # A response whose session was closed holds no connection, and was forgotten all the same.
    if found.closed and not getattr(found, "unread", False):
        return None
    return f"{found!r} is open; use async with, or close it"


_DESCRIBED: dict[type, Describer] = {}
