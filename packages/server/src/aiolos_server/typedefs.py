"""The shapes of what users write."""

from collections.abc import Awaitable, Callable
from typing import Any

from .request import Request
from .response import StreamResponse

Handler = Callable[[Request], Awaitable[StreamResponse]]
"""What answers a request, as a middleware sees it."""

Middleware = Callable[[Request, Handler], Awaitable[StreamResponse]]

AnyHandler = Callable[..., Any]
"""What users register: one or two parameters, a coroutine function or a plain one, or a View."""
