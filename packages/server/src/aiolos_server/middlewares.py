"""Middlewares: functions of (request, handler) around every handler of an application."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from .typedefs import Middleware

_F = TypeVar("_F")
_Chain = Callable[[Any], Awaitable[Any]]


def middleware(function: _F) -> _F:
    """Mark a coroutine function of (request, handler) as a middleware; it is left as it is."""
    check_middleware(function)
    return function


def check_middleware(function: Any) -> None:
    """Raise TypeError unless `function` can be called with (request, handler)."""
    if not callable(function):
        raise TypeError(
            f"a middleware is a coroutine function of (request, handler), not {function!r}"
        )
    try:
        inspect.signature(function).bind(None, None)
    except TypeError as error:
        raise TypeError(
            f"the middleware {getattr(function, '__qualname__', function)} must take "
            f"(request, handler): {error}"
        ) from None
    except ValueError:
        return


def wrapped(handler: _Chain, middlewares: Sequence[Middleware]) -> _Chain:
    """`handler` inside `middlewares`, the first one outermost."""
    for each in reversed(middlewares):
        outer: Callable[..., Awaitable[Any]] = each
        handler = partial(outer, handler=handler)
    return handler
