"""Hides what is secret in requests and answers before they are written down.

Secrets are told by the names of their fields, in any case and with or without "-" and "_", or by
the last word of a name, so that "new_password" and "user[token]" are secrets as well: in heads, in
urlencoded and multipart forms, in JSON at any depth, in elements and attributes of XML, and in the
queries, fragments and logins of URLs; and where any of these stands within a text, be it a line of
events, a part of a form or a string of JSON.
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
# A name and its value in a form, in the query or the fragment of a URL, wherever that stands.
_PARAMETER: Final = re.compile(r"(^|[?&#])([^?&#=\s<>\"'{]+)=([^&#\s\"'<>]*)")
# The password of a URL's login.
_LOGIN: Final = re.compile(r"(//[^/\s:@\"'<>]*:)[^/\s@\"'<>]+@")
_ELEMENT: Final = re.compile(r"(<(?:[\w.-]+:)?([\w.-]+)(?:\s[^<>]*)?>)([^<]+)(?=</)")
_ATTRIBUTE: Final = re.compile(r"([\s<](?:[\w.-]+:)?([\w.-]+)\s*=\s*)(\"[^\"<]*\"|'[^'<]*')")
_BRACKET: Final = re.compile(r"[{\[]")
# So many times its length may a text be read for JSON that is none, before the rest is thought to
# hold none. A bracket behind which brackets are nested too deep counts as so many characters.
_READINGS: Final = 20
_TOO_DEEP: Final = 1000
# A member of what is no whole JSON: it was cut, or is a script's.
_MEMBER: Final = re.compile(r"(\"([\w.\[\]-]{1,100})\"\s*:\s*)\"(?:[^\"\\]|\\.)*(\"?)")
_PAIR: Final = frozenset({"name", "key", "field"})
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
        """`text`, which may be JSON or hold some, without its secrets."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return self._text(self._json_within(text))
        hidden = self._hidden(value)
        return text if hidden == value else json.dumps(hidden)

    def content(self, body: bytes) -> bytes:
        """`body`, which may be text in whatever form, without its secrets."""
        try:
            # Whatever its type says: much JSON goes about as text. It may be in UTF-16, too.
            value = json.loads(body)
        except (ValueError, RecursionError):
            try:
                text = body.decode()
            except UnicodeDecodeError:
                return body
            return self.text(text).encode()
        hidden = self._hidden(value)
        return body if hidden == value else json.dumps(hidden).encode()

    def _json_within(self, text: str) -> str:
        """`text` without the secrets of each JSON value in it: in events, lines, behind words."""
        decoder = json.JSONDecoder()
        parts, done, at, in_vain = [], 0, 0, 0
        most = _READINGS * len(text)
        for bracket in _BRACKET.finditer(text):
            if bracket.start() < at:
                continue
            try:
                value, at = decoder.raw_decode(text, bracket.start())
            except json.JSONDecodeError as error:
                in_vain += error.pos - bracket.start()
            except RecursionError:
                in_vain += _TOO_DEEP
            else:
                hidden = self._hidden(value)
                if hidden != value:
                    parts += [text[done : bracket.start()], json.dumps(hidden)]
                    done = at
            if in_vain > most:
                break
        return "".join([*parts, text[done:]])

    def _value(self, name: str, value: str) -> str:
        return HIDDEN if self._is_secret(name) else self._text(value)

    def _is_secret(self, name: str) -> bool:
        if _fold(name) in self._folded:
            return True
        words = _WORDS.findall(name)
        return len(words) > 1 and words[-1].lower() in self._folded

    def _text(self, text: str) -> str:
        """`text`, which may be a URL, a form or XML or hold some, without their secrets."""
        text = _MEMBER.sub(self._member, text)
        text = _PARAMETER.sub(self._parameter, _LOGIN.sub(rf"\1{HIDDEN}@", text))
        if "<" in text:
            text = _ATTRIBUTE.sub(self._attribute, _ELEMENT.sub(self._element, text))
        return text

    def _parameter(self, found: re.Match[str]) -> str:
        before, name, _ = found.groups()
        return f"{before}{name}={HIDDEN}" if self._is_secret(unquote_plus(name)) else found[0]

    def _member(self, found: re.Match[str]) -> str:
        return f'{found[1]}"{HIDDEN}{found[3]}' if self._is_secret(found[2]) else found[0]

    def _element(self, found: re.Match[str]) -> str:
        return f"{found[1]}{HIDDEN}" if self._is_secret(found[2]) else found[0]

    def _attribute(self, found: re.Match[str]) -> str:
        quote = found[3][0]
        return f"{found[1]}{quote}{HIDDEN}{quote}" if self._is_secret(found[2]) else found[0]

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
        elif kind.startswith("multipart/") and boundary is not None:
            body = self._multipart(body, boundary[1].encode())
            found["Content-Type"] = f"{kind}; boundary={_BOUNDARY.decode()}"
        else:
            body = self.content(body)
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
            head, separator, content = part.partition(b"\r\n\r\n")
            name = re.search(rb'(?i)[ ;]name="?([^";\r\n]+)', head)
            if not separator:
                continue
            if name and self._is_secret(name[1].decode("utf-8", "replace")):
                content = HIDDEN.encode() + b"\r\n"
            else:
                content = self.content(content.removesuffix(b"\r\n")) + b"\r\n"
            parts[number] = head + separator + content
        return (b"--" + _BOUNDARY).join(parts)

    def _is_pair(self, value: Any) -> bool:
        """Whether it is a secret's name and its value; in a list of such, as fields are written."""
        is_pair = isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)
        return is_pair and self._is_secret(value[0])

    def _hidden(self, value: Any) -> Any:
        if isinstance(value, dict):
            hidden = {
                name: HIDDEN if self._is_secret(name) else self._hidden(each)
                for name, each in value.items()
            }
            named = any(self._is_secret(str(value[each])) for each in _PAIR & value.keys())
            return hidden | {"value": HIDDEN} if named and "value" in value else hidden
        if isinstance(value, list):
            return [
                [each[0], HIDDEN] if self._is_pair(each) else self._hidden(each) for each in value
            ]
        return self.text(value) if isinstance(value, str) else value


def _fold(name: str) -> str:
    # accessToken, access_token and Access-Token are one name.
    return name.lower().replace("-", "").replace("_", "")
