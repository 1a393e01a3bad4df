"""One request over one connection: had from the connector, sent, and its response's head awaited.

No task and no timer for a request whose body is at hand: the connection's deadline is a field
that the connector's clock sweeps, and only a bound below a second gets a timer of its own.
"""

import asyncio
import random
from functools import partial
from typing import Any, Final

from aiolos_protocol import hdrs
from aiolos_protocol.coding import decoded
from aiolos_protocol.compression import UnsupportedCoding
from aiolos_protocol.cookies import format_cookie
from aiolos_protocol.errors import MissingDistribution, ProtocolError, Unanswered, Unprocessed
from aiolos_protocol.exchange import ClientExchange, ClientLink
from aiolos_protocol.message import HttpVersion11, HttpVersion20, ResponseHead
from aiolos_protocol.payload import Payload
from aiolos_protocol.streams import EMPTY, StreamReader
from multidict import CIMultiDict

from .abc import AbstractCookieJar
from .clientrequest import ClientRequest
from .connector import BaseConnector
from .cookiejar import cookie_pairs
from .deadlines import Watch, watch
from .errors import ClientConnectionError, ClientProxyConnectionError
from .links import admission
from .middlewares import ClientHandlerType
from .pool import Host
from .response import ClientResponse
from .tracing import TraceConnectionReuseconnParams, TraceRequestHeadersSentParams, Traces
from .translation import BodyErrors, request_error
from .upload import send_body

# How long a server is given to say 100 or something else before the body is sent all the same
# (RFC 9110 10.1.1), in seconds.
_PATIENCE: Final = 1.0
# How often a request is sent that its server refuses to work on (RFC 9113 8.7).
_ATTEMPTS: Final = 6
# RFC 9110 15.5.20
_MISDIRECTED: Final = 421
# From the second time on it waits, for a random time below this many seconds, doubled each time.
_PAUSE: Final = 0.01


