"""What behaves differently from aiohttp, and how it is seen in a source."""

import ast
from collections.abc import Collection, Iterator
from typing import Final

from .uses import TAKE_NAMES, origin

# What no source shows; docs/migrating.md includes it.
EVERYWHERE: Final = """\
- HTTP/2 is spoken over TLS where the other side speaks it: names of fields that are not well known
  come in small letters then (headers["X-Name"] finds them, dict(headers)["X-Name"] does not), there
  is no reason behind a status, and `version` is (2, 0). http2=False of ClientSession, TCPConnector,
  AppRunner and run_app leaves it out.
- None as the value of a form's field or of a cookie is refused; aiohttp sends the word None.
- Malformed messages that aiohttp takes are refused, with 400 by the server and with an error by the
  client; TCPConnector(lenient=True) bears careless servers.
- A request's head has 30 seconds to arrive, its body must not stall (body_timeout); whatever a peer
  can make grow has a bound in aiolos_protocol.limits.Limits.
- Cookies follow RFC 6265bis: public suffixes, the prefixes that bind to host and TLS, old dates.
- Loggers are named aiolos.access, aiolos.client, aiolos.server, aiolos.web and aiolos.websocket.
- The fixtures of pytest are aiolos_client, aiolos_server, aiolos_raw_server, aiolos_unused_port.
- StreamReader.read(n) gives what has arrived, which may be a smaller piece than aiohttp's.
- An Application is called by ASGI servers; app() without arguments is an error.
- User-Agent and Server name aiolos.
- aiolos.__version__ counts the releases of aiolos, from 0.1 on: what was chosen by aiohttp's
  cannot be chosen by it.
"""

# Private names that programs and tests are known to use.
DOORS: Final = frozenset(
    {
        "_acquired",
        "_base_url",
        "_body",
        "_cache",
        "_close",
        "_conns",
        "_connector",
        "_cookie_jar",
        "_create_connection",
        "_default_auth",
        "_default_headers",
        "_handle",
        "_headers",
        "_limit",
        "_make_handler",
        "_make_runner",
        "_payload_writer",
        "_post",
        "_prepare_headers",
        "_raise_for_status",
        "_raw_headers",
        "_read_bytes",
        "_request",
        "_resolve_host",
        "_retry_connection",
        "_start",
        "_timeout",
        "_trace_configs",
        "_wrap_create_connection",
    }
)
FIXTURES: Final = frozenset(
    {
        "aiohttp_client",
        "aiohttp_client_cls",
        "aiohttp_raw_server",
        "aiohttp_server",
        "aiohttp_unused_port",
    }
)
TAKE_FIXTURES: Final = frozenset({"getfixturevalue", "usefixtures"})
# Beside those whose names begin with "aiohttp_".
BUILT_ON_AIOHTTP: Final = frozenset(
    {
        "aiobotocore",
        "aiogram",
        "aiojobs",
        "aioresponses",
        "engineio",
        "pytest_aiohttp",
        "slack_sdk",
        "socketio",
    }
)
_VERSION: Final = "__version__ is that of aiolos, which is not counted as aiohttp's"
_KEEP: Final = "what uses it keeps the name aiohttp, by way of aiolos-aiohttp"
_DOOR: Final = "aiolos promises nothing of it, and aiolos-aiohttp keeps it open"
_LOOP: Final = "the fixture loop is aiolos-aiohttp's: without it, asyncio.get_running_loop()"
# Of another module's name aiohttp.
ELSEWHERE: Final = "that module may have the name aiolos from now on"


def seen_in(tree: ast.AST, packages: Collection[str]) -> Iterator[tuple[int, str]]:
    """The line and a sentence for each place where a difference is seen.

    `packages` are the names that stand for aiohttp.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=value, attr=attr) if attr in DOORS and not _is_own(value):
                yield node.lineno, f"{attr} is private: {_DOOR}"
            case ast.Call(
                func=ast.Attribute(attr=function) | ast.Name(id=function),
                args=[value, ast.Constant(value=str(attr)), *_],
            ) if function in TAKE_NAMES and attr in DOORS and not _is_own(value):
                yield node.lineno, f"{attr} is private: {_DOOR}"
            case ast.Attribute(value=ast.Name(id=name), attr="__version__") if name in packages:
                yield node.lineno, _VERSION
            case ast.ImportFrom(module="aiohttp", names=names) if any(
                each.name == "__version__" for each in names
            ):
                yield node.lineno, _VERSION
            case ast.arg(arg=name) if name in FIXTURES:
                yield node.lineno, _fixture(name)
            case ast.Call(func=ast.Attribute(attr=function)) if function in TAKE_FIXTURES:
                for value in node.args:
                    if isinstance(value, ast.Constant) and value.value in FIXTURES:
                        yield value.lineno, _fixture(value.value)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if node.name.startswith("test"):
                for each in node.args.args:
                    if each.arg == "loop":
                        yield each.lineno, _LOOP
            case ast.Attribute(value=value, attr="aiohttp") if not _is_own(value):
                root, path = origin(node)
                whole = ".".join((root, *path)) if root else "its aiohttp"
                yield node.lineno, f"{whole} is left as it is: {ELSEWHERE}"
            case ast.ImportFrom(names=names) if any(each.name == "aiohttp" for each in names):
                yield node.lineno, f"{ast.unparse(node)} is left as it is: {ELSEWHERE}"
            case ast.Import(names=names):
                for alias in names:
                    yield from _built_on(node.lineno, alias.name)
            case ast.ImportFrom(module=str(module), level=0):
                yield from _built_on(node.lineno, module)


def _fixture(name: object) -> str:
    ours = str(name).replace("aiohttp", "aiolos")
    return f"the fixture {name} is {ours} without aiolos-aiohttp"


def _is_own(value: ast.expr) -> bool:
    """Whether it is `self` or `cls`, whose private names are the program's own."""
    return isinstance(value, ast.Name) and value.id in ("cls", "self")


def _built_on(line: int, module: str) -> Iterator[tuple[int, str]]:
    name = module.partition(".")[0]
    if name.startswith("aiohttp_") or name in BUILT_ON_AIOHTTP:
        yield line, f"{name} is built on aiohttp: {_KEEP}"
