"""A FakeServer's end of one connection: whole requests in, answers out."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from aiolos_protocol import siblings
from aiolos_protocol.errors import ProtocolError, RemoteProtocolError, UpgradeRefused
from aiolos_protocol.message import RequestHead, ResponseHead
from aiolos_protocol.websocket import WSOptions
from multidict import CIMultiDict
from yarl import URL

from ..faults.interposed import FaultyTransport
from .asked import Asked
from .declaration import Answer, Conversation


class Judge(Protocol):
    """Who decides on answers: the FakeServer."""

    async def decide(self, asked: Asked) -> Answer | Conversation:
        """What to answer to `asked`."""

    def run(self, coroutine: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run what serves one request; it is ended with the server."""

    def complain(self, text: str) -> None:
        """Something was wrong that the test must hear of."""


class Role:
    """aiolos_protocol.exchange.ServerRole."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._link: Any = None
        self._task: asyncio.Task[None] | None = None

    def connected(self, link: Any) -> None:
        """See ServerRole."""
        self._link = link

    def request_received(self, head: RequestHead) -> None:
        """See ServerRole."""
        self._task = self._judge.run(self._serve(head))

    def request_refused(self, error: ProtocolError) -> tuple[int, bytes]:
        """See ServerRole."""
        self._judge.complain(f"what the client sent is no request: {error}")
        return error.status_hint, str(error).encode()

    def half_closed(self) -> None:
        """See ServerRole."""

    @property
    def busy(self) -> bool:
        """See ServerRole."""
        return self._task is not None and not self._task.done()

    def lost(self, exc: BaseException | None) -> None:
        """See ServerRole."""
        if self._task is not None:
            self._task.cancel()

    async def _serve(self, head: RequestHead) -> None:
        exchange = self._link.exchange(head)
        if head.expect:
            exchange.send_head(ResponseHead(100, "Continue"))
        try:
            # A WebSocket's stream of HTTP/2 (RFC 8441) is a GET like any, and its body is the talk.
            method, body = "GET", b""
            if head.protocol is None:
                method, body = head.method, await exchange.body.read()
            asked = Asked.arrived(method, self._url(head), head.headers, bytes(body))
            answer = await self._judge.decide(asked)
            if isinstance(answer, Answer):
                await self._send(head, answer)
            else:
                await self._talk(head, answer)
        except (ConnectionError, RemoteProtocolError):
            # The client broke off, which it may, or a fault did.
            self._link.abort()
        except Exception as error:
            # Nobody awaits this task: the test hears of it, and the client sees a broken answer.
            self._judge.complain(
                f"the answer to {head.method} {head.target} failed: {type(error).__name__}: {error}"
            )
            self._link.abort()

    def _url(self, head: RequestHead) -> URL:
        secure = self._link.get_extra_info("ssl_object") is not None
        scheme = "https" if secure else "http"
        return URL(f"{scheme}://{head.authority or 'localhost'}{head.target}", encoded=True)

    async def _send(self, head: RequestHead, answer: Answer) -> None:
        link, fields = self._link, answer.headers.copy()
        transport: FaultyTransport = link.transport
        if answer.fault is not None:
            transport.suffer(answer.fault)
        if answer.pieces is None:
            link.answer(head, answer.status, answer.reason, "", fields, answer.body, True)
        else:
            exchange = link.exchange(head)
            exchange.send_head(ResponseHead(answer.status, answer.reason, headers=fields))
            for piece in answer.pieces:
                await exchange.write(piece)
                # A turn of the loop for each, so that each goes out by itself.
                await asyncio.sleep(0)
            exchange.end()

    async def _talk(self, head: RequestHead, conversation: Conversation) -> None:
        exchange = self._link.exchange(head)
        component = siblings.websocket("FakeServer.websocket()")
        try:
            agreement = component.answer(head, WSOptions(protocols=conversation.protocols))
        except UpgradeRefused as refusal:
            self._judge.complain(f"{head.method} {head.target} opens no WebSocket: {refusal}")
            refused = Answer(refusal.status, CIMultiDict(refusal.headers), str(refusal).encode())
            await self._send(head, refused)
            return
        # From now on the end of the connection is the talk's own matter.
        self._task = None
        exchange.send_head(ResponseHead(agreement.status, headers=agreement.headers.copy()))
        websocket = agreement.open(exchange.take_over())
        try:
            await conversation.talk(websocket)
        finally:
            await websocket.close()
