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
    AbstractRuleMatching,
    Domain,
    MaskDomain,
    MatchedSubAppResource,
)

from ._absent import absent
from ._private import Counting
from ._resources import AbstractResource

# Those whose requests a router finds now, and which are told that its class is changed.
ROUTED: Final[WeakSet[Any]] = WeakSet()


def _quote_path(value: str) -> str:
    return quoted(value, slashes=True)


def _requote_path(value: str) -> str:
    return quoted_path(decoded(value))


def _unquote_path_safe(value: str) -> str:
    return value_of(value)


class _Dispatchers(Counting, ABCMeta):
    """A patch of resolve() is told to all applications."""

    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "resolve":
            for each in list(ROUTED):
                each.resolve_later()


class UrlDispatcher(aiolos.web.UrlDispatcher, metaclass=_Dispatchers):
    """A router; a subclass or a patch that replaces resolve() is asked for each request."""


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
