"""Middlewares: functions of (request, handler) around every handler of an application."""

import inspect
import re
import warnings
from collections.abc import Awaitable, Callable, Iterable
from functools import partial, update_wrapper
from typing import Any, Final, TypeVar

from aiolos_protocol.message import RequestHead

from .errors import HTTPMove, HTTPPermanentRedirect
from .naming import named
from .request import Request
from .response import StreamResponse
from .routing.abc import Chain
from .typedefs import Handler, Middleware

_F = TypeVar("_F")
_Around = Callable[[Any, Chain], Awaitable[Any]]


def middleware(f: _F) -> _F:
    """Mark a coroutine function of (request, handler) as a middleware, or a class whose objects
    are called like one; it is left as it is."""
    code = getattr(f, "__code__", None)
    is_bound_later = code is not None and code.co_varnames[:1] in (("self",), ("cls",))
    if not (is_bound_later or isinstance(f, type)):
        # A method, and an object of a class, is judged where the application gets it; and so are
        # parameters of another name, which functools.partial() may give.
        _check(f, is_whole=False)
    # As aiohttp does: it keeps a first parameter named `app` from meaning the old style.
    f.__middleware_version__ = 1  # type: ignore[attr-defined]
    return f


def around(function: Any, app: Any) -> _Around:
    """A middleware of `app` as a function that gives an awaitable. TypeError for what is none.

    One of the old style, a coroutine function of (app, handler) that returns a handler, works as
    well, with a DeprecationWarning.
    """
    if _is_old_style(function):
        return _old_style(function, app)
    _check(function)
    called = function if hasattr(function, "__code__") else getattr(function, "__call__", None)  # noqa: B004
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called):
        return function  # type: ignore[no-any-return]

    async def checked(request: Any, handler: Chain) -> Any:
        result = function(request, handler)
        if not inspect.isawaitable(result):
            raise TypeError(
                f"the middleware {named(function)} returned {result!r:.100}: it must be a "
                "coroutine function, `async def`"
            )
        return await result

    return checked


def wrapped(handler: Chain, middlewares: Iterable[_Around]) -> Chain:
    """`handler` inside `middlewares`, the first one outermost.

    Each of them sees the attributes that decorators have left on the handler.
    """
    for each in reversed(tuple(middlewares)):
        handler = _bound(each, handler)
    return handler


def _bound(function: _Around, handler: Chain) -> Chain:
    # A partial costs a call less; it needs the parameter's name.
    try:
        named_handler = list(inspect.signature(function).parameters)[1] == "handler"
    except (IndexError, TypeError, ValueError):
        named_handler = False
    if named_handler:
        call: Callable[..., Awaitable[Any]] = function
        return update_wrapper(partial(call, handler=handler), handler)
    return update_wrapper(lambda request: function(request, handler), handler)


def _check(function: Any, is_whole: bool = True) -> None:
    if not callable(function) or isinstance(function, type):
        raise TypeError(
            f"a middleware is a coroutine function of (request, handler), not {function!r}"
        )
    try:
        signature = inspect.signature(function)
        (signature.bind if is_whole else signature.bind_partial)(None, None)
    except TypeError as error:
        raise TypeError(
            f"the middleware {named(function)} must take (request, handler): {error}"
        ) from None
    except ValueError:
        # Something built in that has no signature.
        return


def _is_old_style(function: Any) -> bool:
    if getattr(function, "__middleware_version__", None) == 1 or isinstance(function, type):
        return False
    try:
        parameters = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return False
    return len(parameters) == 2 and parameters[0] in {"app", "application", "_app"}


def _old_style(factory: Any, app: Any) -> _Around:
    warnings.warn(
        f"{named(factory)} is an old-style middleware, (app, handler); write "
        "`async def middleware(request, handler)` under @web.middleware",
        DeprecationWarning,
        stacklevel=2,
    )

    async def adapted(request: Any, handler: Chain) -> Any:
        made = await factory(app, handler)
        return await made(request)

    return adapted


# RFC 3986 3.3: empty segments.
_SLASHES: Final = re.compile("//+")


def normalize_path_middleware(
    *,
    append_slash: bool = True,
    remove_slash: bool = False,
    merge_slashes: bool = True,
    redirect_class: type[HTTPMove] = HTTPPermanentRedirect,
) -> Middleware:
    """A middleware that redirects to a path that there is where the one asked for is none.

    It merges slashes, appends one at the end or removes it, and tries both together; the query
    stays. ValueError where a slash is to be both appended and removed.
    """
    if append_slash and remove_slash:
        raise ValueError("append_slash and remove_slash exclude each other")

    def spellings(path: str) -> Iterable[str]:
        merged = _SLASHES.sub("/", path)
        for spelling in (path, merged) if merge_slashes else (path,):
            if spelling != path:
                yield spelling
            if append_slash and not spelling.endswith("/"):
                yield spelling + "/"
            if remove_slash and spelling.endswith("/") and spelling != "/":
                yield spelling[:-1]

    @middleware
    async def normalize_path(request: Request, handler: Handler) -> StreamResponse:
        if request.match_info.http_exception is None:
            return await handler(request)
        head = request.head
        path, question_mark, query = head.target.partition("?")
        for spelling in spellings(path):
            # Two slashes in front would make a host of the first segment.
            target = "/" + spelling.lstrip("/") + question_mark + query
            asked = RequestHead(head.method, target, head.version, authority=head.authority)
            if request.app.router.find(asked).http_exception is None:
                raise redirect_class(target)
        return await handler(request)

    return normalize_path
