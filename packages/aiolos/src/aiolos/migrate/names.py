"""Where aiolos has what aiohttp has."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Final

OLD: Final = "aiohttp"
NEW: Final = "aiolos"


def is_old(module: str) -> bool:
    """Whether `module` is aiohttp or one of its modules."""
    return module == OLD or module.startswith(f"{OLD}.")


@cache
def home_of(module: str, names: tuple[str, ...] = ()) -> str | None:
    """The module of aiolos that has all `names` of a module of aiohttp; None where none has.

    aiohttp's tree has more modules than ours: what `aiohttp.web_request` has is in `aiolos.web`,
    what `aiohttp.client_ws` has in `aiolos` itself.
    """
    tail = module.removeprefix(OLD)
    if _exists(NEW + tail):
        homes = [NEW + tail]
    else:
        # Below such a module there is none.
        homes = [f"{NEW}.web"] if tail.startswith(".web_") and tail.count(".") == 1 else []
        homes += [NEW] if names else []
    return next((home for home in homes if all(has(home, name) for name in names)), None)


@cache
def has(module: str, name: str) -> bool:
    """Whether `name` is found in a module of aiolos, as an attribute or a module below it."""
    if name == "*" or _exists(f"{module}.{name}"):
        return True
    try:
        return hasattr(import_module(module), name)
    except ImportError:
        # It needs what is not installed here, as the worker needs Gunicorn.
        return True


def path_of(dotted: str) -> str | None:
    """What is `aiohttp.client.ClientSession` here, or a logger; None where it is nowhere."""
    if dotted in (f"{OLD}.access", f"{OLD}.server"):
        return dotted.replace(OLD, NEW)
    module, found = NEW, True
    value: object = None
    for name in dotted.split(".")[1:]:
        if _exists(module):
            found = found and has(module, name)
            value = _value(module, name)
        else:
            # What an instance has is not known.
            found = found and (not isinstance(value, type) or hasattr(value, name))
            value = getattr(value, name, None)
        module = f"{module}.{name}"
    return module if found else None


def _value(module: str, name: str) -> object:
    try:
        return getattr(import_module(module), name, None)
    except ImportError:
        return None


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        # Its parent is no package.
        return False
