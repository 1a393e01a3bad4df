"""Public names have docstrings, their own or those of the contract that they fulfil."""

import importlib
import inspect
from types import FunctionType

PACKAGES = (
    "aiolos_protocol", "aiolos_client", "aiolos_server", "aiolos_server.web",
    "aiolos_websocket", "aiolos_testing",
)  # fmt: skip


def members(owner):
    """The public functions, methods and properties of a class, and itself."""
    yield owner, owner.__qualname__
    for name in dir(owner) if inspect.isclass(owner) else ():
        found = inspect.getattr_static(owner, name)
        function = getattr(found, "fget", None) or getattr(found, "__func__", found)
        if name.startswith("_") or not isinstance(function, FunctionType):
            continue
        if function.__module__.startswith("aiolos"):
            yield getattr(owner, name), f"{owner.__qualname__}.{name}"


def test_public_names_say_what_they_are():
    asked, silent = 0, []
    for package in PACKAGES:
        module = importlib.import_module(package)
        for public in module.__all__:
            owner = getattr(module, public)
            if callable(owner) and getattr(owner, "__module__", "").startswith("aiolos"):
                for member, name in members(owner):
                    asked += 1
                    if not inspect.getdoc(member):
                        silent.append(f"{package}: {name}")
    assert asked > 500
    assert len(silent) <= asked // 20, silent
