"""The steps in which the original makes a request; who overrides one has it called.

Each changes a request that is made already. Content-Length and Transfer-Encoding are the
connection's, which writes them by the body.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextvars import ContextVar
from dataclasses import replace
from functools import wraps
from typing import Any, ClassVar, Final

import aiolos
from aiolos_client.auth import check_auth
from aiolos_client.body import JSONDumps, make_body
from aiolos_client.composer import USER_AGENT, checked_headers
from aiolos_client.cookiejar import cookie_pairs
from aiolos_client.proxies import check_proxy
from aiolos_protocol import hdrs
from aiolos_protocol.compression import available
from aiolos_protocol.cookies import format_cookie
from aiolos_protocol.message import HttpVersion
from multidict import CIMultiDict
from yarl import URL

from ._making import KNOWN

# What of the options of a request says which fields are the caller's own, and what was given so.
OWN: Final = frozenset({"headers", "skip_auto_headers"})
GIVEN: Final[ContextVar[dict[str, Any]]] = ContextVar("GIVEN", default={})  # noqa: B039 - read alone
_NO_JSON: Final = JSONDumps(str)
# What a session sends by itself, beside User-Agent.
_SENT: Final[dict[str, str]] = {
    hdrs.ACCEPT: "*/*",
    hdrs.ACCEPT_ENCODING: ", ".join(available()),
}


class _Defaults(dict[str, str]):
    """Tells those who ask by it when it is changed."""


def _telling(change: Any) -> Any:
    @wraps(change)
    def changed(self: Any, *args: Any, **options: Any) -> Any:
        KNOWN.changed()
        return change(self, *args, **options)

    return changed


for _name in (
    "__delitem__", "__ior__", "__setitem__", "clear", "pop", "popitem", "setdefault", "update",
):  # fmt: skip
    setattr(_Defaults, _name, _telling(getattr(dict, _name)))


class Steps(aiolos.ClientRequest):
    """What a request of the original has beside ours."""

    GET_METHODS: ClassVar = {"GET", "HEAD", "OPTIONS", "TRACE"}
    POST_METHODS: ClassVar = {"PATCH", "POST", "PUT"}
    ALL_METHODS: ClassVar = {*GET_METHODS, *POST_METHODS, "DELETE"}
    # Changed, replaced or overridden, it says what a session's requests send by themselves.
    DEFAULT_HEADERS: ClassVar[dict[str, str]] = _Defaults(_SENT)

    auth: aiolos.BasicAuth | None = None
    response: Any = None
    skip_auto_headers: "CIMultiDict[None]" = CIMultiDict()

    @property
    def body(self) -> Any:
        """The body as a Payload; b"" for none."""
        return super().body

    @body.setter
    def body(self, body: Any) -> None:
        self.update_body_from_data(body)

    def update_host(self, url: URL) -> None:
        """Ask `url`."""
        is_written = self.headers.get(hdrs.HOST) == self.target.authority
        self.url = url
        if is_written:
            self.headers[hdrs.HOST] = self.target.authority

    def update_version(self, version: HttpVersion | str) -> None:
        """Speak `version`, as in "1.1". ValueError for what is none."""
        if isinstance(version, str):
            numbers = version.strip().split(".")
            if len(numbers) != 2 or not all(each.isdecimal() for each in numbers):
                raise ValueError(f"a version is like '1.1', not {version!r:.80}")
            version = HttpVersion(int(numbers[0]), int(numbers[1]))
        self.settings = self.settings.but(version=version)

    def update_headers(self, headers: Any) -> None:
        """Have these fields and no others."""
        given = checked_headers(headers)
        self.headers.clear()
        self.headers.extend(given)

    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        """Add what is sent by itself, but for the names in `skip_auto_headers`."""
        skipped = self.skip_auto_headers = CIMultiDict(dict.fromkeys(skip_auto_headers or ()))
        for name, value in {
            **self.DEFAULT_HEADERS,
            hdrs.USER_AGENT: USER_AGENT,
        }.items():
            if name not in skipped:
                self.headers.setdefault(name, value)

    def update_cookies(self, cookies: Any) -> None:
        """Send these cookies beside the others."""
        if cookies:
            self.cookies = (
                *(self.cookies or ()),
                *cookie_pairs(cookies, url=self.url, secure=self.is_ssl()),
            )

    def update_content_encoding(self, data: Any) -> None:
        """The request was made with its coding."""

    def update_transfer_encoding(self) -> None:
        """The connection does it."""

    def update_auth(self, auth: aiolos.BasicAuth | None, trust_env: bool = False) -> None:
        """Send these credentials."""
        self.auth = auth or self.auth
        if self.auth is not None:
            self.headers[hdrs.AUTHORIZATION] = check_auth(self.auth).encode()

    def update_body_from_data(self, body: Any, _stacklevel: int = 3) -> None:
        """Send this body; its fields are added where they are not there."""
        self.data, described = make_body(body, None, _NO_JSON, None)
        self.headers.pop(hdrs.CONTENT_LENGTH, None)
        for name, value in described.items():
            self.headers.setdefault(name, value)

    def update_expect_continue(self, expect: bool = False) -> None:
        """Wait for the server's permission before the body."""
        if expect:
            self.headers[hdrs.EXPECT] = "100-continue"

    def update_proxy(self, proxy: URL | None, proxy_auth: Any, proxy_headers: Any) -> None:
        """Ask by way of `proxy`."""
        route = replace(
            self.settings.route,
            proxy=None if proxy is None else check_proxy(proxy),
            proxy_auth=None
            if proxy_auth is None
            else check_auth(proxy_auth, "proxy_auth").encode(),
            proxy_headers=tuple(checked_headers(proxy_headers).items()),
        )
        self.settings = self.settings.but(route=route)

    async def close(self) -> None:
        """Wait until the body is sent or given up."""
        await self.upload_ended()

    def terminate(self) -> None:
        """Give up the sending of the body."""
        sending: asyncio.Task[None] | None = self.sending
        if sending is not None:
            sending.cancel()

    def _take_overridden(self, names: Collection[str]) -> None:
        """Call those of the steps, in their order."""
        if DEFAULTS in names:
            self._send_defaults()
        for name, arguments in ORDER:
            if name in names:
                getattr(self, name)(*arguments(self))
        if "update_cookies" in names:
            self._keep_cookies()

    def _keep_cookies(self) -> None:
        """Have those that were added sent beside what a session gives behind this."""
        given = self.headers.get(hdrs.COOKIE, "")
        there = {pair.partition("=")[0].strip() for pair in given.split(";")}
        added = format_cookie([pair for pair in self.cookies or () if pair[0] not in there])
        self.cookies = ()
        if added:
            self.headers[hdrs.COOKIE] = "; ".join(filter(None, (given, added)))

    def _send_defaults(self) -> None:
        fields, wanted, given = self.headers, self.DEFAULT_HEADERS, GIVEN.get()
        theirs = CIMultiDict(getattr(self.session, "headers", ()))
        theirs.extend(checked_headers(given.get("headers")))
        for name, value in _SENT.items():
            if fields.get(name) == value and name not in theirs:
                del fields[name]
                if name in wanted:
                    fields[name] = wanted[name]
        skips = (
            *getattr(self.session, "skip_auto_headers", ()),
            *(given.get("skip_auto_headers") or ()),
        )
        skipped = {each.lower() for each in skips}
        for name, value in wanted.items():
            if name not in _SENT and name.lower() not in skipped:
                fields.setdefault(name, value)

    @classmethod
    def has_own_defaults(cls) -> bool:
        """Whether its DEFAULT_HEADERS are others than what a session sends by itself."""
        return bool(cls.DEFAULT_HEADERS != _SENT)


