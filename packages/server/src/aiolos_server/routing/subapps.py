"""Applications inside an application: below a prefix, or for a host."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn, Protocol

from aiolos_protocol.message import RequestHead
from yarl import URL

from .abc import AbstractResource, Found, Wrap
from .match import UrlMappingMatchInfo
from .spelling import decoded, quoted_path


class Finding(Protocol):
    """The router of a sub-application."""

    def find(self, head: RequestHead) -> UrlMappingMatchInfo: ...
    def add_prefix(self, prefix: str) -> None: ...
    def routes(self) -> Any: ...
    @property
    def matches(self) -> Mapping[str, Mapping[str, UrlMappingMatchInfo]]: ...


class SubApplication(Protocol):
    """A sub-application, as its resource uses it."""

    @property
    def router(self) -> Finding: ...
    def compose(self, outer: Any) -> None: ...


class PrefixedSubAppResource(AbstractResource):
    """All paths below a prefix, which an application of their own answers; also with 404."""

    def __init__(self, prefix: str, app: SubApplication) -> None:
        """`prefix` begins with "/" and does not end with it."""
        super().__init__()
        self._prefix = decoded(prefix)
        self._app = app
        app.router.add_prefix(prefix)

    @property
    def canonical(self) -> str:
        """The prefix."""
        return quoted_path(self._prefix)

    def ways(self) -> list[tuple[list[str], bool]]:
        """See AbstractResource."""
        return [(self._prefix.split("/"), False)]

    def find(self, head: RequestHead, path: str, segments: list[str]) -> Found:
        """See AbstractResource."""
        return self._app.router.find(head), ()

    @property
    def matches(self) -> Mapping[str, Mapping[str, UrlMappingMatchInfo]]:
        """What the application's router knows beforehand; see AbstractApplication.matches."""
        return self._app.router.matches

    def raw_match(self, path: str) -> bool:
        """False: nothing is ever added to it."""
        return False

    def add_prefix(self, prefix: str) -> None:
        """See AbstractResource."""
        self._prefix = decoded(prefix) + self._prefix
        self._app.router.add_prefix(prefix)

    def bind(self, wrap: Wrap) -> None:
        """See AbstractRoute.bind()."""
        self._app.compose(wrap)

    def url_for(self, *args: Any, **parts: Any) -> NoReturn:
        """RuntimeError: many paths lie below a prefix."""
        raise RuntimeError("a sub-application has no URL: build those of its resources")

    def get_info(self) -> dict[str, Any]:
        """`app` and `prefix`."""
        return {"app": self._app, "prefix": self.canonical}

    def __len__(self) -> int:
        return len(self._app.router.routes())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._app.router.routes())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.canonical} -> {self._app!r}>"


class AbstractRuleMatching(ABC):
    """Which requests are an application's."""

    @abstractmethod
    def fits(self, head: RequestHead) -> bool:
        """Whether `head` is one. Must not raise."""

    @property
    @abstractmethod
    def canonical(self) -> str:
        """The rule as text."""

    @abstractmethod
    def get_info(self) -> dict[str, Any]:
        """What describes it."""


# RFC 1034 3.5, RFC 5890 2.3.1: a label has up to 63 letters, digits and inner hyphens. Underscores
# are in use; the asterisk is a mask's.
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_\-]{1,63}(?<!-)")
_MASKED_LABEL: Final = re.compile(r"(?!-)[a-z0-9_*\-]{1,63}(?<!-)")
_DEFAULT_PORTS: Final = frozenset({"80", "443"})


class Domain(AbstractRuleMatching):
    """Requests for one host, at any port, "example.com", or at one, "example.com:8080".

    Where a request names no port, it is for a default one; case and a last dot make no difference.
    TypeError for what is no str, ValueError for what is no host name.
    """

    label: re.Pattern[str] = _LABEL

    def __init__(self, domain: str) -> None:
        if not isinstance(domain, str):
            raise TypeError(f"a domain is a str, not {domain!r}")
        if "://" in domain or not domain:
            raise ValueError(f'a domain is "host" or "host:port", not {domain!r}')
        url = URL(f"http://{domain}")
        self._name = (url.raw_host or "").rstrip(".").lower()
        if any(self.label.fullmatch(label) is None for label in self._name.split(".")):
            raise ValueError(f"{domain!r} is not a host name (RFC 1034 3.5)")
        if url.raw_user is not None or url.raw_path != "/" or url.raw_query_string:
            raise ValueError(f'a domain is "host" or "host:port", not {domain!r}')
        self._port = "" if url.explicit_port is None else str(url.explicit_port)

    @property
    def canonical(self) -> str:
        """The domain."""
        return f"{self._name}:{self._port}" if self._port else self._name

    def fits(self, head: RequestHead) -> bool:
        """See AbstractRuleMatching."""
        authority = head.authority
        return authority is not None and self.match_domain(authority)

    def match_domain(self, host: str) -> bool:
        """Whether `host`, with or without a port, is the domain's."""
        name, _, port = host.lower().partition(":")
        if self._port and port != self._port and (port or self._port not in _DEFAULT_PORTS):
            return False
        return self._fits_name(name.rstrip("."))

    def _fits_name(self, name: str) -> bool:
        return name == self._name

    def get_info(self) -> dict[str, Any]:
        """`domain`."""
        return {"domain": self.canonical}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.canonical}>"


class MaskDomain(Domain):
    """Requests for many hosts: "*.example.com"; an asterisk stands for any text, dots included.

    A host with an empty label is no name (RFC 1034 3.1) and fits none.
    """

    label = _MASKED_LABEL

    def _fits_name(self, name: str) -> bool:
        """Linear in the length of `name` for each asterisk."""
        if name.startswith(".") or ".." in name:
            return False
        first, *inner, last = self._name.split("*")
        if len(name) < len(first) + len(last) or not name.startswith(first):
            return False
        position = len(first)
        end = len(name) - len(last)
        for piece in inner:
            # The leftmost place leaves the most for the others.
            found = name.find(piece, position, end)
            if found < 0:
                return False
            position = found + len(piece)
        return name.endswith(last)


class MatchedSubAppResource(PrefixedSubAppResource):
    """All requests that fit a rule, which an application of their own answers; also with 404."""

    def __init__(self, rule: AbstractRuleMatching, app: SubApplication) -> None:
        super().__init__("", app)
        self._rule = rule

    @property
    def canonical(self) -> str:
        """The rule."""
        return self._rule.canonical

    def fits(self, head: RequestHead) -> bool:
        """Whether `head` is the application's."""
        return self._rule.fits(head)

    def found(self, head: RequestHead) -> UrlMappingMatchInfo:
        """Who answers `head` there."""
        return self._app.router.find(head)

    def find(self, head: RequestHead, path: str, segments: list[str]) -> Found:
        """See AbstractResource."""
        if not self._rule.fits(head):
            return None, ()
        return super().find(head, path, segments)

    def get_info(self) -> dict[str, Any]:
        """`app` and `rule`."""
        return {"app": self._app, "rule": self._rule}
