"""Middlewares: each takes a request and the next handler, and gives a response."""

from collections.abc import Awaitable, Callable, Sequence

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
        if not callable(middleware):
            raise TypeError(
                f"a middleware is a coroutine function (request, handler), not {middleware!r:.80}"
            )
        handler = _bound(middleware, handler)
    return handler


def _bound(middleware: ClientMiddlewareType, handler: ClientHandlerType) -> ClientHandlerType:
    def call(request: ClientRequest) -> Awaitable[ClientResponse]:
        return middleware(request, handler)

    return call