# Among the steps that a class has of its own.
DEFAULTS: Final = "DEFAULT_HEADERS"


def _left_out(request: Steps) -> list[str]:
    return [each for each in request.DEFAULT_HEADERS if each not in request.headers]


def _proxy(request: Any) -> tuple[Any, Any, Any]:
    route = request.settings.route
    auth = None if route.proxy_auth is None else aiolos.BasicAuth.decode(route.proxy_auth)
    return route.proxy, auth, CIMultiDict(route.proxy_headers)


# The steps, and with what each is called.
ORDER: Final[tuple[tuple[str, Callable[[Any], tuple[Any, ...]]], ...]] = (
    ("update_version", lambda request: (request.version,)),
    ("update_host", lambda request: (request.url,)),
    ("update_headers", lambda request: (request.headers.copy(),)),
    ("update_auto_headers", lambda request: (_left_out(request),)),
    ("update_cookies", lambda request: ({},)),
    ("update_content_encoding", lambda request: (request.data or None,)),
    ("update_auth", lambda request: (None, getattr(request.session, "trust_env", False))),
    ("update_proxy", _proxy),
    ("update_body_from_data", lambda request: (request.data or None,)),
    ("update_transfer_encoding", lambda request: ()),
    ("update_expect_continue", lambda request: (hdrs.EXPECT in request.headers,)),
)
