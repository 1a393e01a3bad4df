"""Files of a directory, below a prefix."""

import asyncio
import hashlib
import os
import stat
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any, Final

from aiolos_protocol import hdrs
from aiolos_protocol.message import RequestHead
from yarl import URL

from ..errors import HTTPForbidden, HTTPNotFound
from ..filecache import FileCache
from ..fileresponse import FileResponse
from ..request import Request
from ..response import Response, StreamResponse
from ..typedefs import AnyHandler
from .abc import AbstractResource, Found, Wrap
from .listing import listing
from .match import UrlMappingMatchInfo
from .routes import ExpectHandler, ResourceRoute
from .spelling import decoded, quoted, quoted_path, value_of

VERSION_KEY: Final = "v"
# How many names are known to lead to files that may be served.
_KNOWN: Final = 4096


class StaticResource(AbstractResource):
    """Serves what lies in `directory`, and nothing outside of it.

    A directory is listed if `show_index`, else 403. A symbolic link is followed out of the
    directory if `follow_symlinks`; else it is followed only within, and what it leads to outside
    is 404. `append_version` adds `?v=` and a hash of the contents to the URLs that url_for()
    builds. `max_age` sends `Cache-Control: public, max-age=...` in seconds, with `immutable` if
    that is set, or if the request came with the right `?v=`. `chunk_size` bytes are read at once.
    ValueError where `directory` is none.
    """

    VERSION_KEY = VERSION_KEY

    def __init__(
        self,
        prefix: str,
        directory: str | PathLike[str],
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        chunk_size: int = 256 * 1024,
        show_index: bool = False,
        follow_symlinks: bool = False,
        append_version: bool = False,
        max_age: int | None = None,
        immutable: bool = False,
    ) -> None:
        super().__init__(name=name)
        if max_age is not None and max_age < 0:
            raise ValueError(f"max_age is in seconds and not negative, not {max_age}")
        if immutable and max_age is None:
            raise ValueError("immutable has no meaning without max_age")
        self._prefix = decoded(prefix)
        self._directory = _existing(directory)
        self._chunk_size = chunk_size
        self._show_index = show_index
        self._follow_symlinks = follow_symlinks
        self._append_version = append_version
        self._max_age = max_age
        self._immutable = immutable
        self._versions: dict[Path, tuple[tuple[int, int], str]] = {}
        # Small files that may be served, and by which names they were asked for, resolved.
        self._cache = FileCache()
        self._known: dict[str, str] = {}
        self._routes = {
            method: ResourceRoute(method, self._handle, self, expect_handler=expect_handler)
            for method in ("GET", "HEAD")
        }

    @property
    def canonical(self) -> str:
        """The prefix."""
        return quoted_path(self._prefix)

    @property
    def directory(self) -> Path:
        """The directory, resolved."""
        return self._directory

    def ways(self) -> list[tuple[list[str], bool]]:
        """See AbstractResource."""
        return [(self._prefix.split("/"), False)]

    def find(self, head: RequestHead, path: str, segments: list[str]) -> Found:
        """See AbstractResource."""
        route = self._routes.get(head.method)
        if route is None:
            return None, self._routes
        filename = value_of(path[len(self._prefix) + 1 :])
        return UrlMappingMatchInfo({"filename": filename}, route), ()

    def raw_match(self, path: str) -> bool:
        """False: nothing is ever added to it."""
        return False

    def add_prefix(self, prefix: str) -> None:
        """See AbstractResource."""
        self._prefix = decoded(prefix) + self._prefix

    def set_options_route(self, handler: AnyHandler) -> None:
        """Answer OPTIONS with `handler`; once, else RuntimeError."""
        if "OPTIONS" in self._routes:
            raise RuntimeError(f"{self.canonical} has a route for OPTIONS already")
        route = self._routes["OPTIONS"] = ResourceRoute("OPTIONS", handler, self)
        if self._wrap is not None:
            route.bind(self._wrap)

    def bind(self, wrap: Wrap) -> None:
        """See AbstractRoute.bind()."""
        self._wrap = wrap
        for route in self:
            route.bind(wrap)

    def get_info(self) -> dict[str, Any]:
        """`directory`, `prefix` and `routes`."""
        return {"directory": self._directory, "prefix": self.canonical, "routes": self._routes}

    def url_for(self, *, filename: str | PathLike[str], append_version: bool | None = None) -> URL:
        """The URL of a file, by its path below the directory; a version by default as set.

        A file that is not there gets none. Reads the file unless it has done so before.
        """
        name = os.fspath(filename).replace(os.sep, "/").lstrip("/")
        url = URL.build(path=f"{self.canonical}/{quoted(name, slashes=True)}", encoded=True)
        if self._append_version if append_version is None else append_version:
            try:
                version = self._version(self._located(name))
            except (HTTPNotFound, HTTPForbidden, OSError):
                return url
            url = url.with_query({VERSION_KEY: version})
        return url

    # Serving.

    async def _handle(self, request: Request) -> StreamResponse:
        filename: str = request.match_info["filename"]
        path = self._known.get(filename)
        if path is not None:
            response = self._kept(request, filename, path)
            if response is not None:
                return response
        # One hop to a thread for whatever asks more of the file system.
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, self._respond, request, filename)

    def _kept(self, request: Request, filename: str, path: str) -> FileResponse | None:
        """The response, where the file that was sent from `path` before is still the same."""
        try:
            found = os.stat(f"{self._directory}/{filename}")
        except OSError:
            return None
        response = FileResponse(path, self._chunk_size)
        if not response.open_kept(request, self._cache, self._stat_variant, found):
            return None
        control = self._cache_control(path, request)
        if control is not None and response.status < 400:
            response.headers[hdrs.CACHE_CONTROL] = control
        return response

    def _stat_variant(self, path: str) -> os.stat_result:
        """A file that is compressed beforehand is held to the same rule as any other."""
        return os.stat(path) if self._follow_symlinks else os.lstat(path)

    def _respond(self, request: Request, filename: str) -> StreamResponse:
        """The file, looked up, or the directory's listing. Raises 403 or 404; blocks."""
        try:
            path = self._located(filename)
            # Not is_dir(): from Python 3.13 on it takes what may not be looked at for no directory.
            mode = path.stat().st_mode
            if stat.S_ISDIR(mode):
                return Response(text=self._listed(path, filename), content_type="text/html")
            if not stat.S_ISREG(mode):
                raise HTTPForbidden
            if filename.rpartition("/")[2] in ("", "."):
                # Below a file there is nothing.
                raise HTTPNotFound
            control = self._cache_control(path, request)
        except PermissionError:
            raise HTTPForbidden from None
        except OSError:
            # A name that is too long, a circle of links.
            raise HTTPNotFound from None
        response = FileResponse(path, chunk_size=self._chunk_size)
        response.open(request, self._cache, self._stat_variant)
        if control is not None and response.status < 400:
            response.headers[hdrs.CACHE_CONTROL] = control
        if len(self._known) >= _KNOWN:
            # One file has many names: a//b, ./a.
            self._known.clear()
        self._known[filename] = str(path)
        return response

    def _cache_control(self, path: str | Path, request: Request) -> str | None:
        if self._max_age is None:
            return None
        immutable = self._immutable
        if not immutable and self._append_version:
            asked = request.query.get(VERSION_KEY)
            immutable = asked is not None and asked == self._version(Path(path))
        return f"public, max-age={self._max_age}{', immutable' if immutable else ''}"

    def _located(self, filename: str) -> Path:
        """Where `filename` lies, links resolved. HTTPNotFound where that is out of bounds."""
        parts = filename.split("/")
        if filename.startswith("/") or ".." in parts or not _FORBIDDEN.isdisjoint(filename):
            raise HTTPNotFound
        path = self._directory.joinpath(*parts)
        try:
            resolved = path.resolve()
        except RuntimeError as error:
            # A circle of links, before Python 3.13.
            raise OSError(str(error)) from None
        bounded = path if self._follow_symlinks else resolved
        if not bounded.is_relative_to(self._directory):
            raise HTTPNotFound
        return resolved

    def _listed(self, path: Path, filename: str) -> str:
        if not self._show_index:
            raise HTTPForbidden
        below = filename.strip("/")
        shown = f"/{below or '.'}"
        base = f"{self.canonical}/{quoted(below, slashes=True)}".rstrip("/")
        return listing(path, shown, base, symlinks=self._follow_symlinks)

    def _version(self, path: Path) -> str:
        """A hash of a file's contents, remembered until the file changes; blocks."""
        status = path.stat()
        state = status.st_mtime_ns, status.st_size
        known = self._versions.get(path)
        if known is not None and known[0] == state:
            return known[1]
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        version = urlsafe_b64encode(digest).decode()
        self._versions[path] = state, version
        return version

    def __len__(self) -> int:
        return len(self._routes)

    def __iter__(self) -> Iterator[ResourceRoute]:
        return iter(self._routes.values())

    def __repr__(self) -> str:
        name = "" if self.name is None else f"{self.name!r} "
        return f"<StaticResource {name}{self.canonical} -> {self._directory}>"


# NUL ends a name for the system; on Windows a backslash is a slash, a colon names a drive or a
# stream.
_FORBIDDEN: Final = frozenset("\0\\:" if os.name == "nt" else "\0")


def _existing(directory: str | PathLike[str]) -> Path:
    try:
        path = Path(directory).expanduser().resolve(strict=True)
    except FileNotFoundError as error:
        raise ValueError(f"the directory {os.fspath(directory)!r} does not exist") from error
    if not path.is_dir():
        raise ValueError(f"{os.fspath(directory)!r} is not a directory")
    return path
