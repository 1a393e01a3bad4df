"""How the handler of a route comes to lie inside all that its applications put around it.

From the outside in: on_exception of the outermost application, on_request_start and
on_request_match, its middlewares, then the same, but for the two signals, of each application
further in, then the handler. Composed once per route, and only from what there is: a layer that
does nothing costs nothing.
"""

import inspect
from collections.abc import Sequence
from functools import wraps
from logging import Logger
from typing import Any, Protocol

from aiolos_protocol.errors import LocalProtocolError, ProtocolError

from .errors import HTTPException
from .middlewares import around, wrapped
from .naming import named, visible
from .response import StreamResponse
from .routing.abc import Chain
from .routing.routes import refuse
from .signals import Signal, positional
from .typedefs import Middleware


class Layered(Protocol):
    """An application, as its layers need it."""

    @property
    def logger(self) -> Logger: ...
    @property
    def middlewares(self) -> Sequence[Middleware]: ...
    @property
    def on_exception(self) -> Sequence[Any]: ...
    @property
    def on_request_start(self) -> Signal[Any]: ...
    @property
    def on_request_match(self) -> Signal[Any, Any]: ...


class Composer:
    """Puts the layers of `apps`, the last one's and those of the `outer` ones, around handlers."""

    def __init__(self, app: Layered, outer: "Composer | None" = None) -> None:
        """TypeError for a middleware that is none."""
        self._app = app
        self._outer = outer
        self._middlewares = [around(each, app) for each in app.middlewares]
        self.apps: tuple[Layered, ...] = (app,) if outer is None else (*outer.apps, app)
        # Handlers ask request.app; it is another one's only in an outer application's middleware.
        self._announced = outer is not None and outer.has_middlewares

    @property
    def has_middlewares(self) -> bool:
        """Whether there is any, here or further out."""
        outer = self._outer
        return bool(self._middlewares) or (outer is not None and outer.has_middlewares)

    def __call__(self, handler: Chain) -> Chain:
        """`handler` inside all layers."""
        chain = handler
        composer: Composer | None = self
        while composer is not None:
            chain = wrapped(chain, composer._middlewares)
            if self._announced:
                chain = _inside(composer._app, chain)
            if composer._outer is None:
                chain = self._signalled(chain, matched=handler is not refuse)
            if composer._app.on_exception:
                chain = _answering(composer._app, chain)
            composer = composer._outer
        return chain

    def _signalled(self, chain: Chain, *, matched: bool) -> Chain:
        """`chain` behind on_request_start, and on_request_match where a route has matched."""
        starts = [app.on_request_start for app in self.apps if app.on_request_start]
        matches = [app.on_request_match for app in self.apps if app.on_request_match and matched]
        if not starts and not matches:
            return chain

        async def signalled(request: Any) -> Any:
            for start in starts:
                await start.send(request)
            for match in matches:
                await match.send(request, request.match_info)
            return await chain(request)

        return signalled


def _inside(app: Any, chain: Chain) -> Chain:
    """`chain` with request.app being `app`, and afterwards what it was."""

    @wraps(chain)
    async def inside(request: Any) -> Any:
        match_info = request.match_info
        outer = match_info.current_app
        match_info.current_app = app
        try:
            return await chain(request)
        finally:
            match_info.current_app = outer

    return inside


def _answering(app: Layered, chain: Chain) -> Chain:
    """`chain`, with the application's on_exception for errors that leave it."""
    handlers = [(each, positional(each, 2) == 2) for each in app.on_exception]

    async def answered(request: Any, error: Exception) -> StreamResponse | None:
        status = _status_of(request, error)
        for handler, takes_error in handlers:
            result = handler(request, error) if takes_error else handler(request)
            if not inspect.isawaitable(result):
                raise TypeError(
                    f"{named(handler)}, a receiver of on_exception, returned {result!r:.100}: it "
                    "must be a coroutine function, `async def`"
                )
            response = await result
            if isinstance(response, StreamResponse) and (
                takes_error or _is_for(response.status, status, error)
            ):
                if status >= 500 and not isinstance(error, HTTPException):
                    _log(app.logger, request, error)
                return response
        return None

    @wraps(chain)
    async def answering(request: Any) -> Any:
        try:
            response = await chain(request)
        except Exception as error:
            if request.response_begun or _status_of(request, error) < 400:
                raise
            answer = await answered(request, error)
            if answer is None:
                raise
            return answer
        if isinstance(response, HTTPException) and response.status >= 400:
            # Returned is as good as raised.
            return await answered(request, response) or response
        return response

    return answering


def _status_of(request: Any, error: Exception) -> int:
    """The status with which `error` is answered where nothing else is done about it."""
    if isinstance(error, HTTPException):
        return error.status
    if error is request.malformed:
        return 400
    if isinstance(error, ProtocolError) and not isinstance(error, LocalProtocolError):
        return error.status_hint
    return 504 if isinstance(error, TimeoutError) else 500


def _is_for(given: int, status: int, error: Exception) -> bool:
    """Whether a handler that was not told the error meant this one, by the status it gave."""
    if given == status:
        return True
    return given >= 500 and status >= 500 and not isinstance(error, HTTPException)


def _log(logger: Logger, request: Any, error: Exception) -> None:
    logger.error(
        "Error handling request %s %s from %s",
        visible(request.method),
        visible(request.path_qs),
        visible(request.remote or "a local peer"),
        exc_info=error,
    )
