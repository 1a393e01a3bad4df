"""Each sibling keeps its contract, by the suites that its implementers are given."""

import ssl
from collections.abc import Awaitable
from typing import Any

import aiolos_client.component
import aiolos_server.component
import aiolos_websocket.component
import trustme
from aiolos import web
from aiolos_protocol.contracts import Agreement, UpgradeHead
from aiolos_protocol.message import HttpVersion, RequestHead, ResponseHead
from aiolos_protocol.upgrade import Handover
from aiolos_protocol.websocket import (
    WebSocket,
    WSCloseCode,
    WSMsgType,
    WSOptions,
    WSReceived,
)
from aiolos_testing.conformance import (
    check_requester,
    check_servable,
    check_websocket_component,
)


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


async def test_an_application_is_servable() -> None:
    def make() -> web.Application:
        app = web.Application()
        app.router.add_get("/hello", hello)
        return app

    await check_servable(make, path="/hello", tls=contexts())


async def test_a_handler_made_servable_is_servable() -> None:
    await check_servable(lambda: aiolos_server.component.from_handler(hello))


async def test_a_session_is_a_requester() -> None:
    await check_requester(aiolos_client.component.loopback_session)


async def test_the_websocket_component_keeps_its_contract() -> None:
    await check_websocket_component(aiolos_websocket.component)


class Primitives(WebSocket):
    """Has what is abstract of a WebSocket, from an engine; all else is the base class's own."""

    def __init__(self, engine: WebSocket) -> None:
        self._engine = engine

    @property
    def closed(self) -> bool:
        return self._engine.closed

    @property
    def close_code(self) -> int | None:
        return self._engine.close_code

    @property
    def protocol(self) -> str | None:
        return self._engine.protocol

    def exception(self) -> BaseException | None:
        return self._engine.exception()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._engine.get_extra_info(name, default)

    def receive(self, timeout: float | None = None) -> Awaitable[WSReceived]:
        return self._engine.receive(timeout)

    def send_frame(
        self,
        message: bytes | bytearray | memoryview,
        opcode: WSMsgType,
        compress: int | None = None,
    ) -> Awaitable[None]:
        return self._engine.send_frame(message, opcode, compress)

    def close(
        self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True
    ) -> Awaitable[bool]:
        return self._engine.close(code=code, message=message, drain=drain)


class PrimitiveAgreement:
    """An agreement whose WebSocket has nothing but the primitives."""

    def __init__(self, agreement: Agreement) -> None:
        self._agreement = agreement
        self.status = agreement.status
        self.headers = agreement.headers
        self.subprotocol = agreement.subprotocol

    def open(self, handover: Handover) -> WebSocket:
        return Primitives(self._agreement.open(handover))


class PrimitiveOffer:
    """An offer that comes to such an agreement."""

    def __init__(self, options: WSOptions) -> None:
        self._offer = aiolos_websocket.component.offer(options)

    def head(self, version: HttpVersion) -> UpgradeHead:
        return self._offer.head(version)

    def confirm(self, response: ResponseHead) -> PrimitiveAgreement:
        return PrimitiveAgreement(self._offer.confirm(response))


class PrimitiveComponent:
    """A component whose WebSockets leave to the base class what it can do."""

    def offer(self, options: WSOptions) -> PrimitiveOffer:
        return PrimitiveOffer(options)

    def answer(self, request: RequestHead, options: WSOptions) -> PrimitiveAgreement:
        return PrimitiveAgreement(aiolos_websocket.component.answer(request, options))


async def test_what_follows_from_the_primitives_is_what_the_engine_does() -> None:
    await check_websocket_component(PrimitiveComponent())
