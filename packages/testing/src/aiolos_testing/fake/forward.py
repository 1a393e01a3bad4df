"""Asks the real upstream what a client asked of a FakeServer: one request, one connection."""

import asyncio
import ssl
from typing import Any, Final

from aiolos_protocol.clock import Clock
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link.h1_client import H1ClientLink
from aiolos_protocol.message import RequestHead
from multidict import CIMultiDict

from ..faults.supply import connect_by_socket
from .asked import Asked
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
    loop = asyncio.get_running_loop()
    link = H1ClientLink(loop, Clock(loop), DEFAULT_LIMITS, _Role())
    url = asked.url
    if url.scheme != "https":
        context = None
    elif context is None:
        context = ssl.create_default_context()
    await connect_by_socket(lambda: link, url.host or "", url.port or 0, ssl=context)
    try:
        fields = CIMultiDict(asked.headers)
        # What is recorded is to be read.
        fields["Accept-Encoding"] = "identity"
        head = RequestHead(asked.method, url.raw_path_qs, headers=_end_to_end(fields))
        exchange = link.ask(head, asked.body)
        response = await exchange.answered
        body = await exchange.body.read()
    finally:
        link.close()
    return Answer(response.status, _end_to_end(CIMultiDict(response.headers)), bytes(body))


def _end_to_end(fields: CIMultiDict[str]) -> CIMultiDict[str]:
    for name in _HOP_BY_HOP:
        fields.popall(name, None)
    return fields
