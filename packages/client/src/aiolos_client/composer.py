"""Requests, composed of a session's defaults and of what a verb was given."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiolos_protocol import hdrs
from aiolos_protocol.compression import CODINGS, available
from aiolos_protocol.fields.authorization import BasicAuth
from aiolos_protocol.grammar import is_token
from aiolos_protocol.message import RequestHead
from multidict import CIMultiDict, getversion
from yarl import URL

from ._version import __version__
from .auth import check_auth
from .body import JSONDumps, make_body
from .clientrequest import ClientRequest, Target
from .cookiejar import OwnCookies
from .given import names_of
from .settings import DIRECT, Settings
from .settling import POLICIES, settled
from .upload import Upload, UploadTracker
from .urls import check_scheme, parse_url

USER_AGENT: Final = f"aiolos/{__version__}"
# How many URLs are kept ready; a crawler's are all different and must not pile up.
_TARGETS: Final = 256
# Methods of one of them whose heads are kept.
_METHODS: Final = 16


class Composer:
    """Makes the requests of a session; its parameters are ClientSession's.

    `schemes` are those of the connector. `headers` may be changed between requests.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        request_class: type[ClientRequest],
        schemes: frozenset[str],
        dumps: JSONDumps,
        base_url: URL | None = None,
        headers: Any = None,
        auth: BasicAuth | None = None,
        skip_auto_headers: Iterable[str] | None = None,
        quote_cookie: bool = True,
    ) -> None:
        self.settings = settings
        self.base_url = base_url
        self.headers = checked_headers(headers)
        self.auth = auth
        self.skipped = names_of("skip_auto_headers", skip_auto_headers)
        self._request = request_class
        self._schemes = schemes
        self.dumps = dumps
        self._quote_cookie = quote_cookie
        self._targets: dict[str | URL, Target] = {}
        self._version = _version(self.headers)

    def compose(
        self, session: Any, method: str, url: str | URL, options: Mapping[str, Any], now: float
    ) -> ClientRequest:
        """A request of `session`, whose time begins `now`. Raises ClientError, ValueError or
        TypeError for what cannot be asked. Never suspends."""
        version = _version(self.headers)
        if version != self._version:
            self._targets.clear()
            self._version = version
        try:
            target = self._targets.get(url)
        except TypeError:
            # It is told of where it is parsed.
            target = None
        auth = None
        if target is None or (options and options.get("params")):
            target, auth = self._target(url, options.get("params"))
        settings = settled(self.settings, options) if options else self.settings
        if auth is None and (not options or options.keys() <= POLICIES):
            head = target.heads.get(method) or self._plain_head(session, method, target)
            return self._request(head.method, target, settings, session, now, head)
        return self._own(session, method, target, settings, options, auth, now)

    # The URL.

    def whole_url(self, url: str | URL, params: Any) -> URL:
        """`url` behind the base, with `params`."""
        whole = parse_url(url)
        if self.base_url is not None and not whole.scheme:
            whole = self.base_url.join(whole)
        return _extended(whole, params) if params else whole

    def _target(self, url: str | URL, params: Any) -> tuple[Target, BasicAuth | None]:
        """The URL made ready, and the credentials that stood in it."""
        whole = self.whole_url(url, params)
        if whole.scheme not in self._schemes or not whole.scheme:
            # Without a scheme Target knows better what is missing.
            check_scheme(whole, self._schemes)
        auth = BasicAuth.from_url(whole)
        target = Target(whole if auth is None else whole.with_user(None))
        if not params and auth is None:
            if len(self._targets) >= _TARGETS:
                self._targets.clear()
            self._targets[url] = target
        return target, auth

    # The head.

    def _plain_head(self, session: Any, method: str, target: Target) -> RequestHead:
        """The head that requests without fields of their own share, whichever way they take: what
        a proxy is told is added for each."""
        direct = self.settings.but(route=DIRECT)
        request = self._own(session, method, target, direct, {}, None, 0.0)
        if len(target.heads) >= _METHODS:
            target.heads.clear()
        head = target.heads[method] = request.head("", last=False).freeze()
        return head

    def _own(
        self,
        session: Any,
        method: str,
        target: Target,
        settings: Settings,
        options: Mapping[str, Any],
        auth: BasicAuth | None,
        now: float,
    ) -> ClientRequest:
        if not isinstance(method, str):
            raise TypeError(f"a method is a str, like 'GET', not {method!r:.80}")
        if not is_token(method.encode()):
            raise ValueError(f"{method!r:.80} is not a method (RFC 9110 9.1)")
        given = checked_headers(options.get("headers"))
        skipped = self.skipped
        if options.get("skip_auto_headers"):
            skipped |= names_of("skip_auto_headers", options["skip_auto_headers"])
        content_type = options.get("content_type")
        if content_type and hdrs.CONTENT_TYPE in given:
            raise ValueError("give content_type or the header Content-Type, not both")
        data, described = make_body(
            options.get("data"), options.get("json"), self.dumps, content_type
        )
        fields = self._fields(given, skipped)
        for name, value in described.items():
            if name not in fields and name.lower() not in skipped:
                fields[name] = value
        self._authorize(fields, given, options.get("auth"), auth)
        request = self._request(method.upper(), target, settings, session, now, None, fields, data)
        request.chunked = bool(options.get("chunked"))
        if options.get("expect100"):
            fields[hdrs.EXPECT] = "100-continue"
        if options.get("cookies"):
            request.cookies = OwnCookies.of(
                options["cookies"],
                target.url,
                quote=self._quote_cookie,
                secure=_is_secure(session, target),
            )
        _set_upload(request, options.get("compress"), options.get("upload_tracker"))
        return request

    def _fields(self, given: "CIMultiDict[str]", skipped: frozenset[str]) -> "CIMultiDict[str]":
        """What is sent by itself, the session's headers, and those that were given."""
        fields: CIMultiDict[str] = CIMultiDict()
        for name, value in (
            (hdrs.ACCEPT, "*/*"),
            (hdrs.ACCEPT_ENCODING, ", ".join(available())),
            (hdrs.USER_AGENT, USER_AGENT),
        ):
            if name.lower() not in skipped:
                fields[name] = value
        fields.update(self.headers)
        fields.update(given)
        return fields

    def _authorize(
        self,
        fields: "CIMultiDict[str]",
        given: "CIMultiDict[str]",
        auth: BasicAuth | None,
        in_url: BasicAuth | None,
    ) -> None:
        if auth is not None:
            check_auth(auth)
        chosen = auth or in_url
        if chosen is not None:
            if hdrs.AUTHORIZATION in given or (auth is not None and in_url is not None):
                raise ValueError(
                    "give the header Authorization, auth=, or a user in the URL, not two of them"
                )
        elif hdrs.AUTHORIZATION not in fields:
            chosen = self.auth
        if chosen is not None:
            fields[hdrs.AUTHORIZATION] = chosen.encode()


