"""What resolving a request gives."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any


class UrlMappingMatchInfo(dict):  # type: ignore[type-arg]  # Cython knows no dict[...]
    """The variables of the path, and what answers: `chain` is the handler in its middlewares.

    `current_app` is the application whose middleware or handler is running. `added` are the
    applications that add_app() has put around its route's own: a list, and a tuple behind freeze();
    None for what the server goes by.
    """

    __slots__ = ("_current_app", "added", "chain", "route", "shared")

    def __init__(
        self, match_dict: "Mapping[str, Any] | None", route: Any, shared: bool = False
    ) -> None:
        if match_dict:
            self.update(match_dict)
        self._current_app: Any = None
        self.added: "list[Any] | tuple[Any, ...] | None" = None
        self.route = route
        self.shared = shared
        self.chain: "Callable[[Any], Awaitable[Any]]" = route.chain

    def own(self) -> "UrlMappingMatchInfo":
        """See AbstractMatchInfo."""
        return UrlMappingMatchInfo(self, self.route)

    @property
    def handler(self) -> Any:
        """What answers, as it was registered: a function, or a View's class."""
        return self.route.handler

    @property
    def http_exception(self) -> "Exception | None":
        """Why nobody answers, where nobody does: an HTTPException, unless a converter failed."""
        return None

    @property
    def expect_handler(self) -> Callable[[Any], Awaitable[Any]]:
        """Answers `Expect: 100-continue`."""
        handler: Callable[[Any], Awaitable[Any]] = self.route.expect_handler
        return handler

    @property
    def apps(self) -> tuple[Any, ...]:
        """The applications on the way to the route, outermost first."""
        apps: tuple[Any, ...] = self.route.apps
        return (*self.added, *_known(apps)) if self.added else apps

    def add_app(self, app: Any) -> None:
        """Put `app` around the applications on the way, unless it is one of them.

        RuntimeError behind freeze(), and for the match of a request that is being handled.
        """
        if self.added is None and not _known(self.route.apps):
            self.added = []
        if not isinstance(self.added, list):
            raise RuntimeError(
                "the applications on the way to this route are known; add_app() is for a match "
                "made by hand, until its freeze()"
            )
        if app not in (*self.added, *_known(self.route.apps)):
            self.added.insert(0, app)

    def freeze(self) -> None:
        """Take no more applications."""
        self.added = tuple(self.added or ())

    @property
    def current_app(self) -> Any:
        """The application whose route matched; in an outer one's middlewares, that one."""
        app = self._current_app
        if app is None:
            app = self.apps[-1] if self.added else self.route.apps[-1]
        return app

    @current_app.setter
    def current_app(self, app: Any) -> None:
        self._current_app = app

    def get_info(self) -> dict[str, Any]:
        """What the route says of itself."""
        info: dict[str, Any] = self.route.get_info()
        return info

    # As aiohttp's: a key, by identity.
    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    def __repr__(self) -> str:
        return f"<MatchInfo {dict.__repr__(self)}: {self.route!r}>"


def _known(apps: Any) -> tuple[Any, ...]:
    """Those of a route; a mock has none."""
    return apps if isinstance(apps, tuple) else ()


class MatchInfoError(UrlMappingMatchInfo):
    """No route: `http_exception` is raised once the middlewares have been gone through."""

    __slots__ = ()

    @property
    def http_exception(self) -> "Exception":
        """404 or 405; or what a converter has raised that was no ValueError."""
        error: Exception = self.route.http_exception
        return error

    def __repr__(self) -> str:
        return f"<MatchInfoError {self.route.status}: {self.route.reason}>"


async def expected(request: Any) -> Any:
    """The handler of a request that expects 100-continue, or what its expect_handler answers."""
    match_info = request.match_info
    response = await match_info.expect_handler(request)
    return await match_info.chain(request) if response is None else response
