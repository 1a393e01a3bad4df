"""Asks the real upstream what a client asked of a FakeServer: one request, one connection."""

import asyncio
import ssl
from typing import Any, Final

from aiolos_protocol import siblings
from aiolos_protocol.clock import Clock
from aiolos_protocol.errors import UpgradeRefused
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link.h1_client import H1ClientLink
from aiolos_protocol.message import HttpVersion11, RequestHead, ResponseHead
from aiolos_protocol.websocket import WebSocket, WSOptions
from multidict import CIMultiDict

from ..faults.supply import connect_by_socket
from .asked import Asked, uncoded
from .declaration import Answer

# RFC 9110 7.6.1: fields of one connection; lengths and codings are the next connection's own.
_HOP_BY_HOP: Final = (
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Content-Length",
    "Expect",
)


class _Role:
    """aiolos_protocol.exchange.ClientRole: nothing is pooled."""

    def recycled(self, link: Any) -> None:
        link.close()

    def lost(self, link: Any, exc: BaseException | None) -> None:
        pass


async def forward(asked: Asked, context: ssl.SSLContext | None = None) -> Answer:
    """The answer of the real server; its body as it is without content coding.

    `context` is for https; by default it trusts the system's authorities.
    Raises OSError where it cannot be reached, ProtocolError for what is no answer.
    """
    link = await _connected(asked, context)
    try:
        fields = CIMultiDict(asked.headers)
        # What is recorded is to be read.
        fields["Accept-Encoding"] = "identity"
        head = RequestHead(asked.method, asked.url.raw_path_qs, headers=_end_to_end(fields))
        exchange = link.ask(head, asked.body if asked.coded is None else asked.coded)
        return await _answer(exchange, await exchange.answered)
    finally:
        link.close()


def is_handshake(asked: Asked) -> bool:
    """Whether a WebSocket is asked for, in either version (RFC 6455 4.1, RFC 8441 5)."""
    return "Sec-WebSocket-Version" in asked.headers


async def open_websocket(
    asked: Asked, context: ssl.SSLContext | None = None
) -> tuple[Answer, WebSocket | None]:
    """The WebSocket of the real server, not compressed; None where its answer is another one.

    Raises as forward() does, and MissingDistribution where aiolos-websocket is not installed.
    """
    offered = ",".join(asked.headers.getall("Sec-WebSocket-Protocol", ()))
    protocols = tuple(filter(None, (each.strip() for each in offered.split(","))))
    # The server is another one, and may be slow to close, but not for ever.
    options = WSOptions(protocols=protocols, max_msg_size=0, close_timeout=2.0)
    offer = siblings.websocket("a Recorder of WebSockets").offer(options)
    fields = _end_to_end(CIMultiDict(asked.headers))
    for name in [name for name in fields if name.lower().startswith("sec-websocket-")]:
        del fields[name]
    fields.extend(offer.head(HttpVersion11).headers)
    link = await _connected(asked, context)
    try:
        exchange = link.ask(RequestHead("GET", asked.url.raw_path_qs, headers=fields))
        response = await exchange.answered
        agreement = offer.confirm(response)
    except UpgradeRefused:
        answer = await _answer(exchange, response)
        link.close()
        return answer, None
    except BaseException:
        link.close()
        raise
    websocket = agreement.open(exchange.take_over())
    return Answer(response.status, _end_to_end(CIMultiDict(response.headers))), websocket


async def _connected(asked: Asked, context: ssl.SSLContext | None) -> H1ClientLink:
    loop = asyncio.get_running_loop()
    link = H1ClientLink(loop, Clock(loop), DEFAULT_LIMITS, _Role())
    url = asked.url
    if url.scheme != "https":
        context = None
    elif context is None:
        context = ssl.create_default_context()
    await connect_by_socket(lambda: link, url.host or "", url.port or 0, ssl=context)
    return link


async def _answer(exchange: Any, response: ResponseHead) -> Answer:
    body = bytes(await exchange.body.read())
    fields = _end_to_end(CIMultiDict(response.headers))
    # Some servers compress whatever is asked for.
    plain = uncoded(response.headers, body)
    if plain is not None:
        del fields["Content-Encoding"]
        body = plain
    return Answer(response.status, fields, body)


def _end_to_end(fields: CIMultiDict[str]) -> CIMultiDict[str]:
    for name in _HOP_BY_HOP:
        fields.popall(name, None)
    return fields
