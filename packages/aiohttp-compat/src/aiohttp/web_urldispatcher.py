"""The router, its resources and its routes."""

from aiolos.web import (
    AbstractResource,
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
from aiolos_server.routing.subapps import Domain, MaskDomain, MatchedSubAppResource

__all__ = [
    "AbstractResource",
    "AbstractRoute",
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
