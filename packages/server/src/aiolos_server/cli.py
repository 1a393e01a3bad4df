"""The command line: `python -m aiolos_server module:app`."""

import argparse
import asyncio
import inspect
import sys
from collections.abc import Awaitable, Sequence
from importlib import import_module
from typing import Any

from .abc import AbstractApplication
from .hosting import is_asgi
from .naming import named
from .run import CannotListen, run_app


def main(arguments: Sequence[str] | None = None, prog: str = "python -m aiolos_server") -> None:
    """Serve what the command line names. SystemExit with one line where that cannot be; what an
    application's module or maker raises is raised."""
    parser = argparse.ArgumentParser(prog=prog, description="Serve a web application until Ctrl-C.")
    parser.add_argument(
        "entry",
        metavar="module:app",
        help="an application, ours or of ASGI, or a function that makes one: of no argument, or of "
        "the list of the arguments left over; it may be a coroutine function",
    )
    parser.add_argument("-H", "--hostname", help="host to listen at (default: localhost)")
    parser.add_argument("-P", "--port", type=int, help="port to listen at (default: 8080)")
    parser.add_argument(
        "-U", "--path", help="UNIX socket to listen at; beside a host where --hostname is given too"
    )
    options, rest = parser.parse_known_args(arguments)
    app = load(options.entry, rest)
    host, port = options.hostname, options.port
    if options.path and host is None:
        port = None
    else:
        host = "localhost" if host is None else host
        port = 8080 if port is None else port
    if port is not None and not 0 <= port <= 65_535:
        raise SystemExit(f"a port is 0 to 65535, not {port}")
    try:
        run_app(app, host=host, port=port, path=options.path)
    except CannotListen as error:
        raise SystemExit(error.strerror) from None


def load(entry: str, rest: list[str]) -> Any:
    """The application that `entry` names, or an awaitable of it. SystemExit says what is wrong."""
    module_name, colon, name = entry.partition(":")
    if not colon or not module_name or not name:
        raise SystemExit(f"{entry!r} names nothing to serve: write module:app")
    # As for a script: what lies in the current folder can be imported.
    if "" not in sys.path:
        sys.path.insert(0, "")
    if module_name.startswith("."):
        raise SystemExit(f"name the module {module_name!r} in full: no package is being imported")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise SystemExit(f"there is no module {error.name!r} to import") from None
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise SystemExit(f"the module {module_name!r} has no {name!r}")
        found = getattr(found, part)
    if isinstance(found, AbstractApplication) or is_asgi(found):
        if rest:
            raise SystemExit(f"unknown arguments: {' '.join(rest)}")
        return found
    if not callable(found):
        raise SystemExit(f"{entry} is neither an application nor a function: {found!r:.80}")
    return _made(found, rest)


def _takes(function: Any, *arguments: Any) -> bool:
    try:
        inspect.signature(function).bind(*arguments)
    except (TypeError, ValueError):
        # ValueError: a built-in function that does not tell.
        return False
    return True


def _made(function: Any, rest: list[str]) -> Any:
    arguments = [rest] if _takes(function, rest) else []
    if rest and not arguments:
        raise SystemExit(f"unknown arguments: {' '.join(rest)}")
    if not arguments and not _takes(function):
        raise SystemExit(
            f"{named(function)} must take no argument, or the list of the arguments left over"
        )
    try:
        made = function(*arguments)
    except TypeError as error:
        if not arguments or not _is_refusal(error):
            raise
        raise SystemExit(
            f"{named(function)} makes no application of the arguments left over, {rest}: {error}"
        ) from None
    if inspect.iscoroutine(made) or isinstance(made, asyncio.Future):
        return _awaited(made, function)
    return _checked(made, function)


def _is_refusal(error: TypeError) -> bool:
    """Whether the function that was called has itself raised `error`, and nothing that it calls:
    so it does not take what it was given."""
    trace = error.__traceback__
    return trace is not None and (trace.tb_next is None or trace.tb_next.tb_next is None)


async def _awaited(made: Awaitable[Any], function: Any) -> Any:
    return _checked(await made, function)


def _checked(made: Any, function: Any) -> Any:
    if isinstance(made, AbstractApplication) or is_asgi(made):
        return made
    raise SystemExit(f"{named(function)} made no application but {made!r:.80}")
