"""Middlewares: each takes a request and the next handler, and gives a response."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from .clientrequest import ClientRequest
from .response import ClientResponse

ClientHandlerType = Callable[[ClientRequest], Awaitable[ClientResponse]]
ClientMiddlewareType = Callable[[ClientRequest, ClientHandlerType], Awaitable[ClientResponse]]


def build_client_middlewares(
    handler: ClientHandlerType, middlewares: Sequence[ClientMiddlewareType]
) -> ClientHandlerType:
    """`handler` with `middlewares` around it, the first outermost. TypeError for what cannot be
    called."""
    for middleware in reversed(middlewares):
        if isinstance(middleware, type):
            raise TypeError(f"a middleware is no class: write {middleware.__name__}(...)")
        if not callable(middleware):
            raise TypeError(
                f"a middleware is a coroutine function (request, handler), not {middleware!r:.80}"
            )
        handler = _bound(middleware, handler)
    return handler


def _bound(middleware: ClientMiddlewareType, handler: ClientHandlerType) -> ClientHandlerType:
    async def call(request: ClientRequest) -> ClientResponse:
        answering = middleware(request, handler)
        if not hasattr(answering, "__await__"):
            raise TypeError(f"the middleware {_name(middleware)} is no coroutine function")
        response: Any = await answering
        if not hasattr(response, "status"):
            raise TypeError(
                f"the middleware {_name(middleware)} gave {response!r:.80}, and no response: "
                "write `return await handler(request)`"
            )
        return response  # type: ignore[no-any-return]

    return call


def _name(middleware: ClientMiddlewareType) -> str:
    return getattr(middleware, "__qualname__", None) or repr(middleware)
