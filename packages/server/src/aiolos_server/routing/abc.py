"""What the router knows of a resource."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import Any, Protocol

from aiolos_protocol.message import RequestHead
from yarl import URL

from .match import UrlMappingMatchInfo
from .spelling import decoded
from .tree import PathTree

Chain = Callable[[Any], Awaitable[Any]]
"""What answers a request: a handler, or a middleware around one."""


class Wrap(Protocol):
    """Puts what `apps`, the outermost first, want to have around a handler there."""

    @property
    def apps(self) -> tuple[Any, ...]: ...
    def __call__(self, handler: Chain, /) -> Chain: ...


Found = tuple[UrlMappingMatchInfo | None, Collection[str]]
"""What a resource has for a request: a match; or none, and the methods that it has instead."""


class AbstractResource(ABC):
    """A path, or many, with an optional name by which its URL is built.

    `order` is its place among the router's resources. `_wrap` is what bind() was given: a resource
    that takes routes later binds them, too, since one that is not bound knows no middlewares.
    """

    order: int = 0
    _wrap: "Wrap | None" = None

    def __init__(self, *, name: str | None = None) -> None:
        self._name = name

    @property
    def name(self) -> str | None:
        """The name."""
        return self._name

    @property
    @abstractmethod
    def canonical(self) -> str:
        """The path as it was written, with bare names for its variables."""

    @abstractmethod
    def ways(self) -> list[tuple[list[str], bool]]:
        """Where the router's tree has it; see PathPattern.ways()."""

    @abstractmethod
    def find(self, head: RequestHead, path: str, segments: list[str]) -> Found:
        """Who answers `head`, whose `path` is decoded and also split. Must not raise."""

    @abstractmethod
    def url_for(self, *args: Any, **parts: Any) -> URL:
        """The URL, path variables filled in."""

    @abstractmethod
    def raw_match(self, path: str) -> bool:
        """Whether `path` is the path that it was made from."""

    @abstractmethod
    def add_prefix(self, prefix: str) -> None:
        """Put `prefix`, a path without variables, in front: its application becomes another's."""

    @abstractmethod
    def get_info(self) -> dict[str, Any]:
        """What describes the path; which keys, the kind of resource decides."""

    @abstractmethod
    def bind(self, wrap: Wrap) -> None:
        """See AbstractRoute.bind()."""

    def contests(self, path: str, segments: list[str]) -> bool:
        """Whether it has an answer for `path` where a later resource has one as well."""
        return True

    def freeze(self) -> None:
        """Take no further changes; may be repeated."""

    async def resolve(self, request: Any) -> Found:
        """As find(), for any request: with no match and no methods where the path is another's.

        Beside a match, the methods are those of all routes. It never suspends.
        """
        path = decoded(request.head.target.partition("?")[0])
        segments = path.split("/")
        tree = PathTree()
        for way, whole in self.ways():
            tree.add(way, whole, self)
        if not tree.candidates(segments, len(segments))[0]:
            return None, set()
        match_info, allowed = self.find(request.head, path, segments)
        return match_info, set(allowed) if match_info is None else {each.method for each in self}

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __iter__(self) -> Iterator[Any]: ...
