"""What may answer a request: functions of one or two parameters, and views."""

import inspect
from collections.abc import Awaitable, Callable, Generator
from functools import wraps
from typing import Any

from aiolos_protocol import methods

from ..abc import AbstractView
from ..errors import HTTPMethodNotAllowed
from ..naming import named
from ..request import Request
from ..response import StreamResponse
from ..typedefs import AnyHandler


class View(AbstractView):
    """A handler as a class: subclass it and write `async def get(self)`, `post` and so on.

    Other methods are answered 405 with the ones that there are.
    """

    @property
    def request(self) -> Request:
        """The request."""
        request: Request = self._request
        return request

    def __await__(self) -> Generator[Any, Any, StreamResponse]:
        return self._iter().__await__()

    async def _iter(self) -> StreamResponse:
        """The answer of the method's handler; aiohttp's views override it."""
        method = self.request.method
        handler = getattr(self, method.lower(), None) if method in methods.ALL else None
        if handler is None:
            allowed = {each for each in methods.ALL if hasattr(self, each.lower())}
            raise HTTPMethodNotAllowed(method, allowed)
        given = handler()
        if not inspect.isawaitable(given):
            raise TypeError(
                f"{handler.__qualname__} must be a coroutine function, `async def`; "
                f"it returned {given!r:.200}"
            )
        response: StreamResponse = await given
        return response


def awaitable_handler(handler: AnyHandler) -> Callable[[Any], Awaitable[Any]]:
    """`handler` as a coroutine function of the request alone; decided once, from its signature.

    Takes coroutine functions and plain ones, View classes, and functions of two required
    positional parameters, whose second is `request.match_info`. TypeError for anything else, with
    the file and line of a function that can be called in neither way.
    """
    if not callable(handler):
        raise TypeError(f"a handler is a function or a View, not {handler!r}")
    if isinstance(handler, type):
        return _view(handler)
    call = handler
    if _takes_two(handler):

        def call(request: Any) -> Any:
            return handler(request, request.match_info)

    elif inspect.iscoroutinefunction(handler):
        return handler

    # Middlewares look at what decorators have left on a handler.
    @wraps(handler)
    async def answer(request: Any) -> Any:
        response = call(request)
        if inspect.isawaitable(response):
            response = await response
        return response

    return answer


def _view(handler: type) -> Callable[[Any], Awaitable[Any]]:
    if not issubclass(handler, AbstractView):
        raise TypeError(f"a class as a handler must be a web.View, not {handler!r}")

    @wraps(handler, updated=())
    async def answer(request: Any) -> Any:
        return await handler(request)

    own = {name: value for name, value in vars(handler).items() if not name.startswith("__")}
    vars(answer).update(own)
    return answer


def _takes_two(handler: AnyHandler) -> bool:
    """Whether `handler` is called with request.match_info as well; TypeError: with neither."""
    try:
        # What decorators tell of the function inside is not what is called.
        signature = inspect.signature(handler, follow_wrapped=False)
        if _is_open(signature):
            # The function inside says what comes through `*args`, rightly or not.
            return len(_required(inspect.signature(handler))) == 2
    except (TypeError, ValueError):
        return False
    for given in (1, 2):
        try:
            signature.bind(*[None] * given)
        except TypeError:
            continue
        return given == 2
    raise TypeError(
        f"{named(handler)} cannot answer requests: a handler is called with (request) or with "
        f"(request, request.match_info), and this one takes {signature}"
    )


def _is_open(signature: inspect.Signature) -> bool:
    return any(each.kind is each.VAR_POSITIONAL for each in signature.parameters.values())


def _required(signature: inspect.Signature) -> list[inspect.Parameter]:
    return [
        each
        for each in signature.parameters.values()
        if each.default is each.empty
        and each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
    ]
