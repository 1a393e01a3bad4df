"""What a session can be asked for; all of it goes through one method."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Final, Unpack

from aiolos_protocol.payload import Payload
from yarl import URL

from .body import body_of
from .composer import checked_headers
from .contexts import Context
from .download import Downloaded, Progress, check_own, download
from .errors import ClientPayloadError
from .options import RequestOptions
from .response import ClientResponse
from .sse import EventSource
from .timeouts import ClientTimeout
from .typedefs import Query, StrOrURL
from .urls import without_login

# Silence after which a download is begun anew where it broke off, in seconds.
_SILENCE: Final = 60.0
# How a pause is made before a connection is made anew.
SLEEP: Callable[[float], Awaitable[object]] = asyncio.sleep


class Verbs:
    """The verbs of ClientSession, which has `_request()` and `timeout`."""

    __slots__ = ()

    @property
    def timeout(self) -> ClientTimeout:
        """The bound of each request."""
        raise NotImplementedError

    async def _request(
        self, method: str, url: StrOrURL, **options: Unpack[RequestOptions]
    ) -> ClientResponse:
        raise NotImplementedError

    def _whole_url(self, url: StrOrURL, params: Query) -> URL:
        """What is asked where a verb is given `url` and `params`."""
        raise NotImplementedError

    async def _pause(self, sleeping: Awaitable[object]) -> None:
        """Await `sleeping`. ConnectionClosedError once the session is closed."""
        raise NotImplementedError

    def request(
        self, method: str, url: StrOrURL, **options: Unpack[RequestOptions]
    ) -> Context[ClientResponse]:
        """Ask `url` by `method`. The result is awaitable and an async context manager.

        Awaiting raises ClientError or a subclass, TimeoutError at the deadline, RuntimeError on a
        closed session, ValueError or TypeError for what cannot be sent.
        """
        return Context(self._request(method, url, **options))

    def get(self, url: StrOrURL, **options: Unpack[RequestOptions]) -> Context[ClientResponse]:
        """request() by GET."""
        if not options:
            return Context(self._request("GET", url))
        return Context(self._request("GET", url, **options))

    def head(self, url: StrOrURL, **options: Unpack[RequestOptions]) -> Context[ClientResponse]:
        """request() by HEAD; does not follow redirections by default."""
        options.setdefault("allow_redirects", False)
        return Context(self._request("HEAD", url, **options))

    def options(self, url: StrOrURL, **options: Unpack[RequestOptions]) -> Context[ClientResponse]:
        """request() by OPTIONS."""
        return Context(self._request("OPTIONS", url, **options))

    def post(self, url: StrOrURL, **options: Unpack[RequestOptions]) -> Context[ClientResponse]:
        """request() by POST."""
        return Context(self._request("POST", url, **options))

    def put(self, url: StrOrURL, **options: Unpack[RequestOptions]) -> Context[ClientResponse]:
        """request() by PUT."""
        return Context(self._request("PUT", url, **options))

    def patch(self, url: StrOrURL, **options: Unpack[RequestOptions]) -> Context[ClientResponse]:
        """request() by PATCH."""
        return Context(self._request("PATCH", url, **options))

    def delete(self, url: StrOrURL, **options: Unpack[RequestOptions]) -> Context[ClientResponse]:
        """request() by DELETE."""
        return Context(self._request("DELETE", url, **options))

    def query(self, url: StrOrURL, **options: Unpack[RequestOptions]) -> Context[ClientResponse]:
        """request() by QUERY: a safe request with a body
        (draft-ietf-httpbis-safe-method-w-body)."""
        return Context(self._request("QUERY", url, **options))

    # More than one request.

    def sse(
        self,
        url: StrOrURL,
        *,
        method: str = "GET",
        last_event_id: str = "",
        reconnect: bool = True,
        max_event_size: int = 1_048_576,
        **options: Unpack[RequestOptions],
    ) -> EventSource:
        """Server-sent events: `async with session.sse(url) as events:`, then `async for`.

        `last_event_id` is where to go on; `reconnect` False ends with the first connection.
        The `total` of the session's timeout bounds the wait for each answer, and not the events
        behind it; a `timeout` given here bounds each connection as a whole, and where its `total`
        is over the iteration ends with TimeoutError. See EventSource.
        """
        answer_within = None
        if options.get("timeout") is None:
            answer_within = self.timeout.total or None
            options["timeout"] = replace(self.timeout, total=None)
        return EventSource(
            self._asking(method, url, options),
            last_event_id=last_event_id,
            reconnect=reconnect,
            max_event_size=max_event_size,
            answer_within=answer_within,
            sleep=lambda seconds: self._pause(SLEEP(seconds)),
        )

    async def download(
        self,
        url: StrOrURL,
        path: "str | PathLike[str]",
        *,
        progress: Progress | None = None,
        attempts: int = 5,
        **options: Unpack[RequestOptions],
    ) -> Downloaded:
        """Download to the file `path`, which appears when it is whole; its folder must be there.

        Where the connection is lost the rest is asked for (Range), unless the server's version
        has changed (If-Range); `attempts` counts those in a row that bring nothing. What an
        earlier call has left beside `path` (.part) is used, too. `progress(received, total)` is
        called with sizes in bytes, total None where it is unknown. The server is asked for the file
        as it is (identity); what it codes all the same is written as it comes, unless
        `auto_decompress` is True. There is no bound in total by default, and that of a `timeout` is
        each request's. Raises what request() raises, ClientPayloadError for another length than
        announced, OSError for what the disk has against it and, EBUSY, where another download
        writes to `path`, in whichever process. A link at `path` stays one; a device or a pipe there
        is an OSError, too.
        """
        if options.get("timeout") is None:
            silence = self.timeout.sock_read or _SILENCE
            options["timeout"] = replace(self.timeout, total=None, sock_read=silence)
        options.setdefault("auto_decompress", False)
        check_own(checked_headers(options.get("headers")))
        return await download(
            self._asking("GET", url, options),
            str(without_login(self._whole_url(url, options.get("params")))),
            Path(path),
            progress=progress,
            attempts=attempts,
            decode=bool(options["auto_decompress"]),
            sleep=lambda seconds: self._pause(SLEEP(seconds)),
        )

    def _asking(
        self, method: str, url: StrOrURL, options: RequestOptions
    ) -> Callable[[dict[str, str]], Awaitable[ClientResponse]]:
        """What makes the same request again and again, with other headers each time.

        It raises ClientPayloadError where the body is gone, as that of an async iterable is.
        """
        body = options.get("data")
        if body is not None and not isinstance(body, (bytes, bytearray, memoryview, str)):
            # Of what is made once it is known whether it can be sent again.
            body = options["data"] = body_of(body, options.get("content_type"))

        async def ask(headers: dict[str, str]) -> ClientResponse:
            if isinstance(body, Payload) and body.consumed:
                raise ClientPayloadError(
                    f"{method} {url} cannot be asked again, for its body is gone: give bytes or "
                    "text, or what asks once alone"
                )
            fields = checked_headers(options.get("headers"))
            fields.update(headers)
            changed: Any = {**options, "headers": fields, "raise_for_status": False}
            return await self._request(method, url, **changed)

        return ask
