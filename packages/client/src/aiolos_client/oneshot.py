"""One request, with a session of its own."""

from types import TracebackType
from typing import Unpack

from .connector import BaseConnector
from .options import RequestOptions
from .response import ClientResponse
from .session import ClientSession
from .tcp import TCPConnector
from .typedefs import StrOrURL


class request:  # noqa: N801 - aiohttp's name, that of a function
    """`async with request(method, url, ...) as response:` for a single request.

    The session's connector is closed with the block, unless `connector` is given, which is left
    open. Options are those of ClientSession.request(). For more than one request a ClientSession
    is many times faster.
    """

    def __init__(
        self,
        method: str,
        url: StrOrURL,
        *,
        connector: BaseConnector | None = None,
        **options: Unpack[RequestOptions],
    ) -> None:
        own = connector is None
        self._session = ClientSession(
            connector=connector or TCPConnector(force_close=True),
            connector_owner=own,
        )
        self._asked = self._session.request(method, url, **options)

    async def __aenter__(self) -> ClientResponse:
        try:
            return await self._asked.__aenter__()
        except BaseException:
            await self._session.close()
            raise

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._asked.__aexit__(exc_type, exc, traceback)
        await self._session.close()
