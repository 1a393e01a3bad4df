"""The router, its resources and its routes."""

from typing import Final

from aiolos.web import (
    AbstractRoute,
    DynamicResource,
    PlainResource,
    PrefixedSubAppResource,
    Resource,
    ResourceRoute,
    StaticResource,
    UrlDispatcher,
    UrlMappingMatchInfo,
    View,
)
from aiolos_server.routing.match import MatchInfoError
from aiolos_server.routing.routes import SystemRoute
from aiolos_server.routing.routes import default_expect_handler as _default_expect_handler  # noqa: F401
from aiolos_server.routing.subapps import (
    AbstractRuleMatching,
    Domain,
    MaskDomain,
    MatchedSubAppResource,
)

from ._resources import AbstractResource

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
