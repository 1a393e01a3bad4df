"""What may be replaced by a class of one's own."""

from aiolos_client.abc import (
    AbstractCookieJar,
    AbstractResolver,
    ResolveResult,
)
from aiolos_server.abc import (
    AbstractMatchInfo,
    AbstractView,
)
from aiolos_server.access_log import (
    AbstractAccessLogger,
)

__all__ = [
    "AbstractAccessLogger",
    "AbstractCookieJar",
    "AbstractMatchInfo",
    "AbstractResolver",
    "AbstractView",
    "ResolveResult",
]
