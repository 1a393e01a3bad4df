"""Hides what is secret in requests and answers before they are written down.

Secrets are told by the names of their fields, in any case and with or without "-" and "_", or by
the last word of a name, so that "new_password" and "user[token]" are secrets as well: in heads, in
urlencoded and multipart forms, in JSON at any depth, and in the queries and fragments of URLs, also
of those that are the values of any of these.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote_plus, urlencode

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from .fake import Answer, Asked

HIDDEN: Final = "(hidden)"
SECRETS: Final = (
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "Set-Cookie",
    "X-Api-Key",
    "X-Auth-Token",
    "X-Amz-Security-Token",
    "X-Auth",
    "X-Csrf-Token",
    "X-Token",
    "access_token",
    "api_key",
    "client_secret",
    "id_token",
    "passwd",
    "password",
    "private_key",
    "refresh_token",
    "secret",
    "session_token",
    "signature",
    "token",
)
# A name and its value in the query or the fragment of a URL, wherever that stands.
_PARAMETER: Final = re.compile(r"([?&#])([^?&#=\s]+)=([^&#\s\"'<>]*)")
# Of accessToken, access-token and user[token]: the words that they are made of.
_WORDS: Final = re.compile("[A-Z]?[a-z0-9]+|[A-Z0-9]+")
# Each request has another boundary, which would never be asked for again.
_BOUNDARY: Final = b"boundary-of-a-recording"


class Redaction:
    """Hides the values of `names`, which are compared in any case, without "-" and "_"."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = sorted({name.lower() for name in names})
        self._folded = {_fold(name) for name in self.names}

    def asked(self, asked: Asked) -> Asked:
        """`asked` without its secrets."""
        headers, body = self._message(asked.headers, asked.body)
        return Asked(asked.method, self._url(asked.url), CIMultiDictProxy(headers), body)

    def answer(self, answer: Answer) -> Answer:
        """`answer` without its secrets."""
        headers, body = self._message(answer.headers, answer.body)
        return Answer(answer.status, headers, body)

    def text(self, text: str) -> str:
        """`text`, which may be JSON, without its secrets."""
        found = self._json(text.encode()).decode()
        return found if found != text else self._text(text)

    def _value(self, name: str, value: str) -> str:
        return HIDDEN if self._is_secret(name) else self._text(value)

    def _is_secret(self, name: str) -> bool:
        if _fold(name) in self._folded:
            return True
        words = _WORDS.findall(name)
        return len(words) > 1 and words[-1].lower() in self._folded

    def _text(self, text: str) -> str:
        """`text`, which may be a URL or hold some, without the secrets of their parameters."""
        return _PARAMETER.sub(self._parameter, text)

    def _parameter(self, found: re.Match[str]) -> str:
        before, name, _ = found.groups()
        return f"{before}{name}={HIDDEN}" if self._is_secret(unquote_plus(name)) else found[0]

    def _url(self, url: URL) -> URL:
        query = [(name, self._value(name, value)) for name, value in url.query.items()]
        return url.with_query(query) if query != list(url.query.items()) else url

    def _message(self, headers: Any, body: bytes) -> tuple[CIMultiDict[str], bytes]:
        found: CIMultiDict[str] = CIMultiDict()
        for name, value in headers.items():
            found.add(name, self._field(name, value))
        content_type = found.get("Content-Type", "")
        kind = content_type.partition(";")[0].strip().lower()
        boundary = re.search(r"boundary=\"?([^\";]+)", content_type)
        if kind == "application/x-www-form-urlencoded":
            body = self._form(body)
        elif kind == "multipart/form-data" and boundary is not None:
            body = self._multipart(body, boundary[1].encode())
            found["Content-Type"] = f"{kind}; boundary={_BOUNDARY.decode()}"
        else:
            body = self._json(body)
        return found, body

    def _field(self, name: str, value: str) -> str:
        lower = name.lower()
        if lower == "set-cookie" and self._is_secret(lower):
            # A client must still find a cookie there.
            return re.sub(r"=[^;]*", f"={HIDDEN}", value, count=1)
        return self._value(name, value)

    def _form(self, body: bytes) -> bytes:
        form = Asked("", URL(), CIMultiDictProxy(CIMultiDict()), body).form()
        hidden = [(name, self._value(name, value)) for name, value in form.items()]
        return body if hidden == list(form.items()) else urlencode(hidden).encode()

    def _multipart(self, body: bytes, boundary: bytes) -> bytes:
        parts = body.split(b"--" + boundary)
        for number, part in enumerate(parts):
            head, separator, _ = part.partition(b"\r\n\r\n")
            name = re.search(rb'(?i)[ ;]name="?([^";\r\n]+)', head)
            if separator and name and self._is_secret(name[1].decode("utf-8", "replace")):
                parts[number] = head + separator + HIDDEN.encode() + b"\r\n"
        return (b"--" + _BOUNDARY).join(parts)

    def _json(self, body: bytes) -> bytes:
        # Whatever its type says: much JSON goes about as text.
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return body
        hidden = self._hidden(value)
        return body if hidden == value else json.dumps(hidden).encode()

    def _hidden(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: HIDDEN if self._is_secret(name) else self._hidden(each)
                for name, each in value.items()
            }
        if isinstance(value, list):
            return [self._hidden(each) for each in value]
        return self._text(value) if isinstance(value, str) else value


def _fold(name: str) -> str:
    # accessToken, access_token and Access-Token are one name.
    return name.lower().replace("-", "").replace("_", "")
