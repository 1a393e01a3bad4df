"""Credentials and challenges (RFC 9110 11), and the Basic scheme (RFC 7617)."""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Self

from yarl import URL

from ..grammar import TOKEN
from .syntax import is_token, split, token_or_quoted, unquoted

# RFC 9110 11.2:  token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
_TOKEN68: Final = re.compile(r"[A-Za-z0-9\-._~+/]++=*+")
_CONTROL: Final = re.compile(r"[\0-\x1f\x7f]")
_SCHEME: Final = re.compile(rf"({TOKEN.pattern})(?:[ \t]++(.*))?", re.DOTALL)


class _Login(NamedTuple):
    login: str
    password: str = ""
    encoding: str = "latin1"


class BasicAuth(_Login):
    """User name and password of the Basic scheme; `encoding` is the charset that both ends use."""

    __slots__ = ()

    def __new__(cls, login: str, password: str = "", encoding: str = "latin1") -> Self:
        """Raises ValueError where the name holds a colon, either a control character (RFC 7617 2),
        or a value is None; TypeError for another type than str."""
        if login is None:
            raise ValueError("BasicAuth() takes a login as str, not None")
        if password is None:
            raise ValueError("BasicAuth() takes a password as str, not None; none at all is ''")
        for name, value in (("login", login), ("password", password), ("encoding", encoding)):
            if not isinstance(value, str):
                raise TypeError(f"BasicAuth() takes its {name} as str, not {type(value).__name__}")
        if ":" in login:
            raise ValueError(f"the login {login!r:.80} holds a colon (RFC 7617 2)")
        if not (login.isprintable() and password.isprintable()) and _CONTROL.search(
            login + password
        ):
            raise ValueError("a login and a password hold no control characters (RFC 7617 2)")
        return super().__new__(cls, login, password, encoding)

    @classmethod
    def decode(cls, auth_header: str, encoding: str = "latin1") -> Self:
        """The credentials of an Authorization field. Raises ValueError where they are malformed
        or of another scheme."""
        scheme, space, encoded = auth_header.strip(" \t").partition(" ")
        if not space:
            raise ValueError(f"{auth_header!r:.40} is a scheme without credentials (RFC 9110 11.4)")
        if scheme.lower() != "basic":
            raise ValueError(f"the credentials are of the scheme {scheme:.40}, not Basic")
        try:
            raw = b64decode(encoded.strip(" \t").encode("ascii"), validate=True)
        except (Base64Error, UnicodeEncodeError):
            raise ValueError("the credentials are not base64 (RFC 7617 2)") from None
        decoded = raw.decode(encoding)
        login, colon, password = decoded.partition(":")
        if not colon:
            raise ValueError("the credentials hold no colon (RFC 7617 2)")
        return cls(login, password, encoding=encoding)

    @classmethod
    def from_url(cls, url: URL, *, encoding: str = "latin1") -> Self | None:
        """The user information of `url`; None where it has none."""
        if not isinstance(url, URL):
            raise TypeError(f"BasicAuth.from_url() takes a yarl.URL, not {url!r:.80}")
        if url.user is None and url.password is None:
            return None
        return cls(url.user or "", url.password or "", encoding=encoding)

    def encode(self) -> str:
        """The value of an Authorization field."""
        pair = f"{self.login}:{self.password}".encode(self.encoding)
        return "Basic " + b64encode(pair).decode("ascii")


class Challenge(NamedTuple):
    """A challenge or a set of credentials: `scheme` in lower case, and either `token68` or
    `parameters` (names in lower case, of repeated ones the first)."""

    scheme: str
    parameters: Mapping[str, str] = MappingProxyType({})
    token68: str | None = None


def parse_challenges(value: str) -> tuple[Challenge, ...]:
    """The challenges of WWW-Authenticate or Proxy-Authenticate, in their order (RFC 9110 11.6.1).

    What is neither a scheme nor a parameter is left out. Linear in the length of `value`.
    """
    found: list[Challenge] = []
    parameters: dict[str, str] = {}
    for piece in split(value, ","):
        if _add_parameter(piece, parameters) and found:
            continue
        match = _SCHEME.fullmatch(piece)
        if match is None:
            continue
        rest = match[2] or ""
        parameters = {}
        is_parameter = _add_parameter(rest, parameters)
        token68 = rest if not is_parameter and _TOKEN68.fullmatch(rest) else None
        found.append(Challenge(match[1].lower(), parameters, token68))
    return tuple(found)


def parse_credentials(value: str) -> Challenge | None:
    """What an Authorization field holds (RFC 9110 11.4); None where it names no scheme."""
    challenges = parse_challenges(value)
    return challenges[0] if challenges else None


def format_credentials(
    scheme: str, parameters: Mapping[str, str], *, bare: frozenset[str] = frozenset()
) -> str:
    """`scheme name="value", ...`; the values of names in `bare` are written without quotes where
    they are tokens, as RFC 7616 3.4 asks. Raises ValueError for control characters."""
    written = ", ".join(
        f"{name}={token_or_quoted(value) if name in bare else _always_quoted(value)}"
        for name, value in parameters.items()
    )
    return f"{scheme} {written}"


def _always_quoted(value: str) -> str:
    text = token_or_quoted(value)
    return text if text.startswith('"') else f'"{text}"'


def _add_parameter(piece: str, parameters: dict[str, str]) -> bool:
    """Whether `piece` reads name=value, with a value: "YWI=" is a token68, not a parameter."""
    name, equals, value = piece.partition("=")
    name = name.rstrip(" \t").lower()
    value = value.lstrip(" \t")
    if not equals or not is_token(name) or not value.strip("="):
        return False
    parameters.setdefault(name, unquoted(value))
    return True
