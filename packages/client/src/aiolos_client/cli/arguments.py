"""The command line, as a request's parts."""

import argparse
import json
import mimetypes
import re
import ssl
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, TextIO

from aiolos_protocol.fields.authorization import BasicAuth
from aiolos_protocol.forms import FormData
from multidict import CIMultiDict

from .._version import __version__
from ..negotiation import HTTP2Setting
from ..timeouts import ClientTimeout

# RFC 3986 3.1
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_UNKNOWN: Final = "application/octet-stream"
_EPILOG: Final = """\
examples:
  python -m aiolos_client https://example.org/
  python -m aiolos_client -j '{"name": "x"}' https://example.org/users
  python -m aiolos_client -F file=@photo.jpg -F title=Sea https://example.org/upload
  python -m aiolos_client -o disk.iso https://example.org/disk.iso

exit status: 0; 4 or 5 for an answer of 4xx or 5xx; 2 usage, 6 name unknown, 7 no connection,
28 time-out, 47 too many redirections, 56 broken answer, 60 certificate refused, 130 Ctrl-C"""


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    made = argparse.ArgumentParser(
        prog="python -m aiolos_client",
        description="Make one HTTP request and show the answer.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("url", help="what to ask; http:// where the scheme is missing")
    made.add_argument("-X", "--method", type=str.upper, help="GET, or POST where there is a body")
    made.add_argument(
        "-H", "--header", action="append", default=[], metavar="'NAME: VALUE'", help="a header"
    )
    body = made.add_mutually_exclusive_group()
    body.add_argument("-j", "--json", metavar="TEXT", help="a JSON body; @FILE, @- for stdin")
    body.add_argument("-d", "--data", metavar="TEXT", help="a body as it is; @FILE, @- for stdin")
    body.add_argument(
        "-F",
        "--form",
        action="append",
        metavar="NAME=VALUE",
        help="a form's field; NAME=@FILE, NAME=@- for stdin",
    )
    made.add_argument("-u", "--auth", metavar="USER:PASSWORD", help="Basic authentication")
    made.add_argument("-o", "--output", metavar="FILE", type=Path, help="to a file, as it is sent")
    made.add_argument("-i", "--include", action="store_true", help="show the head in any case")
    made.add_argument("-t", "--timeout", type=seconds, metavar="SECONDS", help="at most, in total")
    made.add_argument(
        "-x", "--proxy", metavar="URL", help="http, https, socks4, socks4a, socks5 or socks5h proxy"
    )
    made.add_argument("-k", "--insecure", action="store_true", help="do not check certificates")
    made.add_argument("--cacert", metavar="FILE", help="trust these authorities")
    version = made.add_mutually_exclusive_group()
    version.add_argument(
        "--http2", action="store_true", help="speak HTTP/2, in the clear without asking"
    )
    version.add_argument("--http1", action="store_true", help="keep to HTTP/1.1")
    made.add_argument("--no-redirects", action="store_true", help="do not follow redirections")
    made.add_argument("--timing", action="store_true", help="show what took how long")
    made.add_argument("--version", action="version", version=f"aiolos-client {__version__}")
    return made


def http2_setting(given: argparse.Namespace) -> HTTP2Setting:
    """What ClientSession(http2=) is told."""
    if given.http1:
        return False
    # A context of one's own, as --cacert makes, does not offer HTTP/2 by itself.
    return "prior-knowledge" if given.http2 else given.cacert is not None or None


def seconds(text: str) -> float:
    """What -t takes, as a number; argparse names this function in its messages."""
    given = float(text)
    if not given >= 0:
        raise argparse.ArgumentTypeError(f"{text} is no time in seconds")
    return given


class Mistake(Exception):
    """What was typed cannot be asked."""


def request_options(given: argparse.Namespace, stack: ExitStack) -> tuple[str, str, dict[str, Any]]:
    """Method, URL, and the options of ClientSession.request(). Files are closed with `stack`.

    Raises Mistake.
    """
    if given.method == "CONNECT":
        raise Mistake("CONNECT opens a tunnel, which nothing here would use; -x names a proxy")
    if given.output == Path("-"):
        raise Mistake("-o names a file; without it the body goes to the standard output")
    if given.output is not None and given.method == "HEAD":
        raise Mistake("-o keeps a body, and an answer to HEAD has none; -i shows the head")
    url = given.url if _SCHEME.match(given.url) else f"http://{given.url}"
    headers = CIMultiDict(map(_header, given.header))
    options: dict[str, Any] = {"headers": headers}
    if given.json is not None:
        # As it was typed.
        options["data"] = body = _content(given.json)
        try:
            json.loads(body.decode())
        except (ValueError, RecursionError) as error:
            name = f"--json {given.json}" if given.json.startswith("@") else "--json"
            raise Mistake(f"{name} is no JSON: {error}") from error
        headers.setdefault("Content-Type", "application/json")
    elif given.data is not None:
        options["data"] = _data(given.data, stack)
    elif given.form:
        options["data"] = _form(given.form, stack)()
    if given.auth is not None:
        login, _, password = given.auth.partition(":")
        options["auth"] = BasicAuth(login, password, "utf-8")
    if given.proxy is not None:
        options["proxy"] = given.proxy
    if given.timeout is not None:
        options["timeout"] = ClientTimeout(total=given.timeout)
    if given.insecure:
        options["ssl"] = False
    elif given.cacert is not None:
        try:
            options["ssl"] = ssl.create_default_context(cafile=given.cacert)
        except OSError as error:
            raise Mistake(f"--cacert {given.cacert}: {error}") from error
    options["allow_redirects"] = not given.no_redirects
    return given.method or ("POST" if "data" in options else "GET"), url, options


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise Mistake(f"a header is 'NAME: VALUE', not {text!r}")
    # Blanks alone: a line end is refused, and not taken away (RFC 9110 5.5).
    return name.strip(" \t"), value.strip(" \t")


def _content(text: str) -> bytes:
    """What is typed, or what @ leads to."""
    if not text.startswith("@"):
        return text.encode(errors="surrogateescape")
    if text == "@-":
        return _stdin().buffer.read()
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise Mistake(str(error)) from error


def _stdin() -> TextIO:
    if sys.stdin is None:
        raise Mistake("@- is the standard input, which is closed")
    return sys.stdin


def _data(text: str, stack: ExitStack) -> Any:
    if text == "@-":
        return _stdin().buffer
    return _file(text[1:], stack) if text.startswith("@") else text


def _form(fields: Sequence[str], stack: ExitStack) -> FormData:
    form = FormData()
    for field in fields:
        name, equals, value = field.partition("=")
        try:
            field.encode()
        except UnicodeEncodeError as error:
            raise Mistake(
                f"a form's text is UTF-8, and {field!r} is not: {error.reason}"
            ) from error
        if not equals:
            raise Mistake(f"a form's field is NAME=VALUE or NAME=@FILE, not {field!r}")
        if value == "@-":
            # It has a name, as browsers have it, for servers take a part without one as text.
            form.add_field(name, _stdin().buffer, filename="-", content_type=_UNKNOWN)
        elif value.startswith("@"):
            kind = mimetypes.guess_type(value)[0] or _UNKNOWN
            form.add_field(name, _file(value[1:], stack), content_type=kind)
        else:
            form.add_field(name, value)
    return form


def _file(name: str, stack: ExitStack) -> Any:
    try:
        return stack.enter_context(Path(name).open("rb"))
    except OSError as error:
        raise Mistake(str(error)) from error