class Sender:
    """Sends requests through `connector`, with the cookies of `jar`; `repeat` allows the one
    silent repetition. `response_class` makes the responses."""

    __slots__ = (
        "_connector", "_jar", "_loop", "_ours", "_repeat", "_response", "_ssl", "_uploads",
    )  # fmt: skip

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connector: BaseConnector,
        jar: AbstractCookieJar,
        repeat: bool,
        response_class: type[ClientResponse],
    ) -> None:
        self._loop = loop
        self.use(connector)
        self._jar = jar
        self._repeat = repeat
        self._response = response_class
        self._uploads: set[asyncio.Task[None]] = set()

    def use(self, connector: Any) -> None:
        """Send through `connector` from now on."""
        self._connector: BaseConnector = connector
        # Again, where compiled code may know what it is; somebody's own may stand in its place.
        is_ours = isinstance(connector, BaseConnector)
        self._ours: BaseConnector | None = connector if is_ours else None
        self._ssl: Any = getattr(connector, "ssl", True)

    # As most requests go: over a connection at hand, and answered. Each step is one of send(),
    # which whoever takes them calls with what he has, as soon as anything goes another way.

    def at_hand(self, request: ClientRequest) -> ClientLink | None:
        """A connection over which `request` may go without anything to be waited for before."""
        connector, settings = self._ours, request.settings
        if connector is None or settings.is_fine:
            return None
        if request.offer is not None or request.upload is not None or request.traces is not None:
            return None
        return connector.take(self._place(request))

    def ask(self, link: ClientLink, request: ClientRequest) -> ClientExchange:
        """Send `request` over `link`, which at_hand() gave."""
        exchange = self._ask(link, request)
        watch(self._loop, exchange, request)
        return exchange

    def accept(
        self,
        request: ClientRequest,
        link: ClientLink,
        exchange: ClientExchange,
        head: ResponseHead,
    ) -> ClientResponse | None:
        """The response to `request`; None for one that send() may have to send again."""
        if head.status == _MISDIRECTED:
            return None
        return self._accept(request, self._place(request), link, exchange, head)

    async def dressed(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """A middleware before all others of the user: they find the request as it was composed,
        and in its headers the cookies that will be sent, and may change them."""
        request.begin()
        cookie = self._cookie(request)
        if cookie:
            request.headers[hdrs.COOKIE] = cookie
        request.cookies = None
        return await handler(request)

    async def send(
        self,
        request: ClientRequest,
        link: ClientLink | None = None,
        exchange: ClientExchange | None = None,
        failure: BaseException | None = None,
    ) -> ClientResponse:
        """The response to `request`, its body still to come.

        A request is sent again where the server says that it has not worked on it (RFC 9113 8.7),
        and an idempotent one once more where a connection that had been idle turns out to be dead
        before any byte of an answer came (RFC 9110 9.2.2, RFC 9112 9.3.1). One that used another
        host's connection and is answered by 421 is sent over one of its own (RFC 9110 15.5.20).
        Raises a ClientError, or TimeoutError at the request's deadline.

        With a `link` at_hand() gave it; `exchange` is what was asked over it, and `failure` what
        came of either.
        """
        if request.upload is not None and request.upload.tracker is not None:
            request.upload.tracker.begin()
        if request.offer is not None:
            link = await self._way_of_websocket(request)
        place = self._place(request)
        if link is None:
            link = self._connector.take(place)
        may_repeat, reused = self._repeat, link is not None
        attempts = 0
        watching: Watch | None = None
        if link is not None and request.traces is not None:
            await self._trace_reuse(link, request.traces)
        while True:
            if link is None:
                link, reused = await self._connection(place, request)
                if reused and request.traces is not None:
                    await self._trace_reuse(link, request.traces)
            attempts += 1
            try:
                if failure is not None:
                    failed, failure = failure, None
                    raise failed
                if exchange is None:
                    exchange = self._ask(link, request)
                    watching = watch(self._loop, exchange, request)
                    if request.traces is not None:
                        await self._trace_head(exchange, request)
                head = await exchange.answered
                if head.status != _MISDIRECTED or not self._may_ask_another(request, place, link):
                    break
                exchange.abort()
                await self._stop_upload(request)
                if watching is not None:
                    watching.stop()
            except Unprocessed as error:
                if exchange is None:
                    self._connector.unused(link)
                exchange = None
                link, place = await self._way_after(error, request, attempts)
                reused = link is not None
            except Unanswered as error:
                self._check_repeatable(error, request, may_repeat and reused)
                # The idle ones of a server that went away are dead, too.
                self._connector.close_idle(place)
                link = exchange = None
                may_repeat = False
            except (ProtocolError, ConnectionError) as error:
                received = 0 if exchange is None else exchange.received
                self._give_up(link, exchange)
                raise request_error(request, error, received) from error
            except BaseException:
                # Also a cancelled caller: nobody will read what may still come.
                self._give_up(link, exchange)
                raise
            else:
                exchange = None
                link, place = await self._way(request)
                reused = link is not None
        if watching is not None:
            exchange.body.on_eof(watching.stop)
        return self._accept(request, place, link, exchange, head)

    # What did not work, and whether it may be tried again.

    def _may_ask_another(self, request: ClientRequest, place: Host, link: ClientLink) -> bool:
        """Whether `request` may go over a connection of its own host's, after a 421."""
        return self._connector.parts(place, link) and not request.is_consumed()

    def _check_repeatable(self, error: Unanswered, request: ClientRequest, allowed: bool) -> None:
        """Raise what `error` is to the caller, unless `request` may be sent once more."""
        if self._connector.closed:
            told = f"the connector was closed while {request} waited for its answer"
            raise ClientConnectionError(told) from error
        if not (allowed and request.is_repeatable()):
            raise request_error(request, error, 0) from error

    async def _way_after(
        self, error: Unprocessed, request: ClientRequest, attempts: int
    ) -> tuple[ClientLink | None, Host]:
        """See _way(); after a pause, and only where a request that was refused may go again."""
        await self._stop_upload(request)
        if attempts == _ATTEMPTS or request.is_consumed():
            raise request_error(request, error, 0) from error
        if attempts > 1:
            await self._pause(request, attempts)
        return await self._way(request)

    async def _pause(self, request: ClientRequest, attempts: int) -> None:
        """Leave a server that refuses time; random, so that many do not come back at once."""
        pause = random.uniform(0, _PAUSE * 2**attempts)  # noqa: S311
        total = request.settings.timeout.total
        if total:
            pause = min(pause, max(0.0, request.begun + total - self._loop.time()))
        await asyncio.sleep(pause)

    async def _stop_upload(self, request: ClientRequest) -> None:
        """What is on the way is of no use; the request may be sent anew."""
        sending = request.sending
        if sending is not None and not sending.done():
            sending.cancel()
            await asyncio.wait([sending])

    def _give_up(self, link: ClientLink, exchange: ClientExchange | None) -> None:
        if exchange is None:
            self._connector.unused(link)
        else:
            exchange.abort()

    # Uploads, until they are over.

    async def close_body(self, body: Payload, response: ClientResponse) -> None:
        """Let go of what `body` holds, once it is sent or given up; that is not waited for."""
        if response.upload_is_over():
            await body.close()
            return
        task = self._loop.create_task(_close_body(body, response))
        self._uploads.add(task)
        task.add_done_callback(self._uploads.discard)

    async def close(self) -> None:
        """End the uploads that are under way."""
        uploads = list(self._uploads)
        for each in uploads:
            each.cancel()
        if uploads:
            await asyncio.wait(uploads)

    # The way there.

    def _place(self, request: ClientRequest) -> Host:
        """What the connector knows of where the request goes."""
        target, route = request.target, request.settings.route
        if target.place_route is not route:
            target.place = self._connector.host(target.key(route, self._ssl))
            target.place_route = route
        place: Host = target.place
        return place

    async def _way(self, request: ClientRequest) -> tuple[ClientLink | None, Host]:
        """A connection at hand to send the request again, if there is one, and where it goes."""
        if request.upload is not None and request.upload.tracker is not None:
            request.upload.tracker.begin()
        link = None if request.offer is None else await self._way_of_websocket(request)
        place = self._place(request)
        return self._connector.take(place) if link is None else link, place

    async def _way_of_websocket(self, request: ClientRequest) -> ClientLink | None:
        """A connection of HTTP/2 whose server takes WebSockets; without one the request goes over
        HTTP/1.1. Where a server may choose, none is opened for the sake of a WebSocket alone: it
        would have no advantage."""
        connector, place = self._connector, self._place(request)
        link = connector.take_shared(place)
        if link is None and connector.knows_http2(place):
            link, _ = await self._connection(place, request)
        if link is not None:
            takes = await connector.takes_websockets(link)
            link = link if takes else None
        request.shake_hands(HttpVersion11 if link is None else HttpVersion20)
        return link

    async def _connection(self, place: Host, request: ClientRequest) -> tuple[ClientLink, bool]:
        """A connection, and whether it has served before."""
        timeout = request.settings.timeout
        until = request.begun + timeout.total if timeout.total else None
        try:
            async with asyncio.timeout_at(until) as bound:
                return await self._connector.connect(
                    place, timeout.connect or None, timeout.sock_connect or None, request.traces
                )
        except TimeoutError as error:
            if error.args or not bound.expired():
                raise
            raise TimeoutError(
                f"{request} took longer than total={timeout.total:g} s, connecting to {place.key}"
            ) from error
        except ClientProxyConnectionError as error:
            key = place.key
            if not key.is_forwarded:
                raise
            # The connection would have been for all hosts: who asked for one is told of that one.
            target = request.target
            key = key._replace(host=target.host, port=target.port, is_forwarded=False)
            raise ClientProxyConnectionError(key, error.os_error) from error

    async def _trace_reuse(self, link: ClientLink, traces: Traces) -> None:
        try:
            await traces.send("on_connection_reuseconn", TraceConnectionReuseconnParams())
        except BaseException:
            self._connector.unused(link)
            raise

    async def _trace_head(self, exchange: ClientExchange, request: ClientRequest) -> None:
        assert request.traces is not None
        head = exchange.head
        fields = head.fields
        if head.length > 0:
            # The connection writes it.
            fields = CIMultiDict(fields)
            fields[hdrs.CONTENT_LENGTH] = str(head.length)
        sent = TraceRequestHeadersSentParams(request.method, request.url, fields)
        await request.traces.send("on_request_headers_sent", sent)

    # The exchange.

    def _ask(self, link: ClientLink, request: ClientRequest) -> ClientExchange:
        jar = self._jar
        cookie = ""
        if request.cookies or (request.cookies is not None and not jar.is_empty()):
            cookie = self._cookie(request)
        last = self._connector.force_close
        head = None if cookie or last else request.shared_head()
        if head is None:
            head = request.head(cookie, last=last)
        link.limit(request.settings.limits)
        body = request.data
        if isinstance(body, bytes) and request.upload is None and head.length >= 0:
            exchange = link.ask(head, body)
            if request.settings.on_informational is not None:
                exchange.informed = request.settings.on_informational
            return exchange
        exchange = link.ask_streaming(head)
        permission = self._permission(exchange, request)
        length = head.length if head.length >= 0 else None
        if permission is None and isinstance(body, bytes) and request.upload is None:
            exchange.write(body)
            exchange.end()
            return exchange
        admitted = None if isinstance(body, bytes) else admission(link)
        task = self._loop.create_task(
            send_body(exchange, body, request.upload, length, permission, admitted)
        )
        request.sending = task
        self._uploads.add(task)
        task.add_done_callback(self._uploads.discard)
        return exchange

    def _permission(
        self, exchange: ClientExchange, request: ClientRequest
    ) -> "asyncio.Future[bool] | None":
        """What a request with `Expect: 100-continue` waits for before it sends its body."""
        told = request.settings.on_informational
        if "100-continue" not in exchange.head.fields.get(hdrs.EXPECT, "").lower():
            exchange.informed = told
            return None
        permission: asyncio.Future[bool] = self._loop.create_future()
        settle = partial(_settle, permission)
        timer = self._loop.call_later(_PATIENCE, settle, True)
        permission.add_done_callback(lambda _: timer.cancel())
        exchange.answered.add_done_callback(lambda _: settle(False))

        def informed(head: ResponseHead) -> None:
            if head.status == 100:
                settle(True)
            if told is not None:
                told(head)

        exchange.informed = informed
        return permission

    def _cookie(self, request: ClientRequest) -> str:
        """The Cookie field: the request's own, of its header those of other names, and of the jar's
        likewise."""
        given = request.headers.get(hdrs.COOKIE, "")
        pairs = list(request.cookies or ())
        names = {name for name, _ in pairs}
        if given:
            in_header = {pair: pair.partition("=")[0].strip() for pair in given.split(";")}
            if not names.isdisjoint(in_header.values()):
                kept = (pair.strip() for pair, name in in_header.items() if name not in names)
                given = "; ".join(kept)
            names.update(in_header.values())
        for name, value in cookie_pairs(self._jar.filter_cookies(request.url)):
            if name not in names:
                pairs.append((name, value))
        cookie = format_cookie(pairs)
        return "; ".join(filter(None, (given, cookie)))

    # The way back.

    def _accept(
        self,
        request: ClientRequest,
        place: Host,
        link: ClientLink,
        exchange: ClientExchange,
        head: ResponseHead,
    ) -> ClientResponse:
        if place.is_tls:
            self._connector.answered(link)
        try:
            return self._respond(request, head, exchange)
        except BaseException:
            # A jar or a class of responses of somebody's own may raise.
            exchange.abort()
            raise

    def _respond(
        self, request: ClientRequest, head: ResponseHead, exchange: ClientExchange
    ) -> ClientResponse:
        content: StreamReader = exchange.body
        plain = head.plain
        if not plain and head.mentions(b"set-cookie"):
            values = head.headers.getall(hdrs.SET_COOKIE, ())
            if values:
                self._jar.update_cookies_from_headers(values, request.url)
        if not (content.is_whole() and (plain or content.at_eof())):
            content = self._content(request, head, exchange)
        return self._response(request, exchange, head, content)

    def _content(
        self, request: ClientRequest, head: ResponseHead, exchange: ClientExchange
    ) -> StreamReader:
        """The body as it is to be read."""
        content: StreamReader = exchange.body
        settings = request.settings
        if head.length < 0 and not head.chunked and not settings.read_until_eof:
            exchange.abort()
            return EMPTY
        if settings.auto_decompress and head.mentions(b"content-encoding"):
            try:
                content = decoded(content, head.headers.get(hdrs.CONTENT_ENCODING), settings.limits)
            except (UnsupportedCoding, MissingDistribution):
                # As it came: whoever knows the coding may decode it.
                pass
            except ProtocolError as error:
                exchange.abort()
                raise request_error(request, error, 0) from error
        if not content.is_whole() or content is not exchange.body:
            content.translate(BodyErrors(str(request), self._connector))
        return content


def _settle(permission: "asyncio.Future[bool]", given: bool) -> None:
    if not permission.done():
        permission.set_result(given)


async def _close_body(body: Payload, response: ClientResponse) -> None:
    try:
        await response.upload_ended()
    finally:
        await body.close()
