"""The module tree: each module of aiohttp's gives the objects of aiolos's module of that name."""

import importlib
import importlib.util
import pkgutil

import aiohttp
import aiolos
import pytest

# Those that only run, or that are of the other name alone.
OTHERS = {"_version", "_alone", "migrate"}
PACKAGES = {"contrib"}
# What has private doors of the original is a subclass; see test_doors.py.
DOORS = {
    "AbstractResource",
    "AccessLogger",
    "AppRunner",
    "Application",
    "BaseConnector",
    "AbstractMatchInfo",
    "ClientRequest",
    "ClientResponse",
    "ClientSession",
    "CookieJar",
    "NamedPipeConnector",
    "Server",
    "TCPConnector",
    "UnixConnector",
    "UrlDispatcher",
}
# Functions that make one of those, or warn.
THROUGH = {"make_mocked_request", "request", "run_app", "unittest_run_loop"}
MODULES = sorted(
    {module.name for module in pkgutil.iter_modules(aiolos.__path__)} - OTHERS - PACKAGES
)


@pytest.mark.parametrize("name", [*MODULES, "contrib.jinja2"])
def test_a_module_gives_the_same_objects(name):
    ours = importlib.import_module(f"aiolos.{name}")
    theirs = importlib.import_module(f"aiohttp.{name}")
    names = getattr(ours, "__all__", [each for each in vars(ours) if each.isupper()])
    assert names
    for each in names:
        mine, found = getattr(ours, each), getattr(theirs, each)
        if each in DOORS:
            assert found is not mine
            assert issubclass(found, mine)
        elif each not in THROUGH:
            assert found is mine


def test_every_module_of_aiolos_is_here():
    here = {module.name for module in pkgutil.iter_modules(aiohttp.__path__)}
    assert here >= set(MODULES)


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(aiohttp.__path__)])
def test_a_module_lists_what_it_has(name):
    if name == "worker":
        pytest.importorskip("gunicorn")
    module = importlib.import_module(f"aiohttp.{name}")
    for each in getattr(module, "__all__", ()):
        assert hasattr(module, each)


@pytest.mark.parametrize(
    "statement",
    [
        "import aiohttp._http_parser",
        "from aiohttp import _http_parser",
        "from aiohttp._http_writer import StreamWriter",
        "from aiohttp import _cookie_helpers",
        "from aiohttp._websocket.reader import WebSocketReader",
    ],
)
def test_a_private_module_that_is_not_here_says_what_is(statement):
    with pytest.raises(ModuleNotFoundError, match="the nearest public name is aiohttp"):
        exec(statement, {})


def test_a_module_that_never_was_is_no_private_one():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'aiohttp\.clientt'") as caught:
        importlib.import_module("aiohttp.clientt")
    assert caught.value.name == "aiohttp.clientt"
    assert importlib.util.find_spec("aiohttp.clientt") is None
    # Nor where it is only asked for.
    assert importlib.util.find_spec("aiohttp._http_parser") is not None
    assert not hasattr(aiohttp, "_http_parser")


def test_a_misspelt_name_is_told_of_the_module_that_was_asked():
    with pytest.raises(AttributeError, match=r"^module 'aiohttp' has no attribute 'ClientSesion'$"):
        _ = aiohttp.ClientSesion
    with pytest.raises(ImportError, match="from 'aiohttp'"):
        exec("from aiohttp import ClientSesion", {})
