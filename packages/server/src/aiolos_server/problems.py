"""Problem details (RFC 9457), for whoever asks for them: errors as application/problem+json."""

import json
from collections.abc import Mapping
from typing import Any, Final

from aiolos_protocol import hdrs

from .errors import HTTPError, HTTPException, HTTPGatewayTimeout, HTTPInternalServerError
from .request import Request
from .response import Response

CONTENT_TYPE: Final = "application/problem+json"
# What fields say of the old body, in lower case.
_OF_THE_BODY: Final = frozenset({hdrs.CONTENT_TYPE.lower(), hdrs.CONTENT_LENGTH.lower()})


class HTTPProblem(HTTPError):
    """An error with problem details as its body, to be raised or returned.

    `type` is a URI reference of the kind of problem, `title` says it for people and defaults to
    the status' phrase, `detail` says more of this occurrence, `instance` is a URI reference of
    it; `extensions` are further members, as JSON. ValueError for a status below 400, TypeError
    for what is no JSON.
    """

    def __init__(
        self,
        status: int,
        *,
        type: str = "about:blank",
        title: str | None = None,
        detail: str | None = None,
        instance: str | None = None,
        headers: Mapping[str, str] | None = None,
        reason: str | None = None,
        **extensions: Any,
    ) -> None:
        if not 400 <= status <= 599:
            raise ValueError(f"a problem has a status of 400 to 599, not {status}")
        self.status_code = status  # type: ignore[misc]  # each instance has its own
        members = {
            "type": type,
            "title": title,
            "status": status,
            "detail": detail,
            "instance": instance,
            **extensions,
        }
        super().__init__(headers=headers, reason=reason, body=b"{}", content_type=CONTENT_TYPE)
        if title is None:
            members["title"] = self.reason
        self.body = _dumped(members)


async def problem_details(request: Request, exc: Exception) -> Response:
    """A receiver of Application.on_exception that answers every error with problem details.

    The text of an HTTPException becomes its `detail`; its headers stay. One with a body of
    another content type is left as it is. A TimeoutError is a 504, any other exception a 500; of
    neither anything is said. What is refused before a handler is found (400, 408, 431, 503), and a
    FileResponse that finds no file or no such range (403, 404, 416), stay text/plain.
    """
    if isinstance(exc, HTTPException):
        error = exc
    else:
        late = isinstance(exc, TimeoutError)
        error = HTTPGatewayTimeout() if late else HTTPInternalServerError()
    if error.content_type != "text/plain":
        return error
    members: dict[str, Any] = {"type": "about:blank", "title": error.reason, "status": error.status}
    if error.text != f"{error.status}: {error.reason}":
        members["detail"] = error.text
    response = Response(
        status=error.status,
        reason=error.reason,
        body=_dumped(members),
        content_type=CONTENT_TYPE,
    )
    for name, value in error.headers.items():
        if name.lower() not in _OF_THE_BODY:
            response.headers.add(name, value)
    for name, morsel in error.cookies.items():
        response.cookies[name] = morsel
    if error.keep_alive is False:
        response.force_close()
    return response


def _dumped(members: Mapping[str, Any]) -> bytes:
    return json.dumps(
        {name: value for name, value in members.items() if value is not None}
    ).encode()