def _version(headers: Any) -> int:
    """A number that changes with `headers`."""
    return getversion(headers)


def _is_secure(session: Any, target: Target) -> bool:
    """Whether Secure cookies may go there: by TLS, or where the jar was told so."""
    jar = getattr(session, "cookie_jar", None)
    trusted = getattr(jar, "treat_as_secure_origin", ())
    return target.is_tls or (bool(trusted) and target.url.origin() in trusted)


def _set_upload(
    request: ClientRequest, compress: str | bool | None, tracker: UploadTracker | None
) -> None:
    """Compression and counting of the body."""
    codings: tuple[str, ...] = ()
    if compress and request.data:
        coding = "deflate" if compress is True else str(compress).lower()
        if coding not in CODINGS:
            raise ValueError(f"compress is True or one of {', '.join(CODINGS)}, not {compress!r}")
        if hdrs.CONTENT_ENCODING in request.headers:
            raise ValueError("compress does not go with a Content-Encoding of your own")
        request.headers[hdrs.CONTENT_ENCODING] = coding
        request.chunked = True
        codings = (coding,)
    if tracker is not None:
        tracker.use()
    if codings or tracker is not None:
        request.upload = Upload(codings, tracker)


def checked_headers(headers: Any) -> "CIMultiDict[str]":
    """`headers` as a mapping. TypeError for what is none."""
    if not headers:
        return CIMultiDict()
    if isinstance(headers, str) or not isinstance(headers, (Mapping, Iterable)):
        raise TypeError(f"headers take a mapping or pairs of name and value, not {headers!r:.80}")
    try:
        fields = CIMultiDict(headers)
    except (TypeError, ValueError) as error:
        raise TypeError(f"headers take a mapping or pairs of str, not {headers!r:.80}") from error
    for name, value in fields.items():
        if not isinstance(value, str):
            raise TypeError(
                f"the value of the header {name} must be a str, not {value!r:.80}; write str(...) "
                "around it"
            )
    return fields


def _extended(url: URL, params: Any) -> URL:
    try:
        return url.extend_query(params)
    except TypeError as error:
        raise TypeError(
            "params take a str, or a mapping or pairs whose values are str, int or float, not "
            f"{params!r:.80}: {error}"
        ) from None
