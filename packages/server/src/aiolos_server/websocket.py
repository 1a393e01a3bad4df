"""The server's WebSocket façade; all behaviour is the engine's, in the sibling package."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

from aiolos_protocol import siblings
from aiolos_protocol.errors import UpgradeRefused
from aiolos_protocol.websocket import ForwardingWebSocket, WebSocket, WSCloseCode, WSOptions

from .errors import HTTPBadRequest, HTTPException
from .request import BaseRequest
from .response import Answerable, StreamResponse


class WebSocketResponse(ForwardingWebSocket, StreamResponse):
    """A WebSocket to the client: prepare() it, iterate over it, return it.

    Times are seconds, sizes bytes; see aiolos_protocol.websocket.WSOptions.
    """

    _engine: WebSocket | None = None

    def __init__(
        self,
        *,
        timeout: float = 10.0,
        receive_timeout: float | None = None,
        autoclose: bool = True,
        autoping: bool = True,
        heartbeat: float | None = None,
        protocols: Iterable[str] = (),
        compress: bool = True,
        max_msg_size: int = 4 * 1024 * 1024,
        writer_limit: int = 64 * 1024,
        decode_text: bool = True,
        origins: Iterable[str] | None = None,
    ) -> None:
        StreamResponse.__init__(self, status=101)
        self._options = WSOptions(
            protocols=tuple(protocols),
            origins=None if origins is None else tuple(origins),
            compress=15 if compress else 0,
            heartbeat=heartbeat,
            receive_timeout=receive_timeout,
            close_timeout=timeout,
            autoclose=autoclose,
            autoping=autoping,
            max_msg_size=max_msg_size,
            writer_limit=writer_limit,
            decode_text=decode_text,
        )

    @property
    def ws_protocol(self) -> str | None:
        """The sub-protocol agreed upon."""
        return self.protocol

    async def prepare(self, request: Answerable) -> None:
        """Accept the handshake. Raises HTTPBadRequest (or 403, 426) for what is none."""
        if self._engine is not None:
            return
        if not isinstance(request, BaseRequest):
            raise TypeError(f"prepare() takes the request, not {type(request).__name__}")
        component = siblings.websocket("web.WebSocketResponse")
        try:
            agreement = component.answer(request.head, self._options)
        except UpgradeRefused as refusal:
            raise _refused(refusal) from None
        self.set_status(agreement.status)
        self.headers.update(agreement.headers)
        await super().prepare(request)
        self._engine = agreement.open(request.take_over())
        request.on_farewell(self._say_goodbye)

    async def write_eof(self, data: bytes = b"") -> None:
        """Close the WebSocket if the handler has not."""
        if data:
            raise RuntimeError("a WebSocket has no body; send messages")
        if not self._ended and self._engine is not None:
            self._ended = True
            await self._engine.close()

    def write(self, data: bytes | bytearray | memoryview) -> Awaitable[None]:
        """Not on a WebSocket: RuntimeError."""
        raise RuntimeError("a WebSocket has no body; use send_str(), send_bytes() or send_json()")

    def _say_goodbye(self) -> None:
        engine = self._engine
        if engine is not None and not engine.closed:
            task: asyncio.Future[Any] = asyncio.ensure_future(
                engine.close(code=WSCloseCode.GOING_AWAY, message=b"Server shutdown")
            )
            # The loop keeps tasks weakly; the response lives as long as its WebSocket.
            self._goodbye = task


def _refused(refusal: UpgradeRefused) -> HTTPException:
    error = HTTPBadRequest(text=refusal.message, headers=refusal.headers)
    error.set_status(refusal.status)
    return error
