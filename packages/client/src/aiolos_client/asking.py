"""The way of a request from a verb to its response, compiled where there is a compiler."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Unpack

from aiolos_protocol.contracts import Offer
from multidict import CIMultiDict
from yarl import URL

from .clientrequest import ClientRequest
from .composer import Composer
from .deadlines import within_total
from .environment import by_environment
from .errors import InvalidUrlClientError
from .given import check_instance
from .middlewares import ClientHandlerType, build_client_middlewares
from .options import RaiseForStatus, RequestOptions, check_names
from .redirects import STATUSES, follow, follow_redirects
from .response import ClientResponse
from .sender import Sender
from .settings import Settings
from .tracing import (
    TraceConfig,
    TraceRequestEndParams,
    TraceRequestExceptionParams,
    TraceRequestStartParams,
    Traces,
)
from .typedefs import Query, StrOrURL
from .upload import UploadTracker, trace_upload
from .verbs import Verbs


class Asking(Verbs):
    """What ClientSession asks by; each of its verbs goes through _request()."""

    __slots__ = (
        "_composer", "_handler", "_loop", "_open", "_sender", "_trace_configs", "_trust_env",
    )  # fmt: skip

    def _set_up(
        self,
        loop: asyncio.AbstractEventLoop,
        composer: Composer,
        sender: Sender,
        trace_configs: "list[TraceConfig]",
        trust_env: bool,
    ) -> None:
        """From now on it can be asked; the parameters are ClientSession's."""
        self._loop = loop
        self._composer = composer
        self._sender = sender
        self._trace_configs = trace_configs
        self._trust_env = trust_env
        self._handler = self._chain(composer.settings)
        self._open = True

    async def _request(
        self,
        method: str,
        url: StrOrURL,
        *,
        offer: Offer | None = None,
        **options: Unpack[RequestOptions],
    ) -> ClientResponse:
        """See request(); every verb comes through here, and the handshake of an `offer`."""
        tracker = options.get("upload_tracker") if options else None
        if tracker is not None and _checked(tracker).is_new:
            return await tracker.follow(partial(self._request, method, url, offer=offer, **options))
        if not self._open:
            raise RuntimeError("Session is closed; make a new ClientSession")
        if options:
            check_names(options)
        try:
            request = self._composer.compose(self, method, url, options, self._loop.time())
        except InvalidUrlClientError as error:
            await self._trace_invalid(method, options, error)
            raise
        settings = request.settings
        if offer is not None:
            request.offer = offer
            # RFC 6455 4.1: no proxy must pass Upgrade on.
            request.settings = settings.but(route=replace(settings.route, tunnels=True))
        sender = self._sender
        handler = self._handler
        if settings is not self._composer.settings:
            handler = self._handling(settings)
        try:
            if self._trace_configs:
                await self._trace_start(request)
            if handler is not None and (settings.middlewares or settings.retry):
                response = await within_total(request, partial(follow_redirects, handler=handler))
            else:
                link = sender.at_hand(request) if handler is None else None
                if link is not None:
                    # See Sender: without a coroutine more.
                    exchange = accepted = None
                    try:
                        exchange = sender.ask(link, request)
                        head = await exchange.answered
                    except BaseException as error:
                        accepted = await sender.send(request, link, exchange, error)
                    else:
                        accepted = sender.accept(request, link, exchange, head)
                        if accepted is None:
                            accepted = await sender.send(request, link, exchange)
                    response = accepted
                elif handler is None:
                    response = await sender.send(request)
                else:
                    response = await handler(request)
                if response.status in STATUSES and settings.allow_redirects:
                    response = await follow(request, response, handler or sender.send)
        except BaseException as error:
            await self._failed(request, error)
            raise
        if not isinstance(request.data, bytes):
            await self._sender.close_body(request.data, response)
        if settings.raise_for_status is not False:
            try:
                await _judge(response, settings.raise_for_status)
            except BaseException as error:
                await _trace_failure(request, error)
                raise
        if request.traces is not None:
            await self._trace_end(request, response)
        return response

    def _whole_url(self, url: StrOrURL, params: Query) -> URL:
        return self._composer.whole_url(url, params)

    def _handling(self, settings: Settings) -> ClientHandlerType | None:
        """The way of a request through all that stands around its sending; None for nothing."""
        usual = self._composer.settings
        if settings.middlewares == usual.middlewares and settings.retry is usual.retry:
            return self._handler
        return self._chain(settings)

    def _chain(self, settings: Settings) -> ClientHandlerType | None:
        around = list(settings.middlewares)
        if self._trust_env:
            around.insert(0, by_environment)
        if around:
            around.insert(0, self._sender.dressed)
        if settings.retry is not None:
            around.insert(0, settings.retry)
        if not around and type(self._sender) is Sender:
            return None
        return build_client_middlewares(self._sender.send, around)

    async def _failed(self, request: ClientRequest, error: BaseException) -> None:
        """There will be no response."""
        if not isinstance(request.data, bytes):
            await request.data.close()
        await _trace_failure(request, error)

    async def _trace_start(self, request: ClientRequest) -> None:
        traces = Traces(self, self._trace_configs, request.settings.trace_request_ctx)
        request.traces = traces
        trace_upload(request)
        asked = request.method, request.url, request.headers
        await traces.start(TraceRequestStartParams(*asked))

    async def _trace_invalid(
        self, method: str, options: RequestOptions, error: InvalidUrlClientError
    ) -> None:
        """There will be no request: a URL could be parsed, but not be asked."""
        if isinstance(error.url, URL) and self._trace_configs:
            traces = Traces(self, self._trace_configs, options.get("trace_request_ctx"))
            asked = method, error.url, CIMultiDict[str]()
            await traces.start(TraceRequestStartParams(*asked))
            await traces.send("on_request_exception", TraceRequestExceptionParams(*asked, error))

    async def _trace_end(self, request: ClientRequest, response: ClientResponse) -> None:
        assert request.traces is not None
        ended = response.method, response.url, request.headers, response
        await request.traces.send("on_request_end", TraceRequestEndParams(*ended))


def _checked(tracker: UploadTracker) -> UploadTracker:
    check_instance("upload_tracker", tracker, UploadTracker)
    return tracker


async def _trace_failure(request: ClientRequest, error: BaseException) -> None:
    if request.traces is not None:
        failed = request.method, request.url, request.headers, error
        await request.traces.send("on_request_exception", TraceRequestExceptionParams(*failed))


async def _judge(response: ClientResponse, judge: RaiseForStatus) -> None:
    if judge is True:
        response.raise_for_status()
    elif judge:
        try:
            judging = judge(response)
            if not hasattr(judging, "__await__"):
                raise TypeError(
                    f"raise_for_status takes True, False or a coroutine function, not {judge!r:.80}"
                )
            await judging
        except BaseException:
            response.release()
            raise
