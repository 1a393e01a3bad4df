"""Answers that are raised, one exception for each status (RFC 9110 15); or returned, as well."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from aiolos_protocol import hdrs
from yarl import URL

from .core import REASONS, ResponseCore, checked_reason
from .response import Response, StreamResponse, WholeResponse

if TYPE_CHECKING:
    _Answer = Response
else:
    # Not in earnest: a compiled Response and an Exception have no common subclass.
    _Answer = WholeResponse


class HTTPException(_Answer, Exception):  # type: ignore[misc]
    """A response that is raised, or returned; for isinstance() a Response.

    `status_code` is the class's own; -1 where a subclass sets it. Without `text` and `body` the
    body says "status: reason". ValueError where both are given, or for a reason of several lines.
    """

    status_code: ClassVar[int] = -1
    empty_body: ClassVar[bool] = False

    __http_exception__: ClassVar[bool] = True

    def __init__(
        self,
        *,
        headers: Mapping[str, str] | None = None,
        reason: str | None = None,
        body: bytes | None = None,
        text: str | None = None,
        content_type: str | None = None,
    ) -> None:
        if reason is not None:
            reason = checked_reason(reason)
        phrase = REASONS.get(self.status_code, "") if reason is None else reason
        if body is None and text is None and not self.empty_body:
            text = f"{self.status_code}: {phrase}"
        fields: Any = Response(
            body,
            status=self.status_code,
            reason=reason,
            text=text,
            headers=headers,
            content_type=content_type,
        )
        for name in ResponseCore.__slots__:
            setattr(self, name, getattr(fields, name))
        Exception.__init__(self, phrase)

    def __bool__(self) -> bool:
        return True

    __hash__ = Exception.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


StreamResponse.register(HTTPException)
Response.register(HTTPException)


class HTTPError(HTTPException):
    """4xx and 5xx."""


class HTTPRedirection(HTTPException):
    """3xx."""


class HTTPSuccessful(HTTPException):
    """2xx."""


class HTTPOk(HTTPSuccessful):
    """200."""

    status_code = 200


class HTTPCreated(HTTPSuccessful):
    """201."""

    status_code = 201


class HTTPAccepted(HTTPSuccessful):
    """202."""

    status_code = 202


class HTTPNonAuthoritativeInformation(HTTPSuccessful):
    """203."""

    status_code = 203


class HTTPNoContent(HTTPSuccessful):
    """204; has no body."""

    status_code = 204
    empty_body = True


class HTTPResetContent(HTTPSuccessful):
    """205; has no body."""

    status_code = 205
    empty_body = True


class HTTPPartialContent(HTTPSuccessful):
    """206."""

    status_code = 206


class HTTPMove(HTTPRedirection):
    """A redirection to `location`, a str or URL; ValueError where it is empty."""

    def __init__(
        self,
        location: str | URL,
        *,
        headers: Mapping[str, str] | None = None,
        reason: str | None = None,
        body: bytes | None = None,
        text: str | None = None,
        content_type: str | None = None,
    ) -> None:
        if not location:
            raise ValueError("a redirection needs a location")
        super().__init__(
            headers=headers, reason=reason, body=body, text=text, content_type=content_type
        )
        self._location = location
        self.headers[hdrs.LOCATION] = str(URL(location))

    @property
    def location(self) -> str | URL:
        """Where to, as it was given."""
        return self._location


class HTTPMultipleChoices(HTTPMove):
    """300."""

    status_code = 300


class HTTPMovedPermanently(HTTPMove):
    """301."""

    status_code = 301


class HTTPFound(HTTPMove):
    """302."""

    status_code = 302


class HTTPSeeOther(HTTPMove):
    """303."""

    status_code = 303


class HTTPNotModified(HTTPRedirection):
    """304; has no body."""

    status_code = 304
    empty_body = True


class HTTPUseProxy(HTTPMove):
    """305."""

    status_code = 305


class HTTPTemporaryRedirect(HTTPMove):
    """307."""

    status_code = 307


class HTTPPermanentRedirect(HTTPMove):
    """308."""

    status_code = 308


class HTTPClientError(HTTPError):
    """4xx."""


class HTTPBadRequest(HTTPClientError):
    """400."""

    status_code = 400


class HTTPUnauthorized(HTTPClientError):
    """401."""

    status_code = 401


class HTTPPaymentRequired(HTTPClientError):
    """402."""

    status_code = 402


class HTTPForbidden(HTTPClientError):
    """403."""

    status_code = 403


class HTTPNotFound(HTTPClientError):
    """404."""

    status_code = 404


class HTTPMethodNotAllowed(HTTPClientError):
    """405: `method` is not one of `allowed_methods`, a list of which goes into Allow.

    TypeError for a str, which would be taken for a list of its letters.
    """

    status_code = 405

    def __init__(
        self,
        method: str,
        allowed_methods: Iterable[str],
        *,
        headers: Mapping[str, str] | None = None,
        reason: str | None = None,
        body: bytes | None = None,
        text: str | None = None,
        content_type: str | None = None,
    ) -> None:
        if isinstance(allowed_methods, str):
            raise TypeError(f"allowed_methods is a list, such as [{allowed_methods!r}]")
        super().__init__(
            headers=headers, reason=reason, body=body, text=text, content_type=content_type
        )
        self._method = method
        self._allowed = set(allowed_methods)
        self.headers[hdrs.ALLOW] = ",".join(sorted(self._allowed))

    @property
    def method(self) -> str:
        """The method that was tried."""
        return self._method

    @property
    def allowed_methods(self) -> set[str]:
        """The methods that there are."""
        return self._allowed


class HTTPNotAcceptable(HTTPClientError):
    """406."""

    status_code = 406


class HTTPProxyAuthenticationRequired(HTTPClientError):
    """407."""

    status_code = 407


class HTTPRequestTimeout(HTTPClientError):
    """408."""

    status_code = 408


class HTTPConflict(HTTPClientError):
    """409."""

    status_code = 409


class HTTPGone(HTTPClientError):
    """410."""

    status_code = 410


class HTTPLengthRequired(HTTPClientError):
    """411."""

    status_code = 411


class HTTPPreconditionFailed(HTTPClientError):
    """412."""

    status_code = 412


class HTTPRequestEntityTooLarge(HTTPClientError):
    """413: more than `max_size` bytes; the default text names both, so give one to strangers."""

    status_code = 413

    def __init__(
        self,
        max_size: float,
        actual_size: float = 0,
        *,
        headers: Mapping[str, str] | None = None,
        reason: str | None = None,
        body: bytes | None = None,
        text: str | None = None,
        content_type: str | None = None,
    ) -> None:
        if text is None and body is None:
            text = f"Maximum request body size {max_size} exceeded"
            text += f", actual body size {actual_size}" if actual_size else "."
        super().__init__(
            headers=headers, reason=reason, body=body, text=text, content_type=content_type
        )


class HTTPRequestURITooLong(HTTPClientError):
    """414."""

    status_code = 414


class HTTPUnsupportedMediaType(HTTPClientError):
    """415."""

    status_code = 415


class HTTPRequestRangeNotSatisfiable(HTTPClientError):
    """416."""

    status_code = 416


class HTTPExpectationFailed(HTTPClientError):
    """417."""

    status_code = 417


class HTTPMisdirectedRequest(HTTPClientError):
    """421."""

    status_code = 421


class HTTPUnprocessableEntity(HTTPClientError):
    """422."""

    status_code = 422


class HTTPFailedDependency(HTTPClientError):
    """424."""

    status_code = 424


class HTTPUpgradeRequired(HTTPClientError):
    """426."""

    status_code = 426


class HTTPPreconditionRequired(HTTPClientError):
    """428."""

    status_code = 428


class HTTPTooManyRequests(HTTPClientError):
    """429."""

    status_code = 429


class HTTPRequestHeaderFieldsTooLarge(HTTPClientError):
    """431."""

    status_code = 431


class HTTPUnavailableForLegalReasons(HTTPClientError):
    """451; `link` names who demands it (RFC 7725 4)."""

    status_code = 451

    def __init__(
        self,
        link: str | URL | None,
        *,
        headers: Mapping[str, str] | None = None,
        reason: str | None = None,
        body: bytes | None = None,
        text: str | None = None,
        content_type: str | None = None,
    ) -> None:
        super().__init__(
            headers=headers, reason=reason, body=body, text=text, content_type=content_type
        )
        self._link = URL(link) if link else None
        if self._link is not None:
            self.headers[hdrs.LINK] = f'<{self._link}>; rel="blocked-by"'

    @property
    def link(self) -> URL | None:
        """Who demands it."""
        return self._link


class HTTPServerError(HTTPError):
    """5xx."""


class HTTPInternalServerError(HTTPServerError):
    """500."""

    status_code = 500


class HTTPNotImplemented(HTTPServerError):
    """501."""

    status_code = 501


class HTTPBadGateway(HTTPServerError):
    """502."""

    status_code = 502


class HTTPServiceUnavailable(HTTPServerError):
    """503."""

    status_code = 503


class HTTPGatewayTimeout(HTTPServerError):
    """504."""

    status_code = 504


class HTTPVersionNotSupported(HTTPServerError):
    """505."""

    status_code = 505


class HTTPVariantAlsoNegotiates(HTTPServerError):
    """506."""

    status_code = 506


class HTTPInsufficientStorage(HTTPServerError):
    """507."""

    status_code = 507


class HTTPNotExtended(HTTPServerError):
    """510."""

    status_code = 510


class HTTPNetworkAuthenticationRequired(HTTPServerError):
    """511."""

    status_code = 511


class NotAppKeyWarning(UserWarning):
    """aiohttp warns so of str keys on an application; here they are first-class: never given."""
