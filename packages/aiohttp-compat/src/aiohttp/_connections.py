"""What carries a response, as the original's Connection tells of it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from aiolos_protocol.errors import ConnectionLost


class Carrier:
    """A connection's protocol and transport in one, as far as they are asked for."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self.transport = self
        self.should_close = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio.BaseTransport.get_extra_info()."""
        return self._response.get_extra_info(name, default)

    def is_closing(self) -> bool:
        """Whether the response is done with it."""
        return bool(self._response.closed)

    def is_connected(self) -> bool:
        """Whether the response has it still."""
        return not self._response.closed

    def close(self) -> None:
        """Close it: who still reads the response is told that the connection was lost."""
        self._response._exchange.fail(ConnectionLost("the connection was closed on this side"))

    abort = close

    def force_close(self) -> None:
        """Serve nothing behind the response at hand; over HTTP/2 the connection goes on."""
        self.should_close = True
        sock = self.get_extra_info("socket")
        connector = getattr(self._response._session, "_connector", None)
        for link in getattr(connector, "_hosts", ()) if sock is not None else ():
            if link.get_extra_info("socket") is sock and hasattr(link, "keep_alive"):
                link.keep_alive = False

    def set_parser(self, parser: Any, payload: Any) -> None:
        """RuntimeError: this connection speaks HTTP as long as it has the response."""
        raise RuntimeError(
            "set_parser() is of a connection that has left HTTP: that of a response with the "
            "status 101 (RFC 9110 15.2.2); the body of another is read by response.content"
        )

    async def _drain_helper(self) -> None:
        await self._response._exchange.drain()


class Connection:
    """What carries a response; `transport` tells what is known of it.

    By hand it is `Connection(connector, key, protocol, loop)`; what is released or closed there
    is told to who was given to add_callback(), and to the connector's `_release()` if it has one.
    """

    def __init__(self, connector: Any, key: Any = None, protocol: Any = None, loop: Any = None):
        # One argument is the response of a session, which has the connection.
        self._response = connector if protocol is None else _ByHand(connector, key, protocol)
        self._key = key
        self._loop = loop
        self._callbacks: list[Callable[[], object]] = []
        self._carrier: Carrier | None = None

    def __bool__(self) -> bool:
        return True

    @property
    def loop(self) -> Any:
        """The loop."""
        return asyncio.get_running_loop() if self._loop is None else self._loop

    @property
    def transport(self) -> Any:
        """What is known of it; None once the response is done with the connection."""
        protocol = self.protocol
        return None if protocol is None else protocol.transport

    @property
    def protocol(self) -> Any:
        """Has `transport`; None once the response is done with the connection."""
        if self._response.closed:
            return None
        if isinstance(self._response, _ByHand):
            return self._response.protocol
        if self._carrier is None:
            self._carrier = Carrier(self._response)
        return self._carrier

    @property
    def closed(self) -> bool:
        """Whether the response is done with it."""
        closed: bool = self._response.closed
        return closed

    def add_callback(self, callback: Callable[[], object] | None) -> None:
        """Have it called at release() or close(), whatever it raises."""
        if callback is not None:
            self._callbacks.append(callback)

    def _notify_release(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        for each in callbacks:
            with suppress(Exception):
                each()

    def release(self) -> None:
        """Give it back."""
        self._notify_release()
        self._response.release()

    def close(self) -> None:
        """Close it."""
        self._notify_release()
        self._response.close()


class _ByHand:
    """What a Connection made by hand has in a response's stead."""

    def __init__(self, connector: Any, key: Any, protocol: Any) -> None:
        self._connector = connector
        self._key = key
        self.protocol = protocol
        self._is_done = False

    @property
    def closed(self) -> bool:
        """Whether it was released, or its protocol lost its transport."""
        return self._is_done or not self.protocol.is_connected()

    def release(self) -> None:
        """Give it back."""
        self._end(bool(self.protocol.should_close))

    def close(self) -> None:
        """Close it."""
        self._end(True)

    def _end(self, should_close: bool) -> None:
        if self._is_done:
            return
        self._is_done = True
        release = getattr(self._connector, "_release", None)
        if release is not None:
            release(self._key, self.protocol, should_close=should_close)
        elif should_close:
            self.protocol.close()


class Unasked:
    """What a connection has in a response's stead before there is one."""

    def __init__(self, connector: Any, host: Any, link: Any, is_used: bool) -> None:
        self._connector = connector
        self._host = host
        self._link = link
        self._is_used = is_used
        # To who asks it; or back.
        self.is_given = False
        self._exchange = self

    def given(self, host: Any, *, is_used: bool) -> Any:
        """The link, to be asked: to `host`, and used before or not; None behind the first time."""
        if self.is_given or host is not self._host or self._is_used is not is_used:
            return None
        if not self._link.is_reusable():
            # It has ended.
            return None
        self.is_given = True
        return self._link

    @property
    def closed(self) -> bool:
        """Whether it has ended before it was asked."""
        transport = self._link.transport
        return transport is None or bool(transport.is_closing())

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio.BaseTransport.get_extra_info()."""
        return self._link.get_extra_info(name, default)

    def fail(self, error: BaseException) -> None:
        """Close it."""
        self._link.abort()

    async def drain(self) -> None:
        """Nothing is written."""

    def release(self) -> None:
        """Give it back."""
        if not self.is_given:
            self.is_given = True
            self._connector.unused(self._link)

    def close(self) -> None:
        """Close it."""
        self._link.abort()


class Connected(Connection):
    """What connect() gives whoever replaces it, or calls it by hand; for the session it is a pair,
    of the connection and whether that has served before."""

    def __init__(self, connector: Any, link: Any, is_used: bool) -> None:
        self._unasked = Unasked(connector, None, link, is_used)
        super().__init__(self._unasked)
        self._pair = link, is_used
        self._is_taken = False

    def __iter__(self) -> Iterator[Any]:
        self._is_taken = True
        return iter(self._pair)

    def __del__(self) -> None:
        # Whoever had it has failed, or was cancelled, before he could hand it on: its place in the
        # pool is another's.
        unasked = self._unasked
        if not (self._is_taken or unasked.is_given or unasked.closed):
            unasked.close()

    @property
    def protocol(self) -> Any:
        """What speaks for the connection; None once that has ended."""
        return None if self.closed else self._pair[0]
