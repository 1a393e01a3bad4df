"""The verbs as decorators."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, TypeVar

from ..typedefs import AnyHandler

_F = TypeVar("_F", bound=AnyHandler)
ANY: Final = "*"


class VerbDecorators(ABC):
    """`@routes.get("/")` and the like; each leaves what it decorates as it is."""

    @abstractmethod
    def route(self, method: str, path: str, **options: Any) -> Callable[[_F], _F]:
        """Take the function below for `method`; `options` are add_route()'s, such as `name`."""

    def get(self, path: str, **options: Any) -> Callable[[_F], _F]:
        """route() for GET, and for HEAD unless `allow_head=False`."""
        return self.route("GET", path, **options)

    def head(self, path: str, **options: Any) -> Callable[[_F], _F]:
        """route() for HEAD."""
        return self.route("HEAD", path, **options)

    def options(self, path: str, **options: Any) -> Callable[[_F], _F]:
        """route() for OPTIONS."""
        return self.route("OPTIONS", path, **options)

    def post(self, path: str, **options: Any) -> Callable[[_F], _F]:
        """route() for POST."""
        return self.route("POST", path, **options)

    def put(self, path: str, **options: Any) -> Callable[[_F], _F]:
        """route() for PUT."""
        return self.route("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> Callable[[_F], _F]:
        """route() for PATCH."""
        return self.route("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Callable[[_F], _F]:
        """route() for DELETE."""
        return self.route("DELETE", path, **options)

    def view(self, path: str, **options: Any) -> Callable[[_F], _F]:
        """route() for every method."""
        return self.route(ANY, path, **options)
