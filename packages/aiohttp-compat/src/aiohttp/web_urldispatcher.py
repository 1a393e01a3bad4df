"""The router, its resources and its routes."""

from abc import ABCMeta
from typing import Any, Final
from weakref import WeakSet

import aiolos.web
from aiolos.web import (
    AbstractRoute,
    DynamicResource,
    PlainResource,
    PrefixedSubAppResource,
    Resource,
    ResourceRoute,
    StaticResource,
    UrlMappingMatchInfo,
    View,
)
from aiolos_server.routing.match import MatchInfoError as OurMatchInfoError
from aiolos_server.routing.routes import SystemRoute
from aiolos_server.routing.routes import default_expect_handler as _default_expect_handler  # noqa: F401
from aiolos_server.routing.spelling import decoded, quoted, quoted_path, value_of
from aiolos_server.routing.subapps import (
    Domain,
    MaskDomain,
)

from ._absent import absent
from ._heeding import Heeding
from ._private import Counting
from ._resources import (
    AbstractResource,
    AbstractRuleMatching,
    MatchedSubAppResource,
    Overridden,
    Pending,
    is_overridden,
)

# The applications that are served, which are told when a way of their requests is changed.
ROUTED: Final[WeakSet[Any]] = WeakSet()
WAYS: Final = frozenset({"_handle", "_make_request", "resolve"})


def open_ways() -> None:
    """Have every application look which way its requests go now."""
    for each in list(ROUTED):
        each.open_ways()


def _quote_path(value: str) -> str:
    return quoted(value, slashes=True)


def _requote_path(value: str) -> str:
    return quoted_path(decoded(value))


def _unquote_path_safe(value: str) -> str:
    return value_of(value)


class Routed(Heeding, ABCMeta):
    """The metaclass of what a request goes through on its way to a handler."""

    def _heed(cls, name: str) -> None:
        if name in WAYS:
            open_ways()


class _Dispatchers(Counting, Routed):
    """That of routers."""


class UrlDispatcher(aiolos.web.UrlDispatcher, metaclass=_Dispatchers):
    """A router; a subclass or a patch that replaces resolve() is asked for each request."""

    async def resolve(self, request: Any) -> UrlMappingMatchInfo:
        """See UrlDispatcher of aiolos; what it gives takes add_app(), until freeze()."""
        found = await super().resolve(request)
        if isinstance(found, Pending):
            found = await found.settle(request, self.find)
        if isinstance(found, UrlMappingMatchInfo):
            found = found.own() if found.shared else found
            found.added = []
        return found

    def _index(self, resource: Any) -> None:
        if isinstance(resource, MatchedSubAppResource) or not is_overridden(resource):
            super()._index(resource)
            return
        asked = Overridden(resource, self)
        self._finder.tree.add(*asked.way(), asked)


class MatchInfoError(OurMatchInfoError, metaclass=Counting):
    """What a router finds where nobody answers: the error to raise."""

    def __init__(self, http_exception: Any) -> None:
        super().__init__({}, SystemRoute(http_exception))


# What separates the segments of a path, in a pattern.
PATH_SEP: Final = "/"

__all__ = [
    "AbstractResource",
    "AbstractRoute",
    "AbstractRuleMatching",
    "Domain",
    "DynamicResource",
    "MaskDomain",
    "MatchInfoError",
    "MatchedSubAppResource",
    "PlainResource",
    "PrefixedSubAppResource",
    "Resource",
    "ResourceRoute",
    "StaticResource",
    "SystemRoute",
    "UrlDispatcher",
    "UrlMappingMatchInfo",
    "View",
]

absent(__name__)
