"""What resolving a request gives, and the tree in which paths with variables are found."""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final, Protocol
from urllib.parse import quote

from ..errors import HTTPException

# RFC 3986 3.3: what a segment may hold unescaped besides letters, digits and -._~
SAFE: Final = "!$&'()*+,;=:@"

# RFC 3986 2.1; a "%" that escapes nothing stands for itself.
_ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+|%")
_KEPT: Final = {
    ord("/"): "%2F",
    ord("%"): "%25",
    # What surrogateescape makes of a byte that is not utf-8.
    **{0xDC00 + byte: f"%{byte:02X}" for byte in range(0x80, 0x100)},
}


class Pattern(Protocol):
    """A path with variables, as the tree finds it."""

    order: int

    def match(self, path: str) -> dict[str, Any] | None:
        """The variables' values where `path`, normal and without a query, fits; else None."""


class UrlMappingMatchInfo(dict[str, Any]):
    """The variables of the path, and what answers: `handler`, with its middlewares."""

    __slots__ = ("handler", "http_exception", "route", "shared")

    def __init__(
        self,
        values: dict[str, Any],
        route: Any,
        handler: Callable[[Any], Awaitable[Any]],
        http_exception: HTTPException | None = None,
        shared: bool = False,
    ) -> None:
        dict.__init__(self, values)
        self.route = route
        self.handler = handler
        self.http_exception = http_exception
        self.shared = shared

    def own(self) -> "UrlMappingMatchInfo":
        """See AbstractMatchInfo."""
        return UrlMappingMatchInfo(self, self.route, self.handler, self.http_exception)

    @property
    def expect_handler(self) -> Callable[[Any], Awaitable[Any]]:
        """Answers `Expect: 100-continue`."""
        handler: Callable[[Any], Awaitable[Any]] = self.route.expect_handler
        return handler

    @property
    def apps(self) -> tuple[Any, ...]:
        """The applications on the way to the route, outermost first."""
        apps: tuple[Any, ...] = self.route.apps
        return apps

    @property
    def current_app(self) -> Any:
        """The application whose route matched."""
        return self.apps[-1]

    def __hash__(self) -> int:  # type: ignore[override]  # as aiohttp's: by identity
        return id(self)

    def __repr__(self) -> str:
        return f"<MatchInfo {dict.__repr__(self)}: {self.route!r}>"


class Node:
    """A tree of path segments below one literal prefix.

    `literals` and `variable` lead to the next segment; `ends` are the patterns that end here,
    `others` those whose next segment is more than a name (a regular expression).
    """

    __slots__ = ("ends", "literals", "others", "variable")

    def __init__(self) -> None:
        self.literals: dict[str, Node] = {}
        self.variable: Node | None = None
        self.ends: list[Pattern] = []
        self.others: list[Pattern] = []

    def add(self, segments: Sequence[str | None], plain: bool, pattern: Pattern) -> None:
        """`segments`: a literal, or None for a variable; `plain`: the pattern ends with them."""
        node = self
        for segment in segments:
            if segment is None:
                if node.variable is None:
                    node.variable = Node()
                node = node.variable
            else:
                node = node.literals.setdefault(segment, Node())
        (node.ends if plain else node.others).append(pattern)

    def candidates(self, segments: list[str], position: int) -> Iterator[Pattern]:
        """The patterns that `segments[position:]` may fit, in no order."""
        yield from self.others
        if position == len(segments):
            yield from self.ends
            return
        segment = segments[position]
        literal = self.literals.get(segment)
        if literal is not None:
            yield from literal.candidates(segments, position + 1)
        if self.variable is not None and segment:
            yield from self.variable.candidates(segments, position + 1)


class PathTree:
    """Paths with variables: the longest literal prefix wins, then the order of registration."""

    __slots__ = ("_prefixes",)

    def __init__(self) -> None:
        self._prefixes: dict[str, Node] = {}

    def add(self, segments: Sequence[str | None], plain: bool, pattern: Pattern) -> None:
        """See Node.add; the leading literals are the prefix."""
        literals = 0
        while literals < len(segments) and segments[literals] is not None:
            literals += 1
        prefix = "/".join(segment for segment in segments[:literals] if segment is not None)
        self._prefixes.setdefault(prefix, Node()).add(segments[literals:], plain, pattern)

    def find(self, path: str) -> Iterator[tuple[Pattern, dict[str, Any]]]:
        """Each pattern that fits `path`, with its variables, the best first."""
        prefixes = self._prefixes
        if not prefixes:
            return
        segments = path.split("/")
        prefix = path
        for count in range(len(segments), 0, -1):
            node = prefixes.get(prefix)
            if node is not None:
                found = list(node.candidates(segments, count))
                if len(found) > 1:
                    found.sort(key=_order)
                for pattern in found:
                    values = pattern.match(path)
                    if values is not None:
                        yield pattern, values
            prefix = prefix.rpartition("/")[0]


def _order(pattern: Pattern) -> int:
    return pattern.order


def decoded(path: str) -> str:
    """`path` percent-decoded, so that every spelling of it is one; a path in this form stays so.

    "/" and "%" stay escaped, for they would read as something else; so do bytes that are not
    utf-8. Linear in the length of the path.
    """
    return _ESCAPES.sub(_decoded_run, path) if "%" in path else path


def _decoded_run(match: re.Match[str]) -> str:
    run = match[0]
    if run == "%":
        return "%25"
    data = bytes.fromhex(run.replace("%", ""))
    return data.decode("utf-8", "surrogateescape").translate(_KEPT)


def value_of(part: str) -> str:
    """The text of a part of a decoded path."""
    return part.replace("%2F", "/").replace("%25", "%") if "%" in part else part


def quoted(text: str, safe: str = SAFE) -> str:
    """A value escaped for a path; "/" is escaped as well, unless it is in `safe`."""
    return quote(text, safe=safe)


def quoted_path(path: str) -> str:
    """A decoded path escaped for a URL."""
    return quote(path, safe=SAFE + "/%")
